"""The life of a link: as a row of small steps, as buttons that change it with undo, and as everything that happened."""

from datetime import date, datetime
from typing import NamedTuple

import streamlit as st

from core import clock
from core.invoices.paper import paper_of
from core.invoices.replacing import replace_link
from core.links.commands import detach_payment, reopen, resend_by_processor, undo_void, void
from core.links.rules import LIVE, LinkKind, LinkState
from core.money import dollars, short_dollars
from core.permissions import Identity
from core.reports.links import LinkLine, LinkStory, StepLine, payments_on
from dashboard.ui import page, press
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking.paper import paper_view
from dashboard.ui.note import note
from dashboard.wording.text import clock_time, day_month, plain, visit_day

_REPLACEABLE = LIVE | {LinkState.EXPIRED}


class LifeStep(NamedTuple):
    """One of the small steps. at: when it was reached, None = not yet. bad: it ended there, and not well."""

    words: str
    at: datetime | None
    bad: bool = False


def life_of(line: LinkLine) -> tuple[LifeStep, ...]:
    """created · sent · opened · paid (or card updated), and how it ended instead where it did."""
    good = LinkState.UPDATED if line.kind == LinkKind.CARD else LinkState.PAID
    steps = [LifeStep("created", line.created_at), LifeStep("sent", line.sent_at), LifeStep("opened", line.opened_at)]  # fmt: skip
    if line.state == good:
        return (*steps, LifeStep(good, line.ended_at or line.created_at))
    if not line.open:
        return (*(step for step in steps if step.at), LifeStep(line.state, line.ended_at, bad=True))
    if line.paid_cents:
        return (*steps, LifeStep(f"{short_dollars(line.paid_cents)} paid", line.opened_at or line.created_at), LifeStep("paid", None))  # fmt: skip
    return (*steps, LifeStep(good, None))


def when(at: datetime, time_zone: str, today: date | None = None) -> str:
    """`9:05 am` today, else `Nov 21`."""
    today = today or clock.today(time_zone)
    here = clock.local_date(at, time_zone)
    return clock_time(at, time_zone) if here == today else visit_day(at, time_zone, today)


def steps_row(line: LinkLine, time_zone: str) -> None:
    """The small steps, each with its time; those to come are hollow."""
    told = []
    for step in life_of(line):
        words = plain(f"{step.words} {when(step.at, time_zone)}" if step.at else step.words, 60)
        sign = "cancel" if step.bad else "check_circle" if step.at else "radio_button_unchecked"
        told.append(f":material/{sign}: {words}")
    note("  ›  ".join(told))


def stands(line: LinkLine, time_zone: str) -> str:
    """How far it is: the last of its steps, with its time."""
    reached = [step for step in life_of(line) if step.at or step.bad]
    last = reached[-1]
    sign = "cancel" if last.bad else "check_circle"
    return f":material/{sign}: {plain(f'{last.words} {when(last.at, time_zone)}' if last.at else last.words, 60)}"


