"""Records of practice files to rows of the store: ids of other files resolved, wall clocks made instants."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, null, select
from sqlmodel import Session, col

from core import clock
from core.cards.models import Card
from core.connections.models import QuarantinedRow
from core.connections.quarantine import open_rows
from core.insurance.models import Coverage
from core.integrations.practice_files.columns import FILES, Column, PracticeFile
from core.integrations.practice_files.records import Parsed
from core.integrations.records import Rejected
from core.ledger.models import LedgerEntry, Service
from core.memberships.models import Membership, MembershipBenefit, MembershipExtra, MembershipPlan
from core.patients.models import Patient
from core.payments.models import Payment, Recurring
from core.plans.models import Instalment, Plan
from core.practice.models import Location
from core.schedule.models import Appointment, AppointmentType, Provider
from core.store.base import Synced
from core.store.upsert import among

MODELS: dict[str, type[Synced]] = {
    "locations": Location,
    "providers": Provider,
    "patients": Patient,
    "appointment_types": AppointmentType,
    "appointments": Appointment,
    "coverages": Coverage,
    "services": Service,
    "plans": Plan,
    "instalments": Instalment,
    "membership_plans": MembershipPlan,
    "membership_benefits": MembershipBenefit,
    "memberships": Membership,
    "membership_extras": MembershipExtra,
    "cards": Card,
    "recurrings": Recurring,
    "ledger": LedgerEntry,
    "payments": Payment,
}

# an unknown provider must not take a visit off the morning's list: stored without, with a note
OPTIONAL = {
    ("appointments", "provider_id"),
    ("appointments", "appointment_type_id"),
    ("appointments", "location_id"),
    ("ledger", "service_id"),
}
_KEPT = 200_000  # ids remembered per parent file: bounds memory, not correctness
_ASKED = 5_000


class Parent(NamedTuple):
    """A row others refer to: its id in the store, and its location and plan where it has one."""

    id: int
    location_id: int | None
    plan_id: int | None


def table_of(file: str) -> Table:
    """The table a practice file is stored in."""
    return MODELS[file].__table__  # type: ignore[attr-defined]  # SQLModel sets it


def key_of(file: str) -> str:
    """The name of a file's key column."""
    return FILES[file].columns[0].name


def references(file: PracticeFile) -> list[Column]:
    """The columns that hold ids of other practice files."""
    return [column for column in file.columns if column.parent]


def waits_on(file: PracticeFile) -> list[str]:
    """Columns at fault when a row only waits for a row of another file."""
    local_times = {"appointments": ["starts_at"], "payments": ["happened_at"]}
    return [column.name for column in references(file)] + local_times.get(file.name, [])


