"""The memberships report: who is over- or under-booked, about to lose visits, or has nothing booked (CONTRACTS §2)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core.memberships.members import MemberPatient, members_of
from core.memberships.rows import MembershipRow
from core.memberships.rules import (
    MembershipFinding,
    MembershipState,
    StateRow,
    covered_elsewhere,
    judge_membership,
)
from core.morning.reports import locations, make_report
from core.morning.rows import Report
from core.severity import RANK


def memberships(session: Session, *, location_id: int | None, as_of: datetime, whole: bool = False) -> Report:
    """One row per membership, period, service class and state that has something to say, worst first.

    as_of: aware UTC. whole: see members_of. Raises NotFound for a location that is not there.
    """
    places = locations(session, location_id)
    people = members_of(session, places, as_of, whole=whole)
    rows = [row for one in people.values() for row in rows_of_patient(one, as_of)]
    rows.sort(key=_worst_first)
    return make_report(session, "memberships", places, location_id, as_of, rows)


def rows_of_patient(one: MemberPatient, as_of: datetime) -> Iterator[MembershipRow]:
    """What the memberships of one patient say at an instant."""
    elsewhere: dict[int, frozenset[int]] = {}
    if len(one.members) > 1:
        several = [(member.membership, member.plan, member.benefits) for member in one.members]
        elsewhere = covered_elsewhere(several, one.visits, as_of, one.time_zone)
    for member in one.members:
        finding = judge_membership(
            *member,
            one.visits,
            as_of,
            one.time_zone,
            last_done=one.last_done,
            covered_elsewhere=elsewhere.get(member.membership.id, frozenset()),
        )
        for said in finding.states:
            yield _row(one, finding, said)


def _row(one: MemberPatient, finding: MembershipFinding, said: StateRow) -> MembershipRow:
    line = said.line
    return MembershipRow(
        key=one.key,
        membership_id=finding.membership.external_id,
        patient_id=one.patient_id,
        patient=one.name,
        name=finding.plan.name,
        period_start=line.period_start if line else None,
        period_end=line.period_end if line else None,
        service_class=line.service_class if line else None,
        allowance=line.allowance if line else None,
        used=line.used if line else None,
        booked=line.booked if line else None,
        committed=line.committed if line else None,
        over=line.over if line else None,
        excess_appointment_ids=tuple(visit.external_id for visit in line.excess) if line else (),
        excess_starts_at=tuple(visit.starts_at for visit in line.excess) if line else (),
        state=said.state,
        severity=said.severity,
        reason=said.reason,
        should_be=line.should_be if line else None,
        lapsing=line.lapsing if line else 0,
        lapses_on=_lapses_on(finding, said),
        rollover=line.rollover if line else 0,
        add_ons=line.add_ons if line else 0,
        last_visit=finding.last_visit,
        next_visit=finding.next_visit.starts_at if finding.next_visit else None,
        time_zone=one.time_zone,
    )


def _lapses_on(finding: MembershipFinding, said: StateRow) -> date | None:
    if said.state is not MembershipState.UNDER_BOOKED or said.line is None or finding.terms is None:
        return None
    return min(said.line.period_end, finding.terms.end)


def _worst_first(row: MembershipRow) -> Any:
    return (
        RANK[row.severity],
        row.patient,
        row.patient_id,
        row.membership_id,
        row.period_start or date.max,
        row.service_class or "",
        row.state,
    )
