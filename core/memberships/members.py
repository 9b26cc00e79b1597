"""Everybody with a membership and the visits their rules can still read, in a few indexed queries.

SQL narrows to visits from the start of the oldest period that a member still counts in. What it leaves out cannot
change an answer: tests judge the same practice from everything and compare.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam, func, literal, select
from sqlmodel import Session

from core import clock
from core.errors import NotFound
from core.memberships.facts import (
    BenefitFacts,
    ExtraFacts,
    Member,
    MembershipFacts,
    MembershipFinding,
    MembershipPlanFacts,
)
from core.memberships.models import Membership, MembershipBenefit, MembershipExtra, MembershipPlan
from core.memberships.pools import Mate
from core.memberships.rules import Given, Moment, covered_elsewhere, judge_membership
from core.memberships.standing_choices import standing_choices
from core.memberships.terms import counts_since, terms_of
from core.patients.models import Patient
from core.practice.models import Location
from core.practice.reports import places
from core.schedule.models import Appointment, AppointmentStatus, AppointmentType
from core.schedule.rules import VisitFacts
from core.settings import settings
from core.store.base import table_of
from core.store.statements import IDS, refs_of
from core.store.types import UtcInstant

ALL_TIME, END_OF_TIME = date(1, 1, 2), date(9999, 12, 30)
LOOK_BACK_DAYS = 95  # of visits that usually settle what rolled over
NEAR_DAYS = 40  # the longest period that may have begun before today, and the week it began in


@dataclass(slots=True)
class MemberPatient:
    """A patient with their memberships. visits: those read, from the local date `since` on (None: all that ever were);
    last_done: the last one done, however old. mates: others with a membership of the same pool."""

    key: int
    patient_id: str
    name: str
    name_key: str
    initials: str
    mobile_last_four: str | None
    time_zone: str
    members: list[Member] = field(default_factory=list)
    visits: list[VisitFacts] = field(default_factory=list)
    last_done: datetime | None = None
    since: date | None = None
    mates: list["MemberPatient"] = field(default_factory=list)


def members_of(
    session: Session,
    zones: Mapping[int | None, str],
    as_of: datetime,
    *,
    only: int | None = None,
    whole: bool = False,
) -> dict[int, MemberPatient]:
    """The members of some locations by the patient's store id, with their visits. as_of: aware UTC.

    zones: time zone by location id, None = of patients without a location (see zones_of). Inactive patients are in it
    too: a membership goes on being paid. only: that patient alone (store id). whole=True reads every visit there is
    instead of those that can matter, for comparison.
    """
    people = _people(session, zones, only)
    if people:
        everybody = {**people, **_pool_mates(session, people, zones)}
        _add_visits(session, everybody, as_of, whole=whole)
        _add_last_done(session, people, as_of)
    return people


def _pool_mates(
    session: Session, people: dict[int, MemberPatient], zones: Mapping[int | None, str]
) -> dict[int, MemberPatient]:
    """Introduce patients who share a pool to each other. Returns those of them who are not asked about: of another
    location, or besides the one patient."""
    pools = {m.membership.pool_id for one in people.values() for m in one.members if m.membership.pool_id}
    if not pools:
        return {}
    at: dict[str, list[int]] = {}
    for pool_id, key in session.connection().execute(_POOLS, {"pools": sorted(pools)}).all():
        at.setdefault(pool_id, []).append(key)
    anywhere = {
        **dict.fromkeys(session.connection().execute(_PLACES).scalars(), zones_of(zones.items())[None]),
        **zones,
    }
    others: dict[int, MemberPatient] = {}
    for key in {key for keys in at.values() for key in keys} - people.keys():
        others |= _people(session, anywhere, key)
    for pool_id in sorted(at):
        together = [one for key in at[pool_id] if (one := people.get(key) or others.get(key)) is not None]
        for one in together:
            one.mates += [mate for mate in together if mate is not one and mate not in one.mates]
    return others


def read_all(session: Session, people: Mapping[int, MemberPatient]) -> None:
    """Read every visit of these members, where the recent ones left unsure what rolled over."""
    kinds = _kinds(session)
    for ids in _chunks(list(people)):
        for one in map(people.__getitem__, ids):
            one.visits, one.since = [], None
        ever = {"ids": ids, "since": _instant(ALL_TIME), "until": _instant(END_OF_TIME)}
        _take(people, session.connection().execute(_VISITS_OF, ever).all(), kinds)


def zones_of(locations: Iterable[tuple[int | None, str]]) -> dict[int | None, str]:
    """Time zone by location, given by name; patients of no location stand with the first one."""
    zones = dict(locations)
    return {None: next(iter(zones.values()), "UTC"), **zones}


def member_patient(session: Session, key: int, as_of: datetime) -> MemberPatient:
    """One patient (store id) with memberships and visits, as members_of reads them. Raises NotFound."""
    zones = zones_of((place.key, place.time_zone) for place in places(session))
    found = members_of(session, zones, as_of, only=key).get(key)
    if found is None:
        raise NotFound("This patient has no membership any more. Refresh the page.")
    return found


_member, _plan, _benefit = table_of(Membership), table_of(MembershipPlan), table_of(MembershipBenefit)
_extra, _patient = table_of(MembershipExtra), table_of(Patient)
_visit, _kind = table_of(Appointment), table_of(AppointmentType)
_NONE = literal(None)  # the card is of no account here

_MEMBERS = (
    select(
        _patient.c.external_id,
        _patient.c.first_name,
        _patient.c.last_name,
        _patient.c.mobile_last_four,
        _patient.c.location_id,
        *(_NONE if name == "card_id" else _member.c[name] for name in MembershipFacts._fields),
    )
    .join_from(_member, _patient, _member.c.patient_id == _patient.c.id)
    .where(_member.c.gone_at.is_(None), _patient.c.gone_at.is_(None))
    .order_by(_member.c.patient_id, _member.c.id)
)
_POOLS = (
    select(_member.c.pool_id, _member.c.patient_id)
    .where(_member.c.pool_id.in_(refs_of("pools")), _member.c.gone_at.is_(None))
    .distinct()
    .order_by(_member.c.pool_id, _member.c.patient_id)
)
_PLACES = select(table_of(Location).c.id)
_PLANS = select(*(_plan.c[name] for name in MembershipPlanFacts._fields))
_BENEFITS = select(_benefit.c.membership_plan_id, *(_benefit.c[name] for name in BenefitFacts._fields)).where(
    _benefit.c.gone_at.is_(None)
)
_EXTRAS = select(_extra.c.membership_id, *(_extra.c[name] for name in ExtraFacts._fields)).where(
    _extra.c.gone_at.is_(None)
)
_KINDS = select(_kind.c.id, _kind.c.service_class, _kind.c.price_cents)
_of_members = _visit.c.patient_id.in_(select(_member.c.patient_id).where(_member.c.gone_at.is_(None)))
_NOT_COMING = [AppointmentStatus.CANCELLED.value, AppointmentStatus.RESCHEDULED.value]
_VISITS = select(
    _visit.c.id,
    _visit.c.external_id,
    _visit.c.patient_id,
    _visit.c.appointment_type_id,
    _visit.c.starts_at,
    _visit.c.status,
).where(_visit.c.gone_at.is_(None), _visit.c.status.not_in(_NOT_COMING))
_SINCE = bindparam("since", type_=UtcInstant)
_VISITS_OF_MEMBERS = _VISITS.where(_of_members, _visit.c.starts_at >= _SINCE)
_VISITS_OF = _VISITS.where(
    _visit.c.patient_id.in_(IDS),
    _visit.c.starts_at >= _SINCE,
    _visit.c.starts_at < bindparam("until", type_=UtcInstant),
)
_LAST_DONE = (
    select(_visit.c.patient_id, func.max(_visit.c.starts_at, type_=UtcInstant))
    .where(
        _visit.c.patient_id.in_(IDS),
        _visit.c.status == "completed",
        _visit.c.gone_at.is_(None),
        _visit.c.starts_at <= bindparam("until", type_=UtcInstant),
    )
    .group_by(_visit.c.patient_id)
)


def _people(session: Session, zones: Mapping[int | None, str], only: int | None) -> dict[int, MemberPatient]:
    """Everybody with a membership at these locations, by store id, without their visits."""
    connection = session.connection()
    members = _MEMBERS if only is None else _MEMBERS.where(_member.c.patient_id == only)
    plans = {row[0]: MembershipPlanFacts._make(row) for row in connection.execute(_PLANS).all()}
    benefits: dict[int, list[BenefitFacts]] = {}
    for plan_id, *row in connection.execute(_BENEFITS).all():
        benefits.setdefault(plan_id, []).append(BenefitFacts._make(row))
    extras: dict[int, list[ExtraFacts]] = {}
    for membership_id, *row in connection.execute(_EXTRAS).all():
        extras.setdefault(membership_id, []).append(ExtraFacts._make(row))
    choices = standing_choices(session)
    people: dict[int, MemberPatient] = {}
    for patient_id, first_name, last_name, mobile, location_id, *row in connection.execute(members).all():
        if location_id not in zones:
            continue
        facts = MembershipFacts._make(row)
        one = people.get(facts.patient_id)
        if one is None:
            one = people[facts.patient_id] = MemberPatient(
                facts.patient_id,
                patient_id,
                f"{first_name} {last_name}".strip(),
                f"{last_name} {first_name}".lower(),
                "".join([f"{part[0]}." for part in (first_name, last_name) if part]),
                mobile,
                zones[location_id],
            )
        plan = plans[facts.membership_plan_id]
        one.members.append(
            Member(
                facts, plan, benefits.get(plan.id, []), extras.get(facts.id, ()), choices.get(facts.id, ())
            )
        )
    return people


def _add_visits(session: Session, people: dict[int, MemberPatient], as_of: datetime, *, whole: bool) -> None:
    """Visits from where each patient's oldest counted period starts; of those who need only this period, in one go."""
    near = _instant(clock.local_date(as_of, "UTC") - timedelta(days=NEAR_DAYS))
    kinds = _kinds(session)
    if len(people) > 1:
        recent = session.connection().execute(_VISITS_OF_MEMBERS, {"since": near}).all()
    else:
        alone = {"ids": list(people), "since": near, "until": _instant(END_OF_TIME)}
        recent = session.connection().execute(_VISITS_OF, alone).all()
    _take(people, recent, kinds)
    reaching: dict[int, datetime] = {}
    for key, one in people.items():
        one.since = ALL_TIME if whole else _reaches(one, as_of)
        if _instant(one.since) < near:
            reaching[key] = _instant(one.since)
    for ids in _chunks(sorted(reaching, key=reaching.__getitem__)):
        older = {"ids": ids, "since": reaching[ids[0]], "until": near}
        _take(people, session.connection().execute(_VISITS_OF, older).all(), kinds)


