"""A payment link for what is missing: which, how much, and what is on hold and why; a declined draft charged again."""

import streamlit as st

from core import clock
from core.errors import BadInput
from core.links import declined
from core.links.declined import DeclinedLine, LastTry, declined_of, last_try
from core.links.new_link import open_links, say_open_link
from core.links.pay_links import Missing, create_pay_link, missing_of
from core.links.rules import LinkKind
from core.money import dollars, parse_dollars, short_dollars
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking import link_life, put_off
from dashboard.ui.asking.actions import Asking
from dashboard.ui.note import note
from dashboard.wording.text import day_month, plain

PLACE = "make payment link"


def compose(ask: Asking, who: Identity, zone: str) -> None:
    """The form for one missing thing; beneath it what the processor can try by itself. zone: of the location."""
    now = clock.now()
    with page.open_reader() as session:
        missing = missing_of(session, who, ask.patient, now)
        drafts = declined_of(session, who, ask.patient)
        links = open_links(session, ask.patient, LinkKind.INVOICE, LinkKind.PAY, as_of=now)
        there = [say_open_link(one, now) for one in links]
    missing = once(missing)
    free = [one for one in missing if not one.hold]
    for one in missing:
        if one.hold:
            st.warning(f"**{_name(one)}** is on hold. {plain(one.hold, 300)}", icon=":material/front_hand:")
    if free:
        _form(ask, free, there)
    elif not missing:
        st.success("Nothing is missing: every payment due is paid. Use the invoice for something new.", icon=":material/check_circle:")  # fmt: skip
    for draft in drafts:
        draft_box(ask, draft, zone)
    if not free:
        st.button("Close", key=ask.key("cancel"), type="tertiary", on_click=asking.leave)


def once(missing: list[Missing]) -> list[Missing]:
    """A plan that is behind by one payment alone is the same money as that payment: it is not offered twice."""
    items = [(one.plan_id, one.cents) for one in missing if one.kind != "plan"]
    return [one for one in missing if one.kind != "plan" or (one.plan_id, one.cents) not in items]


def _name(one: Missing) -> str:
    due = f", due {day_month(one.due_on)}" if one.due_on else ""
    what = "All that the plan is behind" if one.kind == "plan" else one.kind.replace("_", " ").capitalize()
    return plain(f"{what} {short_dollars(one.cents)}{due}")


def _form(ask: Asking, free: list[Missing], there: list[str]) -> None:
    if there:
        st.warning("  \n".join(plain(words, 200) for words in there), icon=":material/link:")
        st.checkbox("Make a second one on purpose", key=ask.key("second"))
    keys = [(one.kind, one.ref) for one in free]
    by_key = dict(zip(keys, free, strict=True))
    st.radio(
        "What is it for?",
        keys,
        index=keys.index(ask.due) if ask.due in keys else 0,
        key=ask.key("due"),
        format_func=lambda key: _name(by_key[key]),
        captions=[plain(one.sentence, 300) for one in free],
    )
    one = by_key.get(ask.typed("due"), free[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Amount, empty for all of it",
            key=ask.key("amount"),
            placeholder=dollars(one.cents),
            live="300ms",
            max_chars=14,
            width=220,
        )
        st.toggle("Advance: ask for more than is open", key=ask.key("advance"))
    st.markdown(_sum(ask, one))
    with st.container(horizontal=True):
        st.button(
            "Make payment link", key=ask.key("make"), type="primary", icon=":material/link:",
            on_click=_make, args=(ask, (one.kind, one.ref)),
        )  # fmt: skip
        st.button("Cancel", key=ask.key("cancel"), type="tertiary", on_click=asking.leave)
    if ask.refused_as_it_stands:
        press.say_error(PLACE)


def _sum(ask: Asking, one: Missing) -> str:
    try:
        cents = _cents(ask)
    except BadInput as error:
        return f":orange[{plain(error.sentence, 200)}]"
    asked = one.cents if cents is None else cents
    left = one.cents - asked
    after = "nothing of it stays open" if left == 0 else f"{dollars(abs(left))} {'stays open' if left > 0 else 'is in advance'}"  # fmt: skip
    card = " The card it is paid with is kept for the coming drafts." if one.plan_id or one.membership_id else ""  # fmt: skip
    return f"**To pay {dollars(asked)}**, {after}.{card}".replace("$", "\\$")


def _cents(ask: Asking) -> int | None:
    typed = (ask.typed("amount", "") or "").strip()
    return parse_dollars(typed) if typed else None


def _make(ask: Asking, due: tuple[str, str]) -> None:
    made = press.run(
        PLACE,
        lambda session, who: create_pay_link(
            session, who, patient_id=ask.patient, due=due, form=ask.form, cents=_cents(ask),
            advance=bool(ask.typed("advance", False)), second=bool(ask.typed("second", False)),
        ).id,
    )  # fmt: skip
    ask.took(made)


def draft_box(ask: Asking, draft: DeclinedLine, zone: str) -> None:
    """A declined draft with what the processor can do about it under the draft's own agreement."""
    place = f"draft {draft.declined_id}"
    money = short_dollars(draft.amount_cents)
    with st.container(border=True):
        day = f" on {day_month(draft.happened_at.date())}" if draft.happened_at else ""
        st.markdown(
            f"**{plain(f'Draft of {money} declined{day}: {draft.reason}.', 200)}**  \n{plain(draft.advice, 300)}"
        )
        with page.open_reader() as session:
            last = last_try(session, draft.declined_id)
        if last is not None:
            at = f" ({link_life.when(last.at, zone)})" if last.at else ""
            note(plain(f"{last.words}{at}", 250))
        if draft.under_way:
            note(plain(draft.under_way, 200))
            return
        mark = _mark(ask, draft, last)
        if draft.by_clerk:
            put_off.offer(ask, draft, mark)
            return
        sure = draft.may_rerun and bool(st.session_state.get(f"{mark} sure"))
        if draft.may_rerun:
            st.checkbox(plain(f"Charge {money} to the card of the draft now"), key=f"{mark} sure")
        with st.container(horizontal=True):
            if draft.may_rerun:
                st.button(
                    "Try the draft again", key=f"{mark} rerun", icon=":material/replay:",
                    disabled=not sure, on_click=_try_again, args=(place, mark, draft.declined_id),
                )  # fmt: skip
            st.button(
                "Have Fortis write to the payer", key=f"{mark} resend", icon=":material/forward_to_inbox:",
                on_click=_write, args=(place, mark, draft.declined_id),
            )  # fmt: skip
        press.say_error(place)


def _mark(ask: Asking, draft: DeclinedLine, last: LastTry | None) -> str:
    """One press, one try, however often it is pressed; another mark once the try before is over.

    The keys of the buttons too: what was pressed before the next form was drawn belongs to the form it was pressed on,
    and each charge wants a tick of its own.
    """
    return f"{ask.form} {draft.declined_id} {last.at if last else ''}"


def _try_again(place: str, mark: str, declined_id: int) -> None:
    form = f"{mark} rerun"
    press.run(place, lambda session, who: declined.rerun(session, who, declined_id=declined_id, form=form).id, "The card is being charged again.")  # fmt: skip


def _write(place: str, mark: str, declined_id: int) -> None:
    form = f"{mark} resend"
    press.run(place, lambda session, who: declined.resend(session, who, declined_id=declined_id, form=form).id, "Fortis is writing to the payer.")  # fmt: skip