class Known:
    """What the store knows of this connection's locations and of the rows that others refer to.

    doubled: by file, keys that stand for several people or things in what is being loaded: nothing is told of them.
    """

    def __init__(
        self, session: Session, connection_id: int, doubled: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        self.connection_id = connection_id
        self.doubled = doubled or {}
        columns = Location.__table__.c  # type: ignore[attr-defined]
        self.zones: dict[int, str] = {
            row[0]: row[1]
            for row in session.execute(
                select(columns.id, columns.time_zone).where(columns.connection_id == connection_id)
            )
        }
        self.only: int | None = next(iter(self.zones)) if len(self.zones) == 1 else None
        self.parents: dict[str, dict[str, Parent]] = {}
        self.missed = False  # a row was stored without something it refers to

    def look_up(self, session: Session, file: PracticeFile, records: Iterable[Parsed]) -> None:
        """Learn the ids that these records refer to."""
        for column in references(file):
            known = self.parents.setdefault(column.parent, {})
            wanted = {record.values[column.target] for record in records}
            wanted.discard(None)
            if len(known) > _KEPT:
                known.clear()
            missing = sorted(wanted - known.keys())
            for start in range(0, len(missing), _ASKED):
                asked = missing[start : start + _ASKED]
                known.update(self._ask(session, column.parent, asked))
                for external_id in self._in_doubt(session, column.parent, asked):
                    known.pop(external_id, None)

    def learn_patients(self, session: Session, external_ids: set[str]) -> None:
        """Learn patients who are named beside the references of a row."""
        known = self.parents.setdefault("patients", {})
        missing = sorted(external_ids - known.keys())
        for start in range(0, len(missing), _ASKED):
            known.update(self._ask(session, "patients", missing[start : start + _ASKED]))

    def _ask(self, session: Session, parent: str, external_ids: list[str]) -> dict[str, Parent]:
        columns = table_of(parent).c
        place = columns.location_id if "location_id" in columns else null()
        plan = columns.plan_id if "plan_id" in columns else null()
        rows = session.execute(
            select(columns.external_id, columns.id, place, plan).where(
                columns.connection_id == self.connection_id,
                among(session, columns.external_id, external_ids),
                columns.gone_at.is_(None),
            )
        )
        return {row[0]: Parent(row[1], row[2], row[3]) for row in rows}

    def _in_doubt(self, session: Session, parent: str, external_ids: list[str]) -> set[str]:
        """Keys that were given twice for different people, now or in an earlier file that still waits."""
        now = self.doubled.get(parent, frozenset())
        waiting = select(col(QuarantinedRow.external_id)).where(
            *open_rows(self.connection_id, parent),
            col(QuarantinedRow.column) == key_of(parent),
            among(session, col(QuarantinedRow.external_id), external_ids),
        )
        return {each for each in external_ids if each in now} | set(session.execute(waiting).scalars())

    def zone_of(self, location_id: int | None) -> str | None:
        """The time zone of a location; without one, that of all locations if they agree."""
        if location_id is not None:
            return self.zones.get(location_id)
        zones = set(self.zones.values())
        return zones.pop() if len(zones) == 1 else None


class Completed(NamedTuple):
    """rows: ready for the store, with their record. rejected: rows that wait for something. notes: (line, column, note)."""

    rows: list[tuple[Parsed, dict[str, Any]]]
    rejected: list[Rejected]
    notes: list[tuple[int, str, str]]


def complete(known: Known, file: PracticeFile, records: Iterable[Parsed], *, whole: bool = True) -> Completed:
    """Resolve references and wall-clock times. `known.look_up` comes first.

    whole: a patient whose location cannot be told is turned away; otherwise it stays open for now.
    """
    done = Completed([], [], [])
    columns = references(file)
    for record in records:
        row = _resolved(known, file.name, columns, record, done.notes, whole=whole)
        if isinstance(row, Rejected):
            done.rejected.append(row)
        else:
            done.rows.append((record, row))
    return done


def _resolved(
    known: Known,
    file: str,
    columns: list[Column],
    record: Parsed,
    notes: list[tuple[int, str, str]],
    *,
    whole: bool,
) -> dict[str, Any] | Rejected:
    row = dict(record.values)
    found: dict[str, Parent] = {}
    for column in columns:
        external_id = row[column.target]
        if external_id is None:
            continue
        parent = known.parents[column.parent].get(external_id)
        if parent is not None:
            row[column.target] = parent.id
            found[column.name] = parent
        elif (file, column.name) in OPTIONAL:
            row[column.target] = None
            known.missed = True
            notes.append(
                (record.line, column.name, f"is not in {column.parent}; the row is stored without it")
            )
        else:
            return record.rejected(column.name, f"{external_id} is not in {column.parent}")
    if place := _PLACES.get(file):
        placed = place(known, record, row, found)
        return row if file == "patients" and not whole else placed
    return row


def _patient(known: Known, record: Parsed, row: dict[str, Any], _found: dict[str, Parent]) -> Any:
    if row["location_id"] is None:
        row["location_id"] = known.only
        if known.only is None:
            return record.rejected("location_id", _which_location(known))
    return row


def _which_location(known: Known) -> str:
    return (
        f"is empty and the practice has {len(known.zones)} locations: which one?"
        if known.zones
        else "is empty and no location is known yet"
    )


def _appointment(known: Known, record: Parsed, row: dict[str, Any], found: dict[str, Parent]) -> Any:
    """A visit is where it says (FHIR), else where its provider works, else where its patient belongs."""
    provider, patient = found.get("provider_id"), found["patient_id"]
    at = row.get("location_id") or (provider and provider.location_id) or patient.location_id or known.only
    if at is None:
        return record.rejected("starts_at", "has no location: neither the provider nor the patient has one")
    row["location_id"] = at
    row["starts_at"] = _instant(row["starts_at"], known.zones[at])
    return row


def _payment(known: Known, record: Parsed, row: dict[str, Any], found: dict[str, Parent]) -> Any:
    """A payment that names only its instalment is a payment on that instalment's plan (CONTRACTS §3)."""
    if row["plan_id"] is None and (instalment := found.get("instalment_id")):
        row["plan_id"] = instalment.plan_id
    moment: datetime = row["happened_at"]
    patient = found.get("patient_id")
    zone = known.zone_of(patient.location_id if patient else None)
    if moment.tzinfo is None and zone is None:
        return record.rejected("happened_at", "has no offset, and whose wall clock it is cannot be told")
    row["happened_at"] = _instant(moment, zone or "UTC")
    return row


def _instant(moment: datetime, zone: str) -> datetime:
    """The instant of a wall clock. In autumn's doubled hour the first one is meant; a time that spring skips
    is read on the clock as it was before, so 02:30 is 03:30."""
    return clock.local_instant(moment, zone)


def _location(_known: Known, _record: Parsed, row: dict[str, Any], _found: dict[str, Parent]) -> Any:
    row["practice_id"] = 1
    return row


_PLACES = {
    "locations": _location,
    "patients": _patient,
    "appointments": _appointment,
    "payments": _payment,
}
