"""Charging the card on file: what for, how much, which card, under which authorization; and what came of it."""

from datetime import date
from typing import Any

import streamlit as st
from sqlmodel import Session

from core import clock
from core.charges.commands import charge_card, end_authorization, record_authorization
from core.charges.reports import (
    AuthorizationLine,
    ChargeableCard,
    ChargeLine,
    authorizations_of,
    chargeable_cards,
    charges_of,
)
from core.charges.rules import LONGEST_WORDING, first_wording
from core.errors import BadInput
from core.links.declined import declined_of
from core.links.pay_links import Missing, missing_of
from core.messages.models import Channel
from core.money import dollars, parse_dollars, short_dollars
from core.patient_card.rows import PatientCard
from core.payments.card_on_file import ChargeState, Scope, Signed
from core.permissions import Identity
from core.staff.reports import practice_name
from dashboard.ui import page, press
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking import link_life
from dashboard.ui.asking.actions import Asking
from dashboard.ui.asking.payment import draft_box, once
from dashboard.ui.note import note
from dashboard.wording.text import count, day_month, plain

PLACE = "charge card"
RECEIPTS = {"": "No receipt", Channel.TEXT: "By text", Channel.EMAIL: "By e-mail"}
SIGNED = (Signed.FORM, Signed.PHONE)
_TONES = {
    ChargeState.ACCEPTED: "task_alt",
    ChargeState.DECLINED: "credit_card_off",
    ChargeState.NOT_MADE: "block",
}
_WATCH = 1  # seconds between two looks while a charge is under way


def compose(ask: Asking, card: PatientCard, who: Identity) -> None:
    """The form: first what came of the latest charges, then what can be charged now."""
    with page.open_reader() as session:
        missing = once(missing_of(session, who, ask.patient, clock.now()))
        cards = [one for one in chargeable_cards(session, who, ask.patient, clock.now()) if one.usable]
        allowed = authorizations_of(session, who, ask.patient, card.day)
        done = charges_of(session, who, ask.patient)
        drafts = [one for one in declined_of(session, who, ask.patient) if one.may_rerun and not one.by_clerk]
        practice = practice_name(session)
    _what_came(ask, done, card)
    free = [one for one in missing if not one.hold]
    for one in missing:
        if one.hold:
            st.warning(
                f"{plain(_name(one), 100)} is on hold. {plain(one.hold, 300)}", icon=":material/front_hand:"
            )
    if not free:
        if not missing:
            st.success("Nothing is missing that could be charged.", icon=":material/check_circle:")
    elif not cards:
        st.info(
            "No card at Fortis is good to charge: ask for one by a new-card link. A declined payment at Cash Practice is put "
            "off to a day under Payment link.",
            icon=":material/credit_card_off:",
        )
    else:
        _form(ask, card, free, cards, allowed, practice)
    if drafts:
        note("The draft itself may be tried again, under its own agreement:")
    for draft in drafts:
        draft_box(ask, draft, card.time_zone)
    _ends(allowed, card)
    st.button("Close", key=ask.key("cancel"), type="tertiary", on_click=asking.leave)


def _what_came(ask: Asking, done: list[ChargeLine], card: PatientCard) -> None:
    for one in done[:2]:
        words = plain(
            f"{dollars(one.amount_cents)} from card ending {one.last_four or '????'}: {_state(one, card)}",
            400,
        )
        if one.state == ChargeState.ACCEPTED:
            st.success(words, icon=":material/task_alt:")
        elif one.under_way:
            _watch(one)
            st.info(words, icon=":material/hourglass_top:")
        else:
            st.warning(words, icon=f":material/{_TONES[ChargeState(one.state)]}:")
            if one.state == ChargeState.DECLINED and "new card" in one.reason:
                st.button(
                    "New card link", key=ask.key(f"card {one.charge_id}"), icon=":material/add_card:",
                    on_click=asking.ask, args=(ask.patient, "card"),
                )  # fmt: skip


def _state(one: ChargeLine, card: PatientCard) -> str:
    at = link_life.when(one.done_at or one.asked_at, card.time_zone, card.day)
    words = {
        ChargeState.WAITING: "being charged…",
        ChargeState.UNKNOWN: "nobody knows yet whether it was taken. It is looked up by itself; nothing is taken twice.",
        ChargeState.ACCEPTED: f"paid {at}. {one.reason}",
        ChargeState.DECLINED: f"{one.reason} ({at})",
        ChargeState.NOT_MADE: f"not charged ({at}). {one.reason}",
    }
    return words[ChargeState(one.state)].strip()


