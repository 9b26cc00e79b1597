"""The tasks a page asks for: what was chosen above the list, and what the store has of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from core.permissions import Identity
from core.practice.reports import locations
from core.severity import Severity
from core.tasks.kinds import NOT_MONEY, TaskKind
from core.tasks.reports import (
    Show,
    Tally,
    TaskRow,
    Wanted,
    count_tasks,
    looked_at,
    open_tasks,
    tally,
    task_counts,
    task_people,
)
from dashboard.ui import page
from dashboard.ui.tasks.list import CLOSED_DAYS, NEAR_DAYS, show_of
from dashboard.wording.may_see import MaySee

LIMIT = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """pressed: the number that is pressed, "" = every open task. owner None = anybody's, 0 = nobody's. at: the page, from 1."""

    location_id: int | None
    pressed: str
    kind: str
    owner: int | None
    search: str
    at: int

    @property
    def show(self) -> Show:
        return show_of(self.pressed)


@dataclass(frozen=True, slots=True)
class Found:
    """rows: one page of them; total: how many there are. looked: the rules have looked at the patients at least once."""

    rows: list[TaskRow]
    total: int
    tally: Tally
    people: Mapping[int, str]
    time_zone: str
    looked: bool


def read_tasks(who: Identity, choice: Choice) -> Found:
    """One page of the tasks that were chosen, in their order, with the numbers above the list."""
    now = clock.now()
    with page.open_reader() as session:
        zone = next((place.time_zone for place in locations(session, choice.location_id)), "UTC")
        near = clock.day_bounds(clock.today(zone) + timedelta(days=NEAR_DAYS), zone)[1]
        since = now - timedelta(days=CLOSED_DAYS)
        wanted = _wanted(who, choice, near, since)
        return Found(
            rows=open_tasks(session, wanted, limit=LIMIT, offset=(choice.at - 1) * LIMIT),
            total=count_tasks(session, wanted),
            tally=tally(session, location_id=choice.location_id, staff_id=who.staff_id, visit_before=near, closed_since=since),
            people=task_people(session, who.location_id),
            time_zone=zone,
            looked=looked_at(session) is not None,
        )  # fmt: skip


def tasks_at(patients: Sequence[int], may_see: MaySee) -> dict[int, int]:
    """How many tasks wait at each of these patients (store ids); those of money only for who may see amounts."""
    with page.open_reader() as session:
        return task_counts(session, patients, tuple(TaskKind) if may_see.money else NOT_MONEY)


def _wanted(who: Identity, choice: Choice, near: datetime, since: datetime) -> Wanted:
    mine = choice.pressed == "mine"
    return Wanted(
        show=choice.show,
        location_id=choice.location_id,
        kind=choice.kind,
        severity=choice.pressed if choice.pressed in set(Severity) else "",
        owner_id=who.staff_id if mine else choice.owner,
        visit_before=near if choice.pressed == "near" else None,
        closed_since=since,
        search=choice.search,
    )
