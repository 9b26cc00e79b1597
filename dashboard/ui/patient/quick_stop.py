"""Quick Stop, the patient view of the tasks: lines at the top of the patient card, to take and to close there."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st
from sqlmodel import Session

from core import clock
from core.errors import HuddleError
from core.money import dollars
from core.patient_card.rows import PatientCard
from core.permissions import Identity, Permission, may
from core.severity import Flag
from core.tasks import commands
from core.tasks.kinds import NOT_MONEY, matter_of
from core.tasks.models import CloseReason, TaskState
from core.tasks.reports import QuickTask, Step, TaskRow, history
from dashboard.ui import page
from dashboard.ui.components import blocks
from dashboard.ui.components.blocks import Block
from dashboard.ui.press import CHANGED
from dashboard.ui.tasks.list import kind_chip
from dashboard.ui.toasts import toast
from dashboard.wording.may_see import MaySee, no_amounts
from dashboard.wording.text import clock_time, day_month, shown

DONE = "card tasks done"  # session state: {patient key: [(words, step ids)]} of this session, to take back
REASONS = (
    (CloseReason.PAID, "Paid", "The money is there, or on its way."),
    (CloseReason.UPDATED, "Updated", "Card, booking or insurance is put right."),
    (CloseReason.WAIVED, "Waived", "Nobody asks for it; it comes back if it grows."),
    (CloseReason.WRONG, "Wrong", "It was no task at all."),
    (CloseReason.OTHER, "Other", "Say why in a few words."),
)


class Stop(NamedTuple):
    """A patient's tasks with their history, as one person may see and work on them."""

    tasks: Sequence[QuickTask]
    steps: dict[int, list[Step]]
    works: bool

    def covers(self, flag: Flag) -> bool:
        """Whether one of the patient's own tasks says what the flag says."""
        matter = matter_of(flag.kind, flag.severity)
        return matter is not None and any(one.task.kind is matter.kind for one in self.tasks if not one.payer)


def read_stop(card: PatientCard, may_see: MaySee) -> Stop:
    """The tasks on a card, the patient's and whoever pays', with their history; without those of money for who may not
    see amounts."""
    tasks = [one for one in card.tasks if may_see.money or one.task.kind in NOT_MONEY]
    with page.open_reader() as session:
        steps = history(session, [one.task.task_id for one in tasks])
    return Stop(tasks, steps, may(page.identity().role, Permission.WORK_TASKS))


def lines(stop: Stop, card: PatientCard, may_see: MaySee, drawn: Callable[[Flag], Block]) -> list[Block]:
    """One line a task, worst first, the snoozed ones last; then what was closed here just now, with Undo."""
    ordered = sorted(stop.tasks, key=lambda one: one.task.state is TaskState.SNOOZED)
    told = [_line(one, stop, card, may_see, drawn) for one in ordered]
    done = st.session_state.get(DONE, {}).get(card.row.key, [])
    return [*told, *(_done(words, steps) for words, steps in done if stop.works)]


def _line(
    one: QuickTask, stop: Stop, card: PatientCard, may_see: MaySee, drawn: Callable[[Flag], Block]
) -> Block:
    """The flag as it is drawn anywhere, with today's words of the task and what may be done about it."""
    task = one.task
    snoozed = task.state is TaskState.SNOOZED
    evidence = () if one.payer else task.evidence  # the payer's rows are not on this card
    flag = drawn(Flag(task.flag, task.severity, task.sentence, task.cents, evidence))
    return {
        **flag,
        "severity": "note" if snoozed else task.severity.value,
        "chip": kind_chip(task),
        "words": _words(one, card, may_see),
        "right": dollars(task.cents) if task.cents and may_see.money else "",
        "why": [*flag["why"], *_told(stop.steps.get(task.task_id, []), task, card, stop.works)],
        "name": f"task-{task.task_id}",
        "fix": None if snoozed or one.payer else flag["fix"],
        "task": buttons(task, works=stop.works),
    }


