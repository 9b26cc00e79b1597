"""The life of a task: what a look of the rules does to it, and the order they are worked in (DOMAIN §9). Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from core.severity import RANK, Severity
from core.tasks.from_findings import Found, Key
from core.tasks.kinds import TaskKind
from core.tasks.models import TaskState


class Held(NamedTuple):
    """The latest episode of one matter as the store has it. mark_*: how bad it was when snoozed or closed by hand."""

    task_id: int
    key: Key
    episode: int
    state: str
    holds: bool
    severity: Severity
    cents: int
    mark_severity: str
    mark_cents: int


class Steps(NamedTuple):
    """What one look asks for. opened: with the number of the episode. renewed: still found, told in today's words.
    woken: snoozed, and grown since. cleared: not found any more. rested: closed by hand, and not found any more."""

    opened: tuple[tuple[Found, int], ...] = ()
    renewed: tuple[tuple[Held, Found], ...] = ()
    woken: tuple[tuple[Held, Found], ...] = ()
    cleared: tuple[Held, ...] = ()
    rested: tuple[Held, ...] = ()


def grew(severity: Severity, cents: int, mark_severity: str, mark_cents: int) -> bool:
    """Whether it is worse than the mark: a higher severity, or more money at risk."""
    was = RANK.get(Severity(mark_severity), len(RANK)) if mark_severity else len(RANK)
    return RANK[severity] < was or cents > mark_cents


def steps_of(
    found: Mapping[Key, Found], held: Iterable[Held], unsure: Collection[TaskKind] = frozenset()
) -> Steps:
    """Compare what the rules find of one patient now with the latest episode of each of their tasks.

    unsure: kinds nobody can judge now: theirs stay as they are. A task closed by hand comes back as a new episode
    when it grew since, or once the rule has cleared and finds it anew. One reopened by hand though nothing is found
    stays open: somebody wants it so.
    """
    latest = {one.key: one for one in held}
    opened, renewed, woken = [], [], []
    for key, one in found.items():
        before = latest.get(key)
        if before is None:
            opened.append((one, 1))
        elif before.state == TaskState.CLOSED:
            if not before.holds or grew(one.severity, one.cents, before.mark_severity, before.mark_cents):
                opened.append((one, before.episode + 1))
        elif before.state == TaskState.SNOOZED and grew(
            one.severity, one.cents, before.mark_severity, before.mark_cents
        ):
            woken.append((before, one))
        else:
            renewed.append((before, one))
    gone = [one for key, one in latest.items() if key not in found and key.kind not in unsure]
    return Steps(
        tuple(opened),
        tuple(renewed),
        tuple(woken),
        tuple(one for one in gone if one.state != TaskState.CLOSED and one.holds),
        tuple(one for one in gone if one.state == TaskState.CLOSED and one.holds),
    )
