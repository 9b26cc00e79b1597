"""Step five of a blast, Results: the time to undo, progress, pause and stop, then what became of each person."""

from collections.abc import Callable

import streamlit as st
from sqlmodel import Session

from core import clock
from core.blasts.batches import pause_batch, resume_batch, stop_batch
from core.blasts.commands import undo_blast, void_unsent
from core.blasts.conditions import Condition
from core.blasts.progress import OPEN_BATCH, Progress, batches, progress
from core.blasts.results import Moved, PersonResult, batch_of, cards_moved, counts, results
from core.errors import HuddleError
from core.links.rules import LinkKind
from core.messages.models import BatchState
from core.money import whole_dollars
from core.permissions import Identity, Permission, may
from core.practice.reports import places
from dashboard.ui import page, press, toasts
from dashboard.ui.card_updates.blast_draft import OPEN
from dashboard.ui.components import board, headline
from dashboard.ui.in_doubt import people_in_doubt
from dashboard.ui.note import note
from dashboard.ui.patient import drawer as patient_card
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import clock_time, count, near_day, plain, shown

PLACE, NUMBERS, BOARD = "blast actions", "blast numbers", "blast people"
SHOWN_AT_MOST = 500
SHOWN = "blast people shown"  # session state: which number of a blast is pressed
WENT = ("sent", "delivered", "opened")
KEEPS: dict[str, Callable[[PersonResult], bool]] = {
    "": lambda one: True,
    "sent": lambda one: one.state in WENT,
    "delivered": lambda one: one.state in WENT[1:],
    "opened": lambda one: one.opened_at is not None,
    "updated": lambda one: one.updated,
    "paid": lambda one: one.paid_cents > 0,
    "failed": lambda one: one.state == "failed",
    "out": lambda one: one.opted_out,
    "unknown": lambda one: one.state == "unknown",
    "left": lambda one: one.state == "skipped",
}
_QUICK, _CALM = 1, 10  # seconds between two looks: while it goes out, and while people answer


def blast_view(batch_id: int, who: Identity, may_see: MaySee) -> None:
    """One blast, looked at again by itself; nothing else on the page moves."""
    with page.open_reader() as session:
        batch_of(session, who, batch_id)
        before = progress(session, batch_id)
    every = _QUICK if before.state in OPEN_BATCH else _CALM

    @st.fragment(run_every=every, key=f"blast {batch_id} {every}")
    def look() -> None:
        try:
            now = _look(batch_id, page.identity(), may_see)
        except HuddleError as error:
            st.error(plain(error.sentence, 400), icon=":material/error:")
            return
        if (now.state in OPEN_BATCH) != (before.state in OPEN_BATCH):
            st.rerun()
        if st.session_state.pop(press.CHANGED, False):
            st.rerun()
        toasts.show()

    look()
    patient_card.draw_drawer(BOARD, who, may_see)


def _look(batch_id: int, who: Identity, may_see: MaySee) -> Progress:
    with page.open_reader() as session:
        now = progress(session, batch_id)
        people = results(session, who, batch_id)
        offered = places(session, who.location_id)
        moved = cards_moved(session) if Condition.OLD_PROCESSOR in now.condition else None
    zone = offered[0].time_zone if offered else "UTC"
    st.subheader(plain(now.name, 200))
    _where_it_stands(now, zone)
    _actions(now)
    found = counts(people)
    pressed = st.session_state.get(f"{SHOWN} {batch_id}", "")
    headline.draw_headline(
        key=f"{NUMBERS} {batch_id}",
        label="What became of it",
        cards=[
            _number("sent", "Sent", found.sent, pressed),
            _number("delivered", "Delivered", found.delivered, pressed),
            _number("opened", "Opened", found.opened, pressed),
            _number("updated", "Card updated", found.updated, pressed),
            _number(
                "paid", "Paid", found.paid, pressed, whole_dollars(found.paid_cents) if found.paid else ""
            ),
            _number("failed", "Failed", found.failed, pressed),
            _number("out", "Opted out", found.opted_out, pressed),
            _number("unknown", "Unknown", found.unknown, pressed),
            _number("left", "Left out", sum(one.state == "skipped" for one in people), pressed),
        ],
        sources=[],
        on_press=lambda: _press(batch_id),
        small=True,
    )
    if moved is not None:
        _meter(moved)
    people_in_doubt(people, may_see)
    _people(now, [one for one in people if KEEPS[pressed](one)], who, may_see, zone)
    return now