def _kinds(session: Session) -> dict[int, Any]:
    """Service class and price by appointment type."""
    return {row[0]: row[1:] for row in session.connection().execute(_KINDS).all()}


def _add_last_done(session: Session, people: dict[int, MemberPatient], as_of: datetime) -> None:
    """When each was last in; asked for by itself where it was before the visits that were read."""
    unseen = []
    for key, one in people.items():
        done = [v.starts_at for v in one.visits if v.status == "completed" and v.starts_at <= as_of]
        one.last_done = max(done, default=None)
        if one.last_done is None:
            unseen.append(key)
    for ids in _chunks(unseen):
        for key, instant in session.connection().execute(_LAST_DONE, {"ids": ids, "until": as_of}).all():
            people[key].last_done = instant


def _reaches(one: MemberPatient, as_of: datetime) -> date:
    """The local date from which on visits of this patient are read first."""
    today = clock.local_date(as_of, one.time_zone)
    return min(
        counts_since(
            member.membership,
            member.plan,
            today,
            LOOK_BACK_DAYS,
            weekly=any(benefit.per_week is not None for benefit in member.benefits),
        )
        for member in one.members
    )


def _instant(day: date) -> datetime:
    """A day before the day begins anywhere."""
    begins = datetime.combine(day, time.min, clock.EPOCH.tzinfo)
    return begins - timedelta(days=1) if day > ALL_TIME else begins


