"""Narrowing the people of a blast: by plan or membership, the next visit, and the dollars that will fail."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlmodel import Session

from core import clock
from core.blasts.conditions import Candidate, Condition
from core.memberships.models import Membership, MembershipStatus
from core.messages.consent import in_parts
from core.patients.models import Patient
from core.plans.models import Plan, PlanStatus
from core.practice.reports import locations
from core.reports.cards import cards
from core.schedule.models import Appointment
from core.schedule.rules import OPEN_STATUSES
from core.store.base import table_of
from core.store.types import UtcInstant


@dataclass(frozen=True, slots=True)
class About:
    """What a filter asks of one person. next_visit: the day at their location. at_risk_cents: of the next 60 days."""

    plan: bool = False
    membership: bool = False
    next_visit: date | None = None
    at_risk_cents: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """plan, membership: has a running one (both: either will do). within_days: of the next visit; None = any."""

    plan: bool = False
    membership: bool = False
    within_days: int | None = None
    at_risk_cents: int = 0

    def keeps(self, about: About, today: date) -> bool:
        """Whether a person stays."""
        if (self.plan or self.membership) and not (
            (self.plan and about.plan) or (self.membership and about.membership)
        ):
            return False
        if self.within_days is not None and (
            about.next_visit is None or (about.next_visit - today).days > self.within_days
        ):
            return False
        return about.at_risk_cents >= self.at_risk_cents


def union(
    found: Mapping[Condition, Iterable[Candidate]], picked: Collection[Condition]
) -> tuple[Candidate, ...]:
    """Everybody of the picked conditions once, with the reason that comes first."""
    once: dict[int, Candidate] = {}
    for condition in Condition:
        if condition in picked:
            for each in found.get(condition, ()):
                once.setdefault(each.patient_id, each)
    return tuple(once.values())


def narrowed(
    candidates: Iterable[Candidate], facts: Mapping[int, About], wanted: Filter, today: date
) -> tuple[Candidate, ...]:
    """Those that the filter keeps."""
    nothing = About()
    return tuple(each for each in candidates if wanted.keeps(facts.get(each.patient_id, nothing), today))


def facts_about(session: Session, patient_ids: Collection[int], *, as_of: datetime) -> dict[int, About]:
    """What the filter asks of these people. as_of: aware UTC."""
    plan, member = table_of(Plan), table_of(Membership)
    found = {key: About() for key in patient_ids}
    running = plan.c.status == PlanStatus.ACTIVE.value
    with_plan = {
        *_owners(session, plan.c.patient_id, running, plan.c.gone_at.is_(None)),
        *_owners(session, plan.c.payer_id, running, plan.c.gone_at.is_(None)),
    }
    active = member.c.status.in_([MembershipStatus.ACTIVE.value, MembershipStatus.PAST_DUE.value])
    with_membership = set(_owners(session, member.c.patient_id, active, member.c.gone_at.is_(None)))
    places = locations(session, None)
    zone = places[0].time_zone if places else "UTC"
    visits = _next_visits(session, patient_ids, as_of)
    at_risk = {row.key: row.at_risk_cents for row in cards(session, location_id=None, as_of=as_of).rows}
    for key, about in found.items():
        visit = visits.get(key)
        found[key] = replace(
            about,
            plan=key in with_plan,
            membership=key in with_membership,
            next_visit=clock.local_date(visit, zone) if visit else None,
            at_risk_cents=at_risk.get(key, 0),
        )
    return found


def chosen_by_hand(
    session: Session, patient_ids: Collection[int], *, as_of: datetime, location_id: int | None
) -> tuple[Candidate, ...]:
    """People ticked on a list, in its order, with what is known of their card. Those of another location are left."""
    known = {row.key: row for row in cards(session, location_id=location_id, as_of=as_of).rows}
    patient = table_of(Patient)
    names: dict[int, str] = {}
    for part in in_parts(set(patient_ids)):
        query = select(patient.c.id, patient.c.first_name, patient.c.last_name).where(
            patient.c.id.in_(part), patient.c.gone_at.is_(None)
        )
        if location_id is not None:
            query = query.where(patient.c.location_id.is_(None) | (patient.c.location_id == location_id))
        names |= {key: f"{first} {last}".strip() for key, first, last in session.execute(query)}
    made = []
    for key in dict.fromkeys(patient_ids):
        if key in names:
            row = known.get(key)
            fields = {"last_four": row.last_four or ""} if row else {}
            if row and row.expires_on:
                fields["expiry"] = f"{row.expires_on:%m/%y}"
            fields = {name: words for name, words in fields.items() if words}
            made.append(Candidate(key, names[key], row.reason if row else "Chosen on the list.", fields))
    return tuple(made)


def _owners(session: Session, column, *where) -> list[int]:  # type: ignore[no-untyped-def]  # SQL expressions
    return [row[0] for row in session.execute(select(column).where(column.is_not(None), *where).distinct())]


def _next_visits(session: Session, patient_ids: Collection[int], as_of: datetime) -> dict[int, datetime]:
    visit = table_of(Appointment)
    found: dict[int, datetime] = {}
    for part in in_parts(set(patient_ids)):
        rows = session.execute(
            select(visit.c.patient_id, func.min(visit.c.starts_at, type_=UtcInstant))
            .where(
                visit.c.patient_id.in_(part),
                visit.c.gone_at.is_(None),
                visit.c.starts_at > as_of,
                visit.c.status.in_(OPEN_STATUSES),
            )
            .group_by(visit.c.patient_id)
        )
        found.update((key, at) for key, at in rows)
    return found
