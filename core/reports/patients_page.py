"""The patients page at any size: who to show, how many have which flag, without judging everybody for each click.

Names are searched and paged in SQL. What only the rules know (flags, severity, money at risk) is kept as a small index
of all active patients, in memory, made anew when the data or the day changed. A large practice's index is made beside
the page, which says so until it is there.
"""

import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, or_, select
from sqlmodel import Session

from core import clock
from core.findings.flags import CHIPS, Group, Kind
from core.findings.gather import gather
from core.findings.judge import judge
from core.findings.setting import setting_of
from core.names import folded
from core.patients.models import Patient
from core.patients.reports import active_patients
from core.practice.reports import first_of, locations
from core.reports.morning import patients
from core.reports.patient_row import patient_row
from core.reports.rows import PatientRow
from core.reports.rules import row_order
from core.reports.say import speaks
from core.severity import Severity
from core.store.engine import reader
from core.store.version import data_version

AT_ONCE = 2_000  # up to so many patients the index is made while the page waits


class IndexedPatient(NamedTuple):
    """What the index keeps of one patient. at_risk_cents: see PatientRow."""

    key: int
    severity: Severity | None
    at_risk_cents: int
    groups: frozenset[Group]


@dataclass(frozen=True, slots=True)
class PatientsPage:
    """rows: those of this page. total: all that fit the search and the groups. counts: patients by flag group.

    ready=False: the index is still being made; counts are empty and the order is by name.
    """

    rows: tuple[PatientRow, ...]
    total: int
    counts: Mapping[Group, int]
    ready: bool


class _Key(NamedTuple):
    store: str
    location_id: int | None
    version: int
    day: date


_lock = threading.Lock()
_indexes: dict[_Key, list[IndexedPatient]] = {}
_making: set[_Key] = set()


def patients_page(
    engine: Engine,
    *,
    location_id: int | None,
    as_of: datetime,
    search: str = "",
    groups: Collection[Group] = (),
    order: str = "name",
    offset: int = 0,
    limit: int = 50,
) -> PatientsPage:
    """One page of active patients. search: part of the name, or the last four digits of the mobile.

    groups: only patients with a flag of one of these. order: "name" or "worst" (severity, then money at risk).
    """
    with reader(engine) as session:
        index = _index(engine, session, location_id, as_of)
        keys = _found(session, location_id, search)
        if index is not None:
            keys = _chosen(keys, {one.key: one for one in index}, groups, order)
        shown = keys[offset : offset + limit]
        rows = patients(session, location_id=location_id, as_of=as_of, keys=shown).rows if shown else ()
    counts = Counter(group for one in index or () for group in one.groups)
    return PatientsPage(tuple(rows), len(keys), counts, index is not None)


def _index(
    engine: Engine, session: Session, location_id: int | None, as_of: datetime
) -> list[IndexedPatient] | None:
    key = _key(engine, session, location_id, as_of)
    found = _indexes.get(key)
    if found is not None:
        return found
    active = select(func.count()).select_from(_table()).where(_table().c.active, _table().c.gone_at.is_(None))
    if session.execute(active).scalar_one() <= AT_ONCE:
        made = _make(session, location_id, as_of)
        _keep(key, made)
        return made
    with _lock:
        before = next((made for one, made in _indexes.items() if one[:2] == key[:2]), None)
        started = key in _making
        _making.add(key)
    if not started:
        threading.Thread(
            target=_make_beside, args=(engine, key, location_id, as_of), name="patients-index", daemon=True
        ).start()
    return before  # a minute old is better than nothing to filter by; the rows themselves are read now


def _key(engine: Engine, session: Session, location_id: int | None, as_of: datetime) -> _Key:
    places = locations(session, location_id)
    day = clock.local_date(as_of, places[0].time_zone) if places else as_of.date()
    return _Key(str(engine.url), location_id, data_version(session), day)


def _make_beside(engine: Engine, key: _Key, location_id: int | None, as_of: datetime) -> None:
    try:
        with reader(engine) as session:
            _keep(key, _make(session, location_id, as_of))
    finally:
        with _lock:
            _making.discard(key)


def _make(session: Session, location_id: int | None, as_of: datetime) -> list[IndexedPatient]:
    made = []
    places = locations(session, location_id)
    for place in places:
        setting = setting_of(session, place, as_of)
        for chunk in active_patients(session, place, first=place.id == first_of(session)):
            facts = gather(session, chunk, as_of=as_of, time_zone=setting.time_zone)
            made += [_standing(patient_row(judge(one, setting))) for one in facts.values()]
    return made


def _standing(row: PatientRow) -> IndexedPatient:
    groups = frozenset(CHIPS[Kind(flag.kind)].group for flag in row.flags if speaks(flag))
    return IndexedPatient(row.key, row.severity, row.at_risk_cents, groups)


def _keep(key: _Key, made: list[IndexedPatient]) -> None:
    """Keep the newest index of each store and location; older ones are of no use to anybody."""
    with _lock:
        for old in [one for one in _indexes if one[:2] == key[:2]]:
            del _indexes[old]
        _indexes[key] = made


def _found(session: Session, location_id: int | None, search: str) -> list[int]:
    table = _table()
    query = select(table.c.id).where(table.c.active, table.c.gone_at.is_(None))
    if location_id is not None:
        query = query.where(or_(table.c.location_id == location_id, table.c.location_id.is_(None)))
    words = folded(search).split()
    if len(words) == 1 and len(words[0]) == 4 and words[0].isdigit():
        query = query.where(table.c.mobile_last_four == words[0])
    else:
        for word in words:
            query = query.where(table.c.search_name.contains(word, autoescape=True))
    return list(session.execute(query.order_by(table.c.last_name, table.c.first_name, table.c.id)).scalars())


def _chosen(
    keys: list[int], index: Mapping[int, IndexedPatient], groups: Collection[Group], order: str
) -> list[int]:
    wanted = frozenset(groups)
    if wanted:
        keys = [key for key in keys if key in index and index[key].groups & wanted]
    if order == "worst":
        place = {key: at for at, key in enumerate(keys)}
        quiet = IndexedPatient(0, None, 0, frozenset())
        keys = sorted(
            keys,
            key=lambda key: row_order(
                (index.get(key) or quiet).severity, (index.get(key) or quiet).at_risk_cents, place[key]
            ),
        )
    return keys


def _table() -> Any:
    return Patient.__table__  # type: ignore[attr-defined]
