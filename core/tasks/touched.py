"""Whose tasks may be different now: the patients that a change of the data since an instant concerns.

Synced rows say when they changed (`synced_at`, `gone_at`), and what people decide says when. One scan a table, and only
when the data version has moved; everybody is looked at when the day or the ground of all findings changes.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlmodel import Session

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

AT_ONCE = 900  # ids in one IN list
_patient, _plan, _member = table_of(Patient), table_of(Plan), table_of(Membership)
_visit, _contact = table_of(Appointment), table_of(ProcessorContact)


def _changed(table: Any, since: datetime) -> Any:
    return or_(table.c.synced_at >= since, table.c.gone_at >= since)


def _own(model: Any, since: datetime) -> Select[Any]:
    table = table_of(model)
    return (
        select(table.c.patient_id).where(_changed(table, since), table.c.patient_id.is_not(None)).distinct()
    )


def _of(owner: Any, model: Any, column: str, where: Any, pick: str = "patient_id") -> Select[Any]:
    table = table_of(model)
    return select(owner.c[pick]).join(table, table.c[column] == owner.c.id).where(where).distinct()


def touched(session: Session, since: datetime, until: datetime) -> set[int]:
    """Patients whom a change since an instant concerns (aware UTC), with their families and whoever pays for them;
    and those whose visit has begun or been missed between `since` and `until`."""
    found: set[int] = set()
    for query in _queries(since, until):
        found.update(key for key in session.execute(query).scalars() if key is not None)
    return found | _relations(session, found)


def _queries(since: datetime, until: datetime) -> Iterable[Select[Any]]:
    yield select(_patient.c.id).where(_changed(_patient, since))
    for model in (Card, Payment, Recurring, Plan, Membership, Appointment, LedgerEntry, Coverage):
        yield _own(model, since)
    yield select(_contact.c.patient_id).where(or_(_changed(_contact, since), _contact.c.linked_at >= since))
    payment, recurring = table_of(Payment), table_of(Recurring)
    for model, table in ((Payment, payment), (Recurring, recurring)):
        yield _of(_plan, model, "plan_id", _changed(table, since))
        yield _of(_member, model, "membership_id", _changed(table, since))
    yield _of(_plan, Instalment, "plan_id", _changed(table_of(Instalment), since))
    yield _of(_member, MembershipExtra, "membership_id", _changed(table_of(MembershipExtra), since))
    for model, column in ((PlanPromise, "recorded_at"), (PlanPromise, "withdrawn_at"), (PlanSettlement, "decided_at"), (PlanSettlement, "undone_at")):  # fmt: skip
        yield _of(_plan, model, "plan_id", table_of(model).c[column] >= since)
    for column in ("chosen_at", "undone_at"):
        yield _of(_member, MembershipChoice, "membership_id", table_of(MembershipChoice).c[column] >= since)
    begun = (_visit.c.starts_at >= since - PRESUMED_MISSED_AFTER, _visit.c.starts_at <= until)
    yield select(_visit.c.patient_id).where(*begun).distinct()


def _relations(session: Session, patients: set[int]) -> set[int]:
    """Who pays for these, and for whom these pay."""
    found: set[int] = set()
    ids = sorted(patients)
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
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
