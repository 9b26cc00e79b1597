"""What FHIR says about one visit in several places: its appointment, its encounters, and each patient who shares it.

A finished (or in-progress, arrived) encounter decides over the status of the appointment it names (DOMAIN §14). Its word
is kept on the appointment's row, so that a later version of the appointment does not undo it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import or_, select, update
from sqlmodel import Session

from core import clock
from core.jobs.practice_files.rows import table_of
from core.store.version import touch

SHARED = "#"  # between an appointment's id and that of a patient after the first: no FHIR id holds one
ENCOUNTER = "Encounter/"
_TOOK_PLACE = ("completed", "arrived")


class Visit(NamedTuple):
    """A visit's row. patient: external id. encounters: the word of each encounter, [status, version] by its id."""

    id: int
    external_id: str
    patient_id: int
    patient: str
    status: str
    own_status: str | None
    encounters: Mapping[str, list[Any]]
    named_visit: str | None
    gone: bool

    @property
    def decided(self) -> str:
        """What its status is, all in all."""
        own = self.own_status or self.status
        said = {status for status, _version in self.encounters.values()}
        if "completed" in said:
            return "completed"
        return "arrived" if "arrived" in said and own != "completed" else own


def visits_of(session: Session, connection_id: int, appointments: Iterable[str]) -> dict[str, list[Visit]]:
    """By appointment: its own row, those of the patients who share it, and those of encounters that name it."""
    wanted = sorted(set(appointments))
    visit, patient = table_of("appointments").c, table_of("patients").c
    found: dict[str, list[Visit]] = {name: [] for name in wanted}
    for start in range(0, len(wanted), 1_000):
        names = wanted[start : start + 1_000]
        rows = session.execute(
            select(
                visit.id, visit.external_id, visit.patient_id, patient.external_id, visit.status, visit.own_status,
                visit.encounters, visit.named_visit, visit.gone_at,
            )
            .join_from(table_of("appointments"), table_of("patients"), visit.patient_id == patient.id)
            .where(
                visit.connection_id == connection_id,
                or_(visit.external_id.in_(names), visit.named_visit.in_(names)),
            )
            .order_by(visit.id)
        )  # fmt: skip
        for row in rows:
            made = Visit._make((*row[:6], json.loads(row[6] or "{}"), row[7], row[8] is not None))
            found[made.named_visit or made.external_id].append(made)
    return found


def keepers(session: Session, connection_id: int, appointments: Iterable[str]) -> dict[str, str]:
    """Whose the appointment's own row is, while several patients share it: it stays theirs in any order of names."""
    return {
        name: row.patient
        for name, rows in visits_of(session, connection_id, appointments).items()
        for row in rows
        if row.external_id == name and not row.gone
    }


def settle(session: Session, connection_id: int, sent: Mapping[str, set[str]]) -> list[str]:
    """After appointments were stored. sent: by appointment, the external ids of its rows.

    What an encounter said before its appointment came is taken over; rows of patients who share it no more are returned
    for whoever withdraws them, as are encounters whose visit the appointment is.
    """
    leaving: list[str] = []
    for name, rows in visits_of(session, connection_id, sent).items():
        booked = [row for row in rows if not row.external_id.startswith(ENCOUNTER)]
        here = [row for row in booked if row.external_id in sent[name] and not row.gone]
        leaving += [row.external_id for row in booked if row not in here and not row.gone]
        for met in rows:
            if met.external_id.startswith(ENCOUNTER) and not met.gone:
                mine = next((row for row in here if row.patient_id == met.patient_id), None)
                if mine is not None:
                    leaving.append(met.external_id)
                    told = _told(mine, met.external_id.removeprefix(ENCOUNTER), met.status, None)
                    here = [told if row.id == mine.id else row for row in here]
        known = {row.id: row for row in booked}
        for row in here:
            if row != known[row.id] or row.decided != row.status:
                _write(session, row)
    return leaving


def hear(session: Session, visit: Visit, encounter: str, status: str, version: int | None) -> Visit | None:
    """An encounter says how its visit went. Returns the visit as it is then, None when that is no news."""
    before = visit.encounters.get(encounter)
    if before and version is not None and before[1] is not None and version < before[1]:
        return None
    told = _told(visit, encounter, status, version)
    if told.encounters == visit.encounters and told.decided == visit.status:
        return None
    _write(session, told)
    return told._replace(status=told.decided, own_status=told.own_status or visit.status)


def forget(session: Session, connection_id: int, encounters: Iterable[str]) -> int:
    """Encounters that never took place lend their word no more. Returns how many visits changed."""
    visit = table_of("appointments").c
    changed = 0
    for encounter in encounters:
        named = select(visit.external_id, visit.named_visit).where(
            visit.connection_id == connection_id,
            visit.encounters.contains(json.dumps(encounter), autoescape=True),
        )
        names = {own or external_id for external_id, own in session.execute(named)}
        for rows in visits_of(session, connection_id, names).values():
            for row in rows:
                if encounter in row.encounters:
                    _write(session, _told(row, encounter, "", None))
                    changed += 1
    return changed


def _told(visit: Visit, encounter: str, status: str, version: int | None) -> Visit:
    said = {name: word for name, word in visit.encounters.items() if name != encounter}
    if status in _TOOK_PLACE:
        said[encounter] = [status, version]
    return visit._replace(encounters=said)


def _write(session: Session, visit: Visit) -> None:
    table = table_of("appointments")
    values = {
        "encounters": json.dumps(visit.encounters, sort_keys=True) if visit.encounters else None,
        "own_status": visit.own_status or visit.status,
        "status": visit.decided,
    }
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
    done = session.execute(
        update(table).where(table.c.id == visit.id, differs).values(**values, synced_at=clock.now())
    )
    if done.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has one
        touch(session)