def _press(batch_id: int) -> None:
    """Only those of a number; all of them again when it is pressed once more."""
    pressed, kept = st.session_state[f"{NUMBERS} {batch_id}"].press, f"{SHOWN} {batch_id}"
    if pressed in KEEPS:
        st.session_state[kept] = "" if pressed == st.session_state.get(kept) else pressed


def _number(id_: str, label: str, number: int, pressed: str, sub: str = "") -> dict[str, object]:
    held = id_ == pressed
    return {
        "id": id_,
        "label": label,
        "icon": "",
        "tone": "",
        "value": f"{number:,}",
        "sub": sub,
        "pressed": held,
        "why": "Show everybody again" if held else f"Show only: {label.lower()}",
    }


def _where_it_stands(now: Progress, zone: str) -> None:
    instant = clock.now()
    waits = now.undo_until is not None and instant < now.undo_until and now.state in OPEN_BATCH
    done = now.count - now.by_state.get("queued", 0)
    if now.state == BatchState.STOPPED:
        st.info(_stopped(now), icon=":material/front_hand:")
        return  # a bar would say that something was done
    if now.state == BatchState.PAUSED:
        st.warning(f"Paused. {done:,} of {now.count:,} done.", icon=":material/pause:")
    elif now.state == BatchState.DONE:
        st.success(f"Done: {count(now.count, 'message')} worked off.", icon=":material/task_alt:")
    elif now.scheduled_at is not None and now.scheduled_at > instant:
        at = clock.local_date(now.scheduled_at, zone)
        day = near_day(at, clock.today(zone))
        st.info(f"Goes out {day} at {clock_time(now.scheduled_at, zone)}.", icon=":material/schedule_send:")
    elif waits and now.undo_until is not None:
        left = int((now.undo_until - instant).total_seconds()) + 1
        st.info(f"Goes out in {left} s. You can still undo it.", icon=":material/undo:")
    else:
        st.info(f"Going out: {done:,} of {now.count:,} done.", icon=":material/send:")
    if now.count:
        st.progress(min(1.0, done / now.count), text=f"{done:,} of {count(now.count, 'message')}")


def _stopped(now: Progress) -> str:
    went = sum(number for state, number in now.by_state.items() if state in WENT)
    kept_back = now.by_state.get("skipped", 0) - now.left_out
    if not went:
        return f"{kept_back:,} taken back. Undone before it went out: nobody was written to."
    return f"Stopped: {count(went, 'message')} went out, {kept_back:,} kept back."


def _actions(now: Progress) -> None:
    """Undo while nothing went out; pause, go on and stop while something is to come."""
    if now.state not in OPEN_BATCH:
        press.say_error(PLACE)
        return
    untouched = now.state == BatchState.SCHEDULED
    with st.container(horizontal=True):
        if untouched:
            st.button("Undo", key="blast undo", icon=":material/undo:", type="primary", on_click=_undo, args=(now.batch_id,))  # fmt: skip
        if now.state == BatchState.PAUSED:
            st.button("Go on", key="blast resume", icon=":material/play_arrow:", on_click=_do, args=(resume_batch, now.batch_id))  # fmt: skip
        else:
            st.button("Pause", key="blast pause", icon=":material/pause:", on_click=_do, args=(pause_batch, now.batch_id))  # fmt: skip
        if not untouched:
            st.button("Stop", key="blast stop", icon=":material/stop:", on_click=_stop, args=(now.batch_id,))
    press.say_error(PLACE)


