"""Whose tasks may be different now: the patients that a change of the data since an instant concerns.

Synced rows say when they changed (`synced_at`, `gone_at`), and what people decide says when. One scan a table, and only
when the data version has moved; everybody is looked at when the day or the ground of all findings changes.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session

from core.booking.models import Booking, BookingStep
from core.cards.models import Card
from core.insurance.models import Coverage
from core.ledger.models import LedgerEntry
from core.memberships.models import (
    Membership,
    MembershipBenefit,
    MembershipChoice,
    MembershipExtra,
    MembershipPlan,
)
from core.patients.models import Patient, ProcessorContact
from core.payments.models import Payment, Recurring
from core.plans.models import Instalment, Plan, PlanPromise, PlanSettlement
from core.practice.models import Location
from core.schedule.models import Appointment, AppointmentType
from core.schedule.rules import PRESUMED_MISSED_AFTER
from core.store.base import table_of

_SYNCED, _LINKED = ("synced_at", "gone_at"), "linked_at"
AT_ONCE = 900  # ids in one IN list
_patient, _plan, _member = table_of(Patient), table_of(Plan), table_of(Membership)
_visit = table_of(Appointment)


def _changed(table: Any, since: datetime) -> Any:
    """Also a contact that was joined to a patient, which changes the row and not what was synced."""
    return or_(*(table.c[name] >= since for name in (*_SYNCED, _LINKED) if name in table.c))


def touched(session: Session, since: datetime, until: datetime, location_id: int) -> set[int]:
    """Patients whom a change since an instant concerns (aware UTC), with their families and whoever pays for them;
    and those of the location whose visit has begun or been missed between `since` and `until`."""
    patients: set[int | None] = set(
        session.execute(select(_patient.c.id).where(_changed(_patient, since))).scalars()
    )
    plans: set[int | None] = set()
    members: set[int | None] = set()
    for model in _OWNED:
        table = table_of(model)
        patients.update(session.execute(select(table.c.patient_id).where(_changed(table, since))).scalars())
    for model in (Payment, Recurring):
        table = table_of(model)
        concerned = select(table.c.patient_id, table.c.plan_id, table.c.membership_id).where(
            _changed(table, since)
        )
        for patient_id, plan_id, membership_id in session.execute(concerned):
            patients.add(patient_id)
            plans.add(plan_id)
            members.add(membership_id)
    for model, key, columns in _PARTS:
        table = table_of(model)
        recent = or_(*(table.c[column] >= since for column in columns))
        (plans if key == "plan_id" else members).update(
            session.execute(select(table.c[key]).where(recent)).scalars()
        )
    patients.update(session.execute(_steps_since(since)).scalars())
    begun = (_visit.c.starts_at >= since - PRESUMED_MISSED_AFTER, _visit.c.starts_at <= until)
    patients.update(
        session.execute(
            select(_visit.c.patient_id).where(_visit.c.location_id == location_id, *begun)
        ).scalars()
    )
    for ids, table in ((plans, _plan), (members, _member)):
        for part in _parts(ids):
            patients.update(session.execute(select(table.c.patient_id).where(table.c.id.in_(part))).scalars())
    found = {key for key in patients if key is not None}
    return found | relations(session, found)


_OWNED = (Card, Plan, Membership, Appointment, LedgerEntry, Coverage, ProcessorContact)
_PARTS = (
    (Instalment, "plan_id", _SYNCED),
    (PlanPromise, "plan_id", ("recorded_at", "withdrawn_at")),
    (PlanSettlement, "plan_id", ("decided_at", "undone_at")),
    (MembershipExtra, "membership_id", _SYNCED),
    (MembershipChoice, "membership_id", ("chosen_at", "undone_at")),
)


def _steps_since(since: datetime) -> Any:
    """Patients whose online bookings something happened to."""
    booking, step = table_of(Booking), table_of(BookingStep)
    joined = booking.join(step, step.c.booking_id == booking.c.id)
    return select(booking.c.patient_id).select_from(joined).where(step.c.at >= since)


def _parts(ids: set[int | None]) -> Iterable[list[int]]:
    known = sorted(key for key in ids if key is not None)
    return (known[start : start + AT_ONCE] for start in range(0, len(known), AT_ONCE))


def relations(session: Session, patients: set[int]) -> set[int]:
    """Who pays for these, and for whom these pay."""
    found: set[int] = set()
    for part in _parts(set(patients)):
        for query in (
            select(_patient.c.guarantor_id).where(_patient.c.id.in_(part)),
            select(_patient.c.id).where(_patient.c.guarantor_id.in_(part)),
            select(_plan.c.payer_id).where(_plan.c.patient_id.in_(part)),
            select(_plan.c.patient_id).where(_plan.c.payer_id.in_(part)),
        ):
            found.update(key for key in session.execute(query).scalars() if key is not None)
    return found


def terms_changed(session: Session, since: datetime) -> bool:
    """Whether something changed that every patient's finding may rest on: a membership's terms, a price, a place."""
    tables = [table_of(model) for model in (MembershipPlan, MembershipBenefit, AppointmentType, Location)]
    return any(
        session.execute(select(table.c.id).where(_changed(table, since)).limit(1)).first() for table in tables
    )


NEWS_MAY_OVERLAP = timedelta(minutes=10)  # a transaction dates its rows when it begins, and commits later
