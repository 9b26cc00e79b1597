"""Looking at the patients after the data changed, so that tasks open, follow and close by themselves (DOMAIN §9).

Only patients whom a change concerns are judged again; everybody is once a day, and when the ground of all findings
moved (cards not known any more, the terms of a membership). A look at everybody is done in parts: killed anywhere, the
next run goes on after the last patient kept; whom a change concerns comes first all the same. Running twice changes
nothing.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlmodel import Session

from core import clock
from core.findings.setting import Setting, setting_of
from core.jobs.crashpoints import crashpoint
from core.jobs.lease import Busy, Held, hold
from core.patients.models import Patient
from core.patients.reports import active_patients
from core.practice.models import Location
from core.practice.reports import locations
from core.store.base import table_of
from core.store.engine import reader, transaction
from core.store.version import data_version
from core.tasks.affected_patients import NEWS_MAY_OVERLAP, terms_changed, touched
from core.tasks.models import TaskLook
from core.tasks.refresh import Counts, changed_since, keep, patients_with_tasks, see, wake_due
from core.tasks.to_genesis import tell_the_rest

SECONDS_AT_ONCE = 8.0  # then pages and other jobs get their turn
AT_ONCE = 100  # patients judged and kept in one go: a fifth of a second of rules, a short transaction
MANY = 4  # one patient in so many touched: then everybody is looked at, and the day's look is done as well


class Looked(NamedTuple):
    """What one run did. left: there are more patients to look at."""

    patients: int = 0
    opened: int = 0
    closed: int = 0
    woken: int = 0
    left: bool = False


class _Plan(NamedTuple):
    """Whom to look at in one location. news: whom a change concerns, always first and whole. everybody: in order of
    their id, as many as there is time for. look: how far the looks are once the news are kept; None = all is seen."""

    look: TaskLook | None
    news: Sequence[int] = ()
    everybody: Sequence[int] = ()


def refresh_tasks(engine: Engine) -> Looked:
    """Look for some seconds, for the worker's clock."""
    return refresh_tasks_for(engine, SECONDS_AT_ONCE)


def refresh_tasks_now(engine: Engine) -> Looked:
    """Look at all there is to be looked at, however long it takes."""
    return refresh_tasks_for(engine, float("inf"))


def refresh_tasks_for(engine: Engine, seconds: float) -> Looked:
    """Look until the time is up, at one part at least. Nothing is done while another process is at it."""
    until = time.monotonic() + seconds
    try:
        with hold(engine, "tasks", busy="Another process looks at the tasks.") as lease:
            return _run(engine, lease, until)
    except Busy:
        return Looked(left=True)


def _run(engine: Engine, lease: Held, until: float) -> Looked:
    with reader(engine) as session:
        places = [place.id or 0 for place in locations(session)]
    total, patients, left = Counts(), 0, False
    for place_id in places:
        counts, seen, more = _look(engine, lease, place_id, until)
        total, patients, left = total + counts, patients + seen, left or more
    woken = 0
    with transaction(engine) as session:
        lease.confirm(session)
        woken = wake_due(session, clock.now())
        tell_the_rest(session)
    return Looked(patients, total.opened, total.closed, total.woken + woken, left)


def _look(engine: Engine, lease: Held, place_id: int, until: float) -> tuple[Counts, int, bool]:
    with reader(engine) as session:
        place = session.get_one(Location, place_id)
        setting = setting_of(session, place, clock.now())
        plan = _plan(session, place, setting)
    counts, seen = Counts(), 0
    look = plan.look
    if look is None:
        return counts, seen, False
    for part in _parts(plan.news):
        counts, seen = counts + _part(engine, lease, part, setting, None), seen + len(part)
    with transaction(engine) as session:
        lease.confirm(session)
        session.merge(look)
    for part in _parts(plan.everybody):
        look.at_patient = part[-1] if part[-1] != plan.everybody[-1] else None
        counts, seen = counts + _part(engine, lease, part, setting, look), seen + len(part)
        if look.at_patient is not None and time.monotonic() > until:
            return counts, seen, True
    return counts, seen, False


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _part(
    engine: Engine, lease: Held, part: Sequence[int], setting: Setting, look: TaskLook | None
) -> Counts:
    """Judge some patients without holding anybody up, then write what follows in one transaction."""
    began = clock.now()
    with reader(engine) as session:
        seen = see(session, part, setting)
    crashpoint("tasks.seen")
    with transaction(engine) as session:
        lease.confirm(session)
        # by a press: what it saw is newer than what we saw
        if overtaken := changed_since(session, part, began):
            again = see(session, sorted(overtaken), replace(setting, as_of=clock.now()))
            seen = [*(one for one in seen if one.patient_id not in overtaken), *again]
        counts = keep(session, seen, setting)
        if look is not None:
            session.merge(look)
        crashpoint("tasks.kept")
    return counts


def _plan(session: Session, place: Location, setting: Setting) -> _Plan:
    before = session.get(TaskLook, place.id)
    version, ground = data_version(session), _ground(setting)
    look = TaskLook(location_id=place.id or 0, version=version, looked_at=setting.as_of, ground=ground)
    if before is None:
        look.at_patient = 0
        return _Plan(look, everybody=_everybody(session, place, after=0))
    anew = before.ground != ground or terms_changed(session, before.looked_at)
    moved = before.version != version or _visits_begun(before.looked_at, setting.as_of)
    if not (anew or moved or before.at_patient is not None):
        return _Plan(None)
    look.at_patient = 0 if anew else before.at_patient
    news: list[int] = []
    if moved:
        ids = touched(session, before.looked_at - NEWS_MAY_OVERLAP, setting.as_of, place.id or 0)
        here = _everybody(session, place, after=0)
        news = [key for key in here if key in ids]
        if len(news) * MANY > len(here):
            look.at_patient, news = 0, []
    else:
        look.looked_at = before.looked_at
    if look.at_patient is None:
        return _Plan(look, news)
    rest = _everybody(session, place, after=look.at_patient)
    if not rest:
        look.at_patient = None
    return _Plan(look, news, rest)


def _visits_begun(looked_at: datetime, now: datetime) -> bool:
    """Whether it is time to see again whose visit has begun: every quarter of an hour will do."""
    return now - looked_at > NEWS_MAY_OVERLAP + NEWS_MAY_OVERLAP / 2


def _ground(setting: Setting) -> str:
    known = (setting.everyone_needs_card, setting.cards_known, setting.processors, setting.ledger_known)
    return f"{setting.today} {setting.time_zone} {known}"


def _everybody(session: Session, place: Location, *, after: int) -> list[int]:
    """Active patients of the location, and others who have a task, by id."""
    first = place.id == locations(session)[0].id
    ids = {key for part in active_patients(session, place, first=first) for key in part}
    others = patients_with_tasks(session) - ids
    if others:
        table = table_of(Patient)
        here = table.c.location_id == place.id
        if first:
            here = here | table.c.location_id.is_(None)
        known = session.execute(select(table.c.id).where(here, table.c.id.in_(sorted(others)))).scalars()
        ids |= set(known)
    return sorted(key for key in ids if key > after)