def _take(people: Mapping[int, MemberPatient], rows: Iterable[Any], kinds: dict[int, Any]) -> None:
    """Hand each visit to its patient. Who gives it and how long it takes is of no account to the rule."""
    nothing = (None, None)
    for key, external_id, patient_id, kind_id, starts_at, status in rows:
        one = people.get(patient_id)
        if one is not None:
            service_class, price = kinds.get(kind_id, nothing)
            one.visits.append(
                VisitFacts(
                    key, external_id, patient_id, None, kind_id, service_class, starts_at, None, status, price
                )
            )


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), 5_000):
        yield ids[start : start + 5_000]


def certain_findings(session: Session, one: MemberPatient, as_of: datetime) -> list[MembershipFinding]:
    """Each membership of a patient judged at an instant, from all their visits where recent ones leave it unsure."""
    findings = list(findings_of(one, as_of))
    if any(finding.unsure for finding in findings):
        read_all(session, {one.key: one})
        findings = list(findings_of(one, as_of))
    return findings


def findings_of(one: MemberPatient, as_of: datetime) -> Iterator[MembershipFinding]:
    """Each membership of a patient judged at an instant (aware UTC), with nobody at hand."""
    elsewhere: dict[int, frozenset[int]] = {}
    if len(one.members) > 1:
        several = [(member.membership, member.plan, member.benefits) for member in one.members]
        elsewhere = covered_elsewhere(several, one.visits, as_of, one.time_zone)
    moment = Moment(as_of, one.time_zone, first_weekday=settings().first_weekday)
    for member in one.members:
        elsewhere_covered = elsewhere.get(member.membership.id, frozenset())
        mates = _mates(one, member, as_of) if member.membership.pool_id else ()
        given = Given(one.visits, one.last_done, one.since, elsewhere_covered, mates)
        yield judge_membership(member, given, moment)


def _mates(one: MemberPatient, member: Member, as_of: datetime) -> list[Mate]:
    """The other memberships of the pool with their patients' visits."""
    today = clock.local_date(as_of, one.time_zone)
    return [
        Mate(other, terms_of(other.membership, other.plan, today), person.visits)
        for person in (one, *one.mates)
        for other in person.members
        if other.membership.pool_id == member.membership.pool_id and other is not member
    ]