def _do(act: Callable[..., None], batch_id: int) -> None:
    press.run(PLACE, lambda session, who: act(session, who, batch_id=batch_id))


def _undo(batch_id: int) -> None:
    press.run(
        PLACE, lambda session, who: undo_blast(session, who, batch_id=batch_id), "Undone. Nothing went out."
    )


def _stop(batch_id: int) -> None:
    def act(session: Session, who: Identity) -> int:
        kept_back = stop_batch(session, who, batch_id=batch_id)
        void_unsent(session, who, batch_id=batch_id)
        return kept_back

    press.run(PLACE, act, "Stopped.")


def _meter(moved: Moved) -> None:
    share = moved.moved / moved.people if moved.people else 1.0
    st.progress(
        min(1.0, share),
        text=f"Cards moved to {plain(moved.to, 40)}: {moved.moved:,} of {moved.people:,} people ({share:.0%})",
    )


def _people(now: Progress, people: list[PersonResult], who: Identity, may_see: MaySee, zone: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Each person** ({len(people):,})")
        st.space("stretch")
        if may(who.role, Permission.EXPORT):
            st.link_button(
                "Spreadsheet (CSV)",
                f"/export/blast.csv?batch={now.batch_id}",
                icon=":material/download:",
            )
    if not people:
        note("Nobody by now.")
        return
    board.draw_board(
        board.Board(
            caption="Each person of the blast with what became of it",
            words=f"{count(len(people), 'person', 'people')}; press a name for their card",
            view=f"{now.batch_id} {may_see}",
            columns=HEADS,
            rows=[_row(one, may_see, zone) for one in people[:SHOWN_AT_MOST]],
            empty=("", ""),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=_open_card,
    )
    if len(people) > SHOWN_AT_MOST:
        note(f"The first {SHOWN_AT_MOST:,} are shown; press a number above, or take the spreadsheet.")


HEADS = [
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "result", "label": "Result", "kind": "text"},
    {"key": "sent", "label": "Sent", "kind": "text"},
    {"key": "why", "label": "Why", "kind": "say"},
]


def _row(one: PersonResult, may_see: MaySee, zone: str) -> dict[str, object]:
    return {
        "id": one.patient_id,
        "key": one.patient_key,
        "severity": "",
        "quiet": False,
        "news": one.words,
        "cells": {
            "who": {"name": one.initials if may_see.initials else shown(one.patient, 60), "sub": ""},
            "result": {"words": one.words},
            "sent": {"words": clock_time(one.sent_at, zone) if one.sent_at else ""},
            "why": {"words": shown(one.reason, 200), "calm": True},
        },
    }


def _open_card() -> None:
    patient_card.open_from(BOARD)
    st.session_state[press.CHANGED] = True  # the drawer stands beside this part of the page


def earlier(who: Identity, kind: LinkKind) -> None:
    """The latest blasts of this place of work that asked for this, each to be opened again."""
    with page.open_reader() as session:
        found = [one for one in batches(session, kind=kind) if _mine(session, who, one.batch_id)]
        zone = next((one.time_zone for one in places(session, who.location_id)), "UTC")
    st.subheader("Earlier blasts")
    if not found:
        note("None yet. What you send appears here, with what became of each person.")
        return
    for one in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            day = near_day(clock.local_date(one.created_at, zone), clock.today(zone))
            st.markdown(
                f"{plain(one.name, 60)} · {plain(one.channel, 20)} to {one.count:,} · "
                f"{one.state} · {day} {clock_time(one.created_at, zone)}",
                width="stretch",
            )
            st.button("Open", key=f"open blast {one.batch_id}", on_click=_open, args=(one.batch_id,))


def _mine(session: Session, who: Identity, batch_id: int) -> bool:
    try:
        batch_of(session, who, batch_id)
    except HuddleError:
        return False
    return True


def _open(batch_id: int) -> None:
    press.clear_error()
    st.session_state[OPEN] = batch_id