def _words(one: QuickTask, card: PatientCard, may_see: MaySee) -> str:
    task = one.task
    words = task.sentence if may_see.money else no_amounts(task.sentence)
    if may_see.initials:
        for name in (task.patient, *task.patient.split()):
            words = words.replace(name, task.initials)
    if one.payer:
        words = f"{task.initials if may_see.initials else one.payer}, who pays: {words}"
    if task.state is TaskState.SNOOZED and task.snoozed_until is not None:
        until = day_month(clock.local_date(task.snoozed_until, card.time_zone), card.day)
        words = f"Snoozed until {until}. {words}"
    return shown(words, 300)


def buttons(task: TaskRow, *, works: bool) -> Block:
    """What may be done about it, and who has it."""
    return {
        "id": task.task_id,
        "owner": shown(f"{task.owner} has it", 60) if task.owner else "",
        "take": works and task.state is not TaskState.WORKING,
        "decide": blocks.decide(
            f"done-{task.task_id}",
            "Why is it done?",
            [blocks.option(reason, words, effect) for reason, words, effect in REASONS],
            asked={"task": task.task_id},
            save="Done",
        )
        | {"brief": "other"}
        if works
        else None,
    }


def _told(steps: Sequence[Step], task: TaskRow, card: PatientCard, works: bool) -> list[Block]:
    """Who did what when, and a line to write a note of one's own."""
    history_lines = [
        blocks.line(
            f"{step.who or 'Huddle'} {step.did}{_said(step)}{' (taken back)' if step.undone else ''}",
            sub=f"{day_month(clock.local_date(step.at, card.time_zone), card.day)}, {clock_time(step.at, card.time_zone)}",
            icon="edit_note" if step.did == "noted" else "history",
        )
        for step in steps
    ]
    note = {"kind": "note", "name": f"note-{task.task_id}", "id": task.task_id}
    return [blocks.lines(history_lines), *([note] if works else [])]


def _said(step: Step) -> str:
    """An opening is told by the line itself."""
    return (
        f": {shown(step.words, 200)}"
        if step.words and step.did != "opened"
        else " this task"
        if step.did == "opened"
        else ""
    )


def _done(words: str, steps: Sequence[int]) -> Block:
    return {"severity": "note", **blocks.decided(words, "", "good", f"task:{','.join(map(str, steps))}")}


def act(answer: dict[str, Any] | None) -> None:
    """Take a task, or write a note on one. For the card's on_task."""
    if not answer:
        return
    task_id, words = int(answer["id"]), str(answer.get("words", ""))
    if answer["do"] == "take":
        _do(lambda session, who: commands.take(session, who, task_ids=[task_id]), "Taken")
    elif answer["do"] == "note":
        _do(lambda session, who: commands.note(session, who, task_id=task_id, words=words), "Noted")


def close(patient: int, answer: dict[str, Any]) -> None:
    """Close a task for the reason that was picked on the card of `patient`."""
    try:
        reason = CloseReason(str(answer.get("kind")))
    except ValueError:
        return
    task_id, words = int(answer["task"]), str(answer.get("reason", ""))
    steps = _do(
        lambda session, who: commands.close(session, who, task_ids=[task_id], reason=reason, words=words),
        "Done",
    )
    if steps is not None:
        done = st.session_state.setdefault(DONE, {}).setdefault(patient, [])
        done.append((f"Task closed: {reason}.", steps))


def take_back(patient: int, answer: dict[str, Any]) -> None:
    """Undo a closing made on the card of `patient`."""
    steps = [
        int(one) for one in str(answer.get("choice", "")).removeprefix("task:").split(",") if one.isdigit()
    ]
    if not steps:
        return
    _do(lambda session, who: commands.take_back(session, who, step_ids=steps), "Taken back")
    done = st.session_state.get(DONE, {})
    done[patient] = [one for one in done.get(patient, []) if one[1] != steps]


def _do(run: Callable[[Session, Identity], Any], done: str) -> Any:
    try:
        with page.acting() as (session, who):
            found = run(session, who)
    except HuddleError as error:
        toast(error.sentence, "error")
        return None
    st.session_state[CHANGED] = True
    toast(done)
    return found
