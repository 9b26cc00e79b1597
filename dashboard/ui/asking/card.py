"""A new-card link: which card it replaces and which drafts it moves. The card itself is typed at the processor only."""

from datetime import date

import streamlit as st
from sqlmodel import Session

from core import clock
from core.errors import BadInput
from core.links.card_links import create_card_link
from core.links.draft_moves import RunningDraft, drafts_by_card
from core.links.new_link import open_links, say_open_link
from core.links.payer import Account, account_of
from core.links.rules import CARD_LINK_DAYS, LinkKind
from core.money import short_dollars
from core.patient_card.rows import CardLine, PatientCard
from core.patients.reports import patient_of
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking.actions import Asking
from dashboard.ui.note import note
from dashboard.wording.text import day_month, plain

PLACE = "make new card link"


def compose(ask: Asking, card: PatientCard, who: Identity) -> None:
    """The form. card: the patient card it stands on, for the cards on file and what each is charged."""
    now = clock.now()
    with page.open_reader() as session:
        account = _account(session, who, ask.patient)
        drafts = _drafts(session, account)
        links = open_links(session, ask.patient, LinkKind.CARD, as_of=now)
        there = [say_open_link(one, now) for one in links]
    if there:
        st.warning("  \n".join(plain(words, 200) for words in there), icon=":material/link:")
        st.checkbox("Make a second one on purpose", key=ask.key("second"))
    replaceable = [one for one in card.cards if one.kind != "bank" and one.state != "removed"]
    by_id: dict[str, CardLine] = {one.card_id: one for one in replaceable}
    options = [*by_id, ""]
    st.radio(
        "Which card is to be replaced?",
        options,
        index=options.index(ask.card) if ask.card in options else _worst(replaceable),
        key=ask.key("card"),
        format_func=lambda key: _name(by_id[key]) if key else _no_card(by_id),
        captions=[_moves(drafts.get(one.card_id, []), card.day) for one in replaceable]
        + [_moves([draft for each in drafts.values() for draft in each], card.day)],
    )
    note(
        f"The link works {CARD_LINK_DAYS} days and once. The card is typed on the processor's own page, never here."
    )
    if account is not None and account.contact is not None:
        name = plain(card.contact.first_name or "this patient", 40)
        note(f"Fortis does not know {name} yet. The record there is made when the card is saved.")
    with st.container(horizontal=True):
        st.button(
            "Make new card link", key=ask.key("make"), type="primary", icon=":material/add_card:",
            on_click=_make, args=(ask,),
        )  # fmt: skip
        st.button("Cancel", key=ask.key("cancel"), type="tertiary", on_click=asking.leave)
    if ask.refused_as_it_stands:
        press.say_error(PLACE)


def _worst(cards: list[CardLine]) -> int:
    """The card that needs replacing most, else the last option: every draft."""
    bad = [place for place, one in enumerate(cards) if one.state in ("expired", "closed", "ends soon")]
    charged = [place for place in bad if cards[place].charges]
    return (charged or bad or [len(cards)])[0]


def _name(one: CardLine) -> str:
    ends = f", ends {one.expires_on:%m/%y}" if one.expires_on else ""
    last = f" ending {one.last_four}" if one.last_four else ""
    return plain(f"{(one.brand or 'Card').capitalize()}{last}{ends} ({one.state})", 100)


def _no_card(cards: dict[str, CardLine]) -> str:
    return "Every draft of this patient" if cards else "A first card: none is on file"


def _account(session: Session, who: Identity, patient_id: int) -> Account | None:
    """Theirs at the processor; None where none is connected (the button then says so)."""
    try:
        return account_of(session, patient_of(session, who, patient_id))
    except BadInput:
        return None


def _drafts(session: Session, account: Account | None) -> dict[str | None, list[RunningDraft]]:
    """The drafts by card; none where the patient is not known at the processor."""
    if account is None or account.contact_ref is None:
        return {}
    return drafts_by_card(session, account.connection_id, account.contact_ref)


def _moves(drafts: list[RunningDraft], today: date) -> str:
    if not drafts:
        return "No draft runs on it; the new card is kept for later."
    told = [f"{short_dollars(draft.amount_cents)}, {_next(draft, today)}" for draft in drafts]
    return plain(f"Moves to the new card: {'; '.join(told)}.", 300)


def _next(draft: RunningDraft, today: date) -> str:
    if draft.on_hold:
        return "on hold"
    return f"next on {day_month(draft.next_run_on, today)}" if draft.next_run_on else "none planned"


def _make(ask: Asking) -> None:
    made = press.run(
        PLACE,
        lambda session, who: create_card_link(
            session, who, patient_id=ask.patient, form=ask.form, card_ref=ask.typed("card") or None,
            second=bool(ask.typed("second", False)),
        ).id,
    )  # fmt: skip
    ask.took(made)
