"""The memberships report: who is over- or under-booked, about to lose visits, or has nothing booked (CONTRACTS §2)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core.bulk import making_many
from core.memberships.facts import MembershipFinding, MembershipState, StateRow
from core.memberships.members import MemberPatient, findings_of, members_of, read_all, zones_of
from core.practice.reports import locations
from core.reports.head import Report, make_report
from core.reports.membership_row import MembershipRow
from core.severity import RANK


def memberships(session: Session, *, location_id: int | None, as_of: datetime, whole: bool = False) -> Report:
    """One row per membership, period, service class and state that has something to say, worst first.

    as_of: aware UTC. whole: see members_of. Raises NotFound for a location that is not there.
    """
    places = locations(session, location_id)
    zones = zones_of((place.id, place.time_zone) for place in places)
    with making_many():
        people = members_of(session, zones, as_of, whole=whole)
        rows = list(_rows(session, people, as_of))
        rows.sort(key=_worst_first)
    return make_report(session, "memberships", places, location_id, as_of, rows)


def _rows(session: Session, people: dict[int, MemberPatient], as_of: datetime) -> Iterator[MembershipRow]:
    """What the memberships say; those of whom older visits must be known are judged again from all of them."""
    unsure: dict[int, MemberPatient] = {}
    for key, one in people.items():
        findings = list(findings_of(one, as_of))
        if any(finding.unsure for finding in findings):
            unsure[key] = one
            continue
        for finding in findings:
            for said in finding.states:
                yield _row(one, finding, said)
    if unsure:
        read_all(session, unsure)
        yield from _rows(session, unsure, as_of)


def _row(one: MemberPatient, finding: MembershipFinding, said: StateRow) -> MembershipRow:
    line = said.line
    coming = finding.next_visit.starts_at if finding.next_visit else None
    person = (one.time_zone, one.initials, one.mobile_last_four, one.name_key)
    about = (one.key, finding.membership.external_id, one.patient_id, one.name, finding.plan.name)
    if line is None:
        nothing = (None, None, None, None, None, None, None, None, (), ())
        about = (*about, *nothing, said.state, said.severity, said.reason, None, 0, None, 0, 0)
        return MembershipRow(*about, finding.last_visit, coming, *person)
    excess = line.excess
    return MembershipRow(
        *about,
        line.period_start,
        line.ends_on,
        line.service_class,
        line.allowance,
        line.used,
        line.booked,
        line.committed,
        line.over,
        tuple([visit.external_id for visit in excess]) if excess else (),
        tuple([visit.starts_at for visit in excess]) if excess else (),
        said.state,
        said.severity,
        said.reason,
        line.should_be,
        line.lapsing,
        _lapses_on(finding, said),
        line.rollover,
        line.add_ons,
        finding.last_visit,
        coming,
        *person,
    )


def _lapses_on(finding: MembershipFinding, said: StateRow) -> date | None:
    if said.state is not MembershipState.UNDER_BOOKED or said.line is None or finding.terms is None:
        return None
    return min(said.line.period_end, finding.terms.end)


def _worst_first(row: MembershipRow) -> Any:
    return (
        RANK[row.severity],
        row.name_key,
        row.patient_id,
        row.membership_id,
        row.period_start or date.max,
        row.service_class or "",
        row.state,
    )