def _watch(one: ChargeLine) -> None:
    @st.fragment(run_every=_WATCH, key=f"watch charge {one.charge_id}")
    def look() -> None:
        who = page.identity()
        with page.open_reader() as session:
            now = _still(session, who, one)
        if not now:
            page.draw_again()

    look()


def _still(session: Session, who: Identity, one: ChargeLine) -> bool:
    with_id = [each for each in charges_of(session, who, one.patient_key) if each.charge_id == one.charge_id]
    return bool(with_id) and with_id[0].state == one.state


def _name(one: Missing) -> str:
    due = f", due {day_month(one.due_on)}" if one.due_on else ""
    what = "All that the plan is behind" if one.kind == "plan" else one.kind.replace("_", " ").capitalize()
    return f"{what} {short_dollars(one.cents)}{due}"


def _form(
    ask: Asking,
    card: PatientCard,
    free: list[Missing],
    cards: list[ChargeableCard],
    allowed: list[AuthorizationLine],
    practice: str,
) -> None:
    keys = [(one.kind, one.ref) for one in free]
    by_key = dict(zip(keys, free, strict=True))
    st.radio(
        "What is it for?", keys, index=keys.index(ask.due) if ask.due in keys else 0, key=ask.key("due"),
        format_func=lambda key: plain(_name(by_key[key]), 100), captions=[plain(one.sentence, 300) for one in free],
    )  # fmt: skip
    one = by_key.get(ask.typed("due"), free[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {each.card_ref: each.name for each in cards}
        st.selectbox(
            "Card",
            list(names),
            key=ask.key("card ref"),
            format_func=lambda key: plain(names[key], 60),
            width=300,
        )
        st.text_input(
            "Amount, empty for all of it", key=ask.key("amount"), placeholder=dollars(one.cents), live="300ms",
            max_chars=14, width=200,
        )  # fmt: skip
        st.selectbox(
            "Receipt", list(RECEIPTS), key=ask.key("receipt"), format_func=RECEIPTS.__getitem__, width=150
        )
    ref = ask.typed("card ref", cards[0].card_ref)
    standing = [each for each in allowed if each.stands and each.card_ref == ref]
    if not standing:
        _record(ask, card, names[ref], ref, one, practice)
        return
    under = standing[0]
    note(plain(f"Allowed on {day_month(under.signed_on, card.day)} by {under.signed_by} ({under.signed}), up to {dollars(under.cap_cents)} a charge: “{under.wording}”", 900))  # fmt: skip
    st.checkbox("The patient is here and asks for it now", key=ask.key("asks"))
    try:
        cents = _cents(ask) or one.cents
    except BadInput as error:
        st.warning(plain(error.sentence, 200), icon=":material/edit:")
        return
    st.button(
        f"Charge \\{short_dollars(cents)} now", key=ask.key("make"), type="primary", icon=":material/credit_score:",
        on_click=_charge, args=(ask, under.authorization_id, (one.kind, one.ref), one.cents),
    )  # fmt: skip
    if ask.refused_as_it_stands:
        press.say_error(PLACE)


def _record(ask: Asking, card: PatientCard, name: str, ref: str, one: Missing, practice: str) -> None:
    """Nothing is charged without the patient's word: the words they agree to, written down first."""
    st.info(
        "There is no authorization for this card yet. Read the words to the patient, or take their signed form.",
        icon=":material/draw:",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scope = st.selectbox(
            "For", [Scope.MISSED, Scope.ALL_DUE], key=ask.key("scope"), format_func=str.capitalize, width=330
        )
        st.text_input(
            "At most a charge",
            key=ask.key("cap"),
            placeholder=dollars(max(one.cents, 20_000)),
            max_chars=14,
            width=150,
        )
        until = st.date_input(
            "Until, empty = until ended",
            value=None,
            min_value=card.day,
            key=ask.key("until"),
            format="MM/DD/YYYY",
            width=210,
        )
    words = first_wording(
        practice,
        _last_four(name),
        scope or Scope.MISSED,
        _cap(ask, one),
        until if isinstance(until, date) else None,
    )
    st.text_area(
        "Words the patient agrees to", value=words, max_chars=LONGEST_WORDING, height=120,
        key=ask.key(f"wording {scope} {_cap(ask, one)} {until} {ref}"),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "How they said yes", SIGNED, key=ask.key("signed"), format_func=str.capitalize, width=220
        )
        st.text_input(
            "Who said it", key=ask.key("signed by"), max_chars=80, width=240,
            value=plain(f"{card.contact.first_name} {card.contact.last_name}".strip(), 80).replace("\\", ""),
        )  # fmt: skip
        st.selectbox(
            "Send them a copy",
            list(RECEIPTS),
            index=1,
            key=ask.key("copy"),
            format_func={**RECEIPTS, "": "No copy"}.__getitem__,
            width=160,
        )
        st.button(
            "Record the authorization", key=ask.key("record"), type="primary", icon=":material/draw:",
            on_click=_record_it, args=(ask, ref, one, f"wording {scope} {_cap(ask, one)} {until} {ref}", words),
        )  # fmt: skip
    press.say_error(f"{PLACE} record")


def _last_four(name: str) -> str:
    return name.rpartition("ending ")[2][:4]


def _cap(ask: Asking, one: Missing) -> int:
    try:
        typed = (ask.typed("cap", "") or "").strip()
        return parse_dollars(typed) if typed else max(one.cents, 20_000)
    except BadInput:
        return max(one.cents, 20_000)


def _cents(ask: Asking) -> int | None:
    typed = (ask.typed("amount", "") or "").strip()
    return parse_dollars(typed) if typed else None


def _record_it(ask: Asking, ref: str, one: Missing, field: str, first: str) -> None:
    def act(session: Session, who: Identity) -> Any:
        until = ask.typed("until")
        return record_authorization(
            session, who, patient_id=ask.patient, card_ref=ref, wording=ask.typed(field, first) or "",
            scope=ask.typed("scope", Scope.MISSED), cap_cents=_cap(ask, one), signed=ask.typed("signed", Signed.FORM),
            signed_by=ask.typed("signed by", "") or "", until=until if isinstance(until, date) else None,
            copy_by=ask.typed("copy", "") or "",
        ).id  # fmt: skip

    press.run(f"{PLACE} record", act, "Recorded.")


def _charge(ask: Asking, authorization_id: int, due: tuple[str, str], shown: int) -> None:
    """Never more than the button said, whatever came due since it was drawn."""
    form = f"{ask.form} {due} {_tries(ask, due)}"

    def act(session: Session, who: Identity) -> Any:
        return charge_card(
            session, who, authorization_id=authorization_id, due=due, form=form,
            cents=shown if (typed := _cents(ask)) is None else typed,
            receipt=ask.typed("receipt", "") or "", patient_asks=bool(ask.typed("asks", False)),
        ).id  # fmt: skip

    if press.run(PLACE, act, "The card is being charged.") is None:
        ask.took(None)


def _tries(ask: Asking, due: tuple[str, str]) -> int:
    """Another mark once a charge of this debt is over: a second try is a press of its own."""
    with page.open_reader() as session:
        done = charges_of(session, page.identity(), ask.patient)
    return sum(not one.under_way and one.due == due for one in done)


def _ends(allowed: list[AuthorizationLine], card: PatientCard) -> None:
    """What the patient allowed, to be ended at their word; what is over stays to be read."""
    if not allowed:
        return
    standing = sum(one.stands for one in allowed)
    with st.expander(f"{count(len(allowed), 'authorization')}, {standing} standing", icon=":material/draw:"):
        for one in allowed:
            ends = f", until {day_month(one.until, card.day)}" if one.until else ""
            copy = f", copy {one.copy_sent}" if one.copy_sent else ""
            over = "" if one.stands else "**Ended.** "
            st.markdown(f"{over}{plain(f'Card ending {one.last_four}, {one.scope}, up to {dollars(one.cap_cents)} a charge{ends}; {one.signed} by {one.signed_by}, {day_month(one.signed_on, card.day)}{copy}. “{one.wording}”', 1_200)}")  # fmt: skip
            if one.stands:
                st.button("End it", key=f"end authorization {one.authorization_id}", icon=":material/block:", on_click=_end, args=(one.authorization_id,), help="No charge is made under it any more; what waits is taken back")  # fmt: skip
        press.say_error(f"{PLACE} end")


def _end(authorization_id: int) -> None:
    press.run(
        f"{PLACE} end",
        lambda session, who: end_authorization(session, who, authorization_id=authorization_id) + 1,
        "Ended. Nothing is charged under it any more.",
    )