def buttons(line: LinkLine, place: str) -> None:
    """What can be done with it now, but for sending. place: makes the keys of its widgets."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        more_buttons(line, place)
        if line.open:
            _void_button(line, place)
        if not line.open and line.state == LinkState.VOID:
            _voided(line, place)
    press.say_error(place)


def short_buttons(line: LinkLine, place: str) -> None:
    """The one button that stands in its line: send it, look at it, or take the voiding back."""
    if not line.open and line.state == LinkState.VOID:
        _voided(line, place)
    else:
        st.button(
            "Send" if line.open else "Look", key=f"{place} send", icon=":material/send:" if line.open else ":material/visibility:",
            on_click=_open, args=(line.patient_key, line.link_id),
        )  # fmt: skip
    if line.open:
        _void_button(line, place)


def _void_button(line: LinkLine, place: str) -> None:
    st.button("Void", key=f"{place} void", icon=":material/link_off:", on_click=_void, args=(place, line.link_id))  # fmt: skip


def more_buttons(line: LinkLine, place: str) -> None:
    """What is needed less often."""
    if line.state in _REPLACEABLE:
        st.button("Replace", key=f"{place} replace", icon=":material/autorenew:", on_click=_replace, args=(place, line), help="A new link for what is open by now; this one stops working")  # fmt: skip
    if line.open and line.kind != LinkKind.CARD and not line.waiting:
        st.button("Have Fortis send it", key=f"{place} fortis", icon=":material/forward_to_inbox:", on_click=_by_processor, args=(place, line.link_id))  # fmt: skip


def _voided(line: LinkLine, place: str) -> None:
    until = line.undo_until
    if until is None or until <= clock.now():
        if line.kind == LinkKind.INVOICE:
            st.button("Reopen", key=f"{place} reopen", icon=":material/undo:", on_click=_reopen, args=(place, line.link_id))  # fmt: skip
        return

    @st.fragment(run_every=1, key=f"undo {line.link_id}")
    def counting() -> None:
        seconds = int((until - clock.now()).total_seconds())
        if seconds < 0:
            page.draw_again()
        press.refresh_what_changed()
        st.button(f"Undo ({seconds + 1} s)", key=f"{place} undo", type="primary", icon=":material/undo:", on_click=_undo, args=(place, line.link_id))  # fmt: skip

    counting()


def story_view(story: LinkStory, who: Identity, time_zone: str, *, place: str) -> None:
    """Everything that happened, what was paid on it, and the sheet of an invoice."""
    steps = st.expander("Everything that happened", icon=":material/history:", key=f"{place} steps", on_change="rerun")  # fmt: skip
    with steps:  # no count in its name: it would close itself when news arrive
        for step in story.steps:
            st.markdown(_step(step, time_zone))
    if story.line.kind != LinkKind.INVOICE:
        return
    _payments(story.line, who, time_zone, place)
    sheet = st.expander("The invoice as a PDF", icon=":material/picture_as_pdf:", key=f"{place} sheet", on_change="rerun")  # fmt: skip
    if sheet.open:  # drawn only when it is looked at
        with page.open_reader() as session:
            paper = paper_of(session, who, story.line.link_id)
        with sheet:
            paper_view(paper, key=f"{place} pdf")


def _step(step: StepLine, time_zone: str) -> str:
    day = visit_day(step.at, time_zone, clock.today(time_zone))
    said = f"{step.what}. {step.words}" if step.words else step.what
    by = f" ({step.who})" if step.who else ""
    money = f" {dollars(step.cents)}" if step.cents and "$" not in step.words else ""
    return plain(f"{day}, {clock_time(step.at, time_zone)}  {said}{money}{by}", 300)


def _payments(line: LinkLine, who: Identity, time_zone: str, place: str) -> None:
    with page.open_reader() as session:
        paid = payments_on(session, who, line.link_id)
    for one in paid:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(f"{dollars(one.cents)} {one.status} on {day_month(clock.local_date(one.at, time_zone))}", 120))  # fmt: skip
            if one.counts:
                st.button("Detach", key=f"{place} detach {one.payment_id}", type="tertiary", icon=":material/link_off:", on_click=_detach, args=(place, line.link_id, one.payment_id), help="It was meant for something else: it counts towards this invoice no more")  # fmt: skip


def _open(patient: int, link_id: int) -> None:
    asking.ask(patient, "send", link=link_id)


def _replace(place: str, line: LinkLine) -> None:
    form = f"in place of {line.link_id}"  # once only, however many tabs press it
    made = press.run(place, lambda session, who: replace_link(session, who, link_id=line.link_id, form=form).id)  # fmt: skip
    if made:
        asking.ask(line.patient_key, "send", link=made)


def _void(place: str, link_id: int) -> None:
    press.run(place, lambda session, who: void(session, who, link_id=link_id).id)


def _undo(place: str, link_id: int) -> None:
    press.run(place, lambda session, who: undo_void(session, who, link_id=link_id).id, "Taken back: it works again.")  # fmt: skip


def _reopen(place: str, link_id: int) -> None:
    press.run(place, lambda session, who: reopen(session, who, link_id=link_id).id, "Fortis is opening it again.")  # fmt: skip


def _by_processor(place: str, link_id: int) -> None:
    press.run(place, lambda session, who: resend_by_processor(session, who, link_id=link_id).id, "Fortis sends its own e-mail or text.")  # fmt: skip


def _detach(place: str, link_id: int, payment_id: str) -> None:
    press.run(place, lambda session, who: detach_payment(session, who, link_id=link_id, payment_id=payment_id).id, "The payment is being detached.")  # fmt: skip
