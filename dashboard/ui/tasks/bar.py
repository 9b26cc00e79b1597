"""What is done with the ticked tasks: take, give, snooze, close, reopen, and taking the last step back."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

import streamlit as st

from core import clock
from core.tasks import commands
from core.tasks.commands import Until
from core.tasks.models import CloseReason
from core.tasks.reports import Show, task_people
from dashboard.ui import page, press
from dashboard.wording.text import count, shown

TICKED, LAST = "tasks ticked", "tasks last steps"
PLACE = "task bar"
ROUND = "tasks round"  # grows after every step, so that menus start empty again
REASONS = {
    CloseReason.PAID: "Paid",
    CloseReason.UPDATED: "Updated: card, booking or insurance",
    CloseReason.WAIVED: "Waived",
    CloseReason.WRONG: "Wrong: it was no task",
    CloseReason.OTHER: "Other, in a few words",
}
UNTILS = {
    Until.TOMORROW: "Tomorrow",
    Until.THREE_DAYS: "In 3 days",
    Until.NEXT_VISIT: "The day of their next visit",
    Until.DATE: "A day",
}


def ticked() -> list[int]:
    """The tasks that are ticked now, in the order they were."""
    return st.session_state.setdefault(TICKED, [])


def people(location_id: int | None) -> dict[int, str]:
    """Who may be given a task: staff id → name."""
    with page.open_reader() as session:
        return task_people(session, location_id)


def tick(board: str) -> None:
    """A tick was set or taken away. For the board's on_tick."""
    answer = st.session_state[board].tick
    if not answer:
        return
    ids = [int(one) for one in answer.get("ids", []) if str(one).isdigit()]
    kept = [one for one in ticked() if one not in ids]
    st.session_state[TICKED] = [*kept, *ids] if answer.get("on") else kept


def task_bar(show: Show, people: Mapping[int, str], shown_ids: Collection[int]) -> None:
    """The row of buttons above the list; always there, so that nothing jumps when something is ticked."""
    st.session_state[TICKED] = chosen = [one for one in ticked() if one in shown_ids]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        told = (
            f"**{count(len(chosen), 'task')} ticked**" if chosen else "Tick rows to work on several at once"
        )
        st.markdown(f":small[{told}]", width=270)
        if show is Show.CLOSED:
            st.button(
                "Reopen",
                icon=":material/undo:",
                disabled=not chosen,
                on_click=_do,
                args=(commands.reopen, "Reopened"),
            )
        else:
            st.button(
                "Take",
                icon=":material/back_hand:",
                disabled=not chosen,
                on_click=_do,
                args=(commands.take, "Taken"),
            )
            _give(people, off=not chosen)
            _snooze(off=not chosen)
            _close(off=not chosen)
        _undo()
    press.say_error(PLACE)


def _menu(words: str, icon: str, *, off: bool) -> Any:
    """A menu that is closed and empty again after every step."""
    return st.popover(words, icon=f":material/{icon}:", disabled=off, key=_key(words))


def _key(name: str) -> str:
    return f"task {name} {st.session_state.get(ROUND, 0)}"


def _said(name: str) -> Any:
    return st.session_state.get(_key(name))


def _give(people: Mapping[int, str], *, off: bool) -> None:
    with _menu("Give to", "person_add", off=off):
        st.selectbox("Who", list(people), format_func=lambda key: shown(people[key], 40), key=_key("to"))
        st.button("Give", type="primary", disabled=not people, on_click=_given)


def _given() -> None:
    to = _said("to")
    _do(
        lambda session, who, *, task_ids: commands.assign(session, who, task_ids=task_ids, staff_id=to),
        "Given",
    )


def _snooze(*, off: bool) -> None:
    with _menu("Snooze", "snooze", off=off):
        until = st.radio("Until", list(UNTILS), format_func=UNTILS.__getitem__, key=_key("until"))
        first = clock.now().date() + timedelta(days=1)
        st.date_input(
            "Which day",
            value=None,
            min_value=first,
            format="MM/DD/YYYY",
            key=_key("day"),
            disabled=until is not Until.DATE,
        )
        st.markdown(":small[It comes back earlier if it gets worse.]")
        st.button("Put aside", type="primary", on_click=_snoozed)


def _snoozed() -> None:
    until, day = _said("until"), _said("day")
    _do(
        lambda session, who, *, task_ids: commands.snooze(
            session, who, task_ids=task_ids, until=until, day=day
        ),
        "Put aside",
    )


def _close(*, off: bool) -> None:
    with _menu("Done", "task_alt", off=off):
        reason = st.radio(
            "Why is it done?", list(REASONS), format_func=REASONS.__getitem__, index=None, key=_key("reason")
        )
        st.text_input("In a few words", key=_key("words"), max_chars=commands.LONGEST_NOTE)
        st.button("Close", type="primary", disabled=reason is None, on_click=_closed)


def _closed() -> None:
    reason, words = _said("reason"), _said("words") or ""
    _do(
        lambda session, who, *, task_ids: commands.close(
            session, who, task_ids=task_ids, reason=reason, words=words
        ),
        "Closed",
    )


def _do(act: Callable[..., list[int]], done: str) -> None:
    """Run it on what is ticked; afterwards nothing is ticked, and the step can be taken back.

    Nothing ticked: the second press of a double click, which has nothing left to do.
    """
    chosen = ticked()
    if not chosen:
        return
    steps = press.run(
        PLACE,
        lambda session, who: act(session, who, task_ids=chosen),
        f"{done}: {count(len(chosen), 'task')}",
    )
    if steps is not None:
        st.session_state[LAST] = (steps, f"{done.lower()}: {count(len(steps), 'task')}")
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
        st.session_state[TICKED] = []


def _undo() -> None:
    """Takes the last step of this page back, as long as nothing followed it."""
    last = st.session_state.get(LAST)
    if last is not None:
        st.space("stretch")
        st.markdown(f":small[{last[1]}]", width="content")
        st.button("Undo", icon=":material/undo:", on_click=_take_back)


def _take_back() -> None:
    last = st.session_state.pop(LAST, None)
    if last is not None:
        press.run(
            PLACE, lambda session, who: commands.take_back(session, who, step_ids=last[0]), "Taken back"
        )
