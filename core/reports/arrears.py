"""Who is behind on a plan, by how much and since when (CONTRACTS §2, DOMAIN §4): the report `arrears`.

SQL narrows (narrow.py), the rule of every other page judges (rules.py). A family contract is one row, at the payer.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from core import clock
from core.bulk import making_many
from core.dues.askable import ItemAsk, LeftOut, Why, because
from core.dues.missing import MissingPayment
from core.findings import queries
from core.findings.gather import gather
from core.findings.judge import Owing, owing_of
from core.findings.setting import setting_of
from core.messages.models import Message
from core.money import short_dollars
from core.names import folded
from core.patients.person import Person
from core.plans.facts import InstalmentState, PlanFinding, PlanState
from core.plans.narrow import may_be_behind
from core.plans.promises import PromiseFinding, calmed, calms
from core.plans.records import AT_ONCE, PlanRecord, plan_records, rows_of
from core.plans.wording import what_happened
from core.practice.models import Location
from core.practice.reports import first_of, locations
from core.reports.arrears_rows import AgingCell, ArrearsRow, PromiseCell
from core.reports.head import Report, make_report
from core.severity import RANK
from core.store.base import table_of
from core.store.statements import IDS
from core.store.types import UtcInstant

JUDGED_AT_ONCE = 1_000  # what one batch needs is let go before the next
_message = table_of(Message)
_LAST_MESSAGE = (
    select(_message.c.patient_id, func.max(_message.c.sent_at, type_=UtcInstant))
    .where(
        _message.c.patient_id.in_(IDS),
        _message.c.sent_at <= bindparam("until", type_=UtcInstant),
    )
    .group_by(_message.c.patient_id)
)
_BEHIND = (PlanState.BEHIND, PlanState.COMPLETED_OWING, PlanState.SETTLEMENT)


class _Seen(NamedTuple):
    """today is local; visits, and the last message that went out, are those of the person who pays, aware UTC."""

    today: date
    next_visit: datetime | None
    last_visit: datetime | None
    last_message: datetime | None


def arrears(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """One row per plan that is behind at `as_of` (aware UTC), worst first; plans that cannot be judged come last.

    location_id: of the person who pays. A plan that was ended early stands here with what was due at its end.
    """
    places = locations(session, location_id)
    rows = [row for row in plan_rows(session, places, as_of) if is_behind(row)]
    return make_report(session, "arrears", places, location_id, as_of, rows)


def plans_to_look_at(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """The rows of `arrears`, and besides the plans that were ended early with money open either way: to be settled."""
    places = locations(session, location_id)
    rows = plan_rows(session, places, as_of, ended_early=True)
    return make_report(session, "arrears", places, location_id, as_of, rows)


def is_behind(row: ArrearsRow) -> bool:
    """Money is past due, or nobody can say."""
    return row.arrears_cents is None or row.arrears_cents > 0


def plan_rows(
    session: Session, places: Sequence[Location], as_of: datetime, *, ended_early: bool = False
) -> list[ArrearsRow]:
    """Rows of the plans with something to tell, worst first: the most money, then the longest past due."""
    with making_many():
        found = list(_everywhere(session, places, as_of, ended_early=ended_early))
    found.sort(key=_worst_first)
    return found


def _everywhere(
    session: Session, places: Sequence[Location], as_of: datetime, *, ended_early: bool
) -> Iterator[ArrearsRow]:
    by_zone = sorted(places, key=lambda place: place.time_zone)
    for zone, group in groupby(by_zone, key=lambda place: place.time_zone):
        mine = list(group)
        ids = [place.id for place in mine if place.id is not None]
        # patients of no location stand with the first one, as on every page
        homeless = first_of(session) in ids
        yield from _rows_in_zone(session, ids, homeless, zone, as_of, ended_early=ended_early)


def _worst_first(row: ArrearsRow) -> tuple[int, int, int, str, str]:
    severity = RANK[row.severity] if row.severity is not None else len(RANK)
    return (severity, -(row.arrears_cents or 0), -(row.days_past_due or 0), row.patient, row.plan_id)


def _rows_in_zone(
    session: Session, ids: list[int], homeless: bool, zone: str, as_of: datetime, *, ended_early: bool
) -> Iterator[ArrearsRow]:
    today = clock.local_date(as_of, zone)
    until = clock.day_bounds(today, zone)[1]
    wanted = may_be_behind(
        session, places=ids, homeless=homeless, today=today, until=until, ended_early=ended_early
    )
    for start in range(0, len(wanted), JUDGED_AT_ONCE):
        records = plan_records(session, wanted[start : start + JUDGED_AT_ONCE], zone)
        judged = [(record, record.judged(today)) for record in records.values()]
        told = [(record, finding) for record, finding in judged if _tells(finding)]
        yield from _made(session, told, today, zone, as_of)


def _tells(finding: PlanFinding) -> bool:
    """Behind, not to be judged, or ended early with money open either way."""
    if finding.state is PlanState.UNKNOWN:
        return True
    open_cents = finding.arrears_cents
    if finding.state is PlanState.SETTLEMENT:
        open_cents += (finding.exposure_cents or 0) + (finding.unearned_cents or 0)
    return finding.state in _BEHIND and open_cents > 0


def _made(
    session: Session, told: list[tuple[PlanRecord, PlanFinding]], today: date, zone: str, as_of: datetime
) -> Iterable[ArrearsRow]:
    payers = {record.plan.id: record.plan.payer_id or record.plan.patient_id for record, _ in told}
    everybody = sorted({*payers.values(), *(record.plan.patient_id for record, _ in told)})
    people = {row[0]: Person._make(row) for row in _of(session, queries.PERSONS, everybody)}
    coming = dict(_of(session, queries.NEXT_OPEN, sorted(set(payers.values())), after=as_of))
    last = dict(_of(session, queries.LAST_DONE, sorted(set(payers.values())), until=as_of))
    written = dict(_of(session, _LAST_MESSAGE, sorted(set(payers.values())), until=as_of))
    asked = _asked(session, sorted(set(payers.values())), zone, as_of)
    for record, finding in told:
        payer = people[payers[record.plan.id]]
        member = people[record.plan.patient_id]
        asks = _Asks.of(asked.get(payer.id), record.plan.external_id, today)
        seen = _Seen(today, coming.get(payer.id), last.get(payer.id), written.get(payer.id))
        yield _row(record, finding, payer, member, asks, record.promise(today, zone), seen)


def _of(session: Session, query: Any, ids: Sequence[int], **given: Any) -> Iterator[Any]:
    for start in range(0, len(ids), AT_ONCE):
        yield from rows_of(session, query, ids=list(ids[start : start + AT_ONCE]), **given)


def _asked(session: Session, payers: list[int], zone: str, as_of: datetime) -> dict[int, Owing]:
    """What may be asked of each payer, by the rules of the morning."""
    place = next(one for one in locations(session) if one.time_zone == zone)
    setting = setting_of(session, place, as_of)
    facts = gather(session, payers, as_of=as_of, time_zone=zone)
    return {key: owing_of(one, setting) for key, one in facts.items()}


class _Asks(NamedTuple):
    """Of one plan: its late items with what may be asked, the missing ones, and the ledger rows that may have paid them."""

    items: tuple[ItemAsk, ...] = ()
    missing: tuple[MissingPayment, ...] = ()

    @classmethod
    def of(cls, judged: Owing | None, plan_id: str, today: date) -> "_Asks":
        if judged is None:
            return cls()
        items = tuple(one for one in judged.asking.of_contract(("plan", plan_id)) if one.item.due_on < today)
        mine = {(one.item.kind, one.item.id) for one in items}
        return cls(items, tuple(one for one in judged.missing if (one.kind, one.id) in mine))

    @property
    def cents(self) -> int:
        return sum(one.cents for one in self.items)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return tuple(out for one in self.items for out in one.left_out)

    def advice(self) -> str:
        """What to say for the whole of the arrears: the words of the worst instalment, the sum of what may be asked."""
        if not self.missing:
            return ""
        worst = min(self.missing, key=lambda one: (not one.ask_cents, RANK[one.severity]))
        if not worst.ask_cents:
            return worst.advice
        advice = worst.advice.replace(short_dollars(worst.ask_cents), short_dollars(self.cents), 1)
        return f"{advice} {because(self.left_out)}".strip()


def _row(
    record: PlanRecord,
    finding: PlanFinding,
    payer: Person,
    member: Person,
    asks: _Asks,
    promise: PromiseFinding | None,
    seen: _Seen,
) -> ArrearsRow:
    known = finding.known
    return ArrearsRow(
        key=payer.id,
        plan_key=record.plan.id,
        name_key=folded(f"{payer.last_name} {payer.first_name}"),
        plan_id=record.plan.external_id,
        plan=record.plan.name,
        patient_id=payer.external_id,
        patient=payer.name,
        initials="".join(f"{part[0]}." for part in (payer.first_name, payer.last_name) if part),
        mobile_last_four=payer.mobile_last_four,
        family=finding.family,
        member_id=member.external_id if finding.family else None,
        member=member.name if finding.family else None,
        state=finding.state,
        severity=calmed(finding.severity, promise),
        expected_cents=finding.expected_cents if known else None,
        paid_cents=finding.paid_cents,
        arrears_cents=finding.arrears_cents if known else None,
        pending_cents=finding.pending_cents,
        days_past_due=finding.days_past_due if known else None,
        missed_count=finding.missed_count if known else None,
        since=finding.oldest_due_on,
        aging=AgingCell(*finding.aging) if known else None,
        remaining_cents=finding.remaining_cents if known else None,
        exposure_cents=finding.exposure_cents,
        unearned_cents=finding.unearned_cents,
        next_visit=seen.next_visit,
        last_visit=seen.last_visit,
        last_contact_at=_last_contact(record, seen),
        promise=_promise_cell(promise) if promise else None,
        reminders_stopped=finding.reminders_stopped,
        reason=finding.reason,
        last_event=_last_event(finding, asks, seen.today),
        advice="" if calms(promise) and not asks.cents else asks.advice(),
        ask_cents=asks.cents,
        not_asked=because(asks.left_out),
    )


def _last_event(finding: PlanFinding, asks: _Asks, today: date) -> str:
    """What was tried last for what is late; of several the newest attempt. Nothing, where it may have been paid."""
    if any(out.why is Why.DESK for out in asks.left_out):
        return ""
    late = [one for one in finding.instalments if one.state is InstalmentState.LATE]
    tried = [one for one in late if one.attempts]
    told = max(tried, key=lambda one: one.attempts[-1].happened_at) if tried else next(iter(late), None)
    return what_happened(told, today) if told else ""


def _last_contact(record: PlanRecord, seen: _Seen) -> datetime | None:
    """When they were last spoken or written to, as far as anybody wrote it down: a visit, a promise, a message."""
    known = [*(promise.recorded_at for promise in record.promises), seen.last_visit, seen.last_message]
    return max((at for at in known if at is not None), default=None)


def _promise_cell(found: PromiseFinding) -> PromiseCell:
    promise = found.promise
    return PromiseCell(
        state=found.state,
        amount_cents=promise.amount_cents,
        due_on=promise.due_on,
        came_cents=found.came_cents,
        said_by=promise.said_by,
        recorded_at=promise.recorded_at,
        recorded_by=promise.recorded_by,
        sentence=found.sentence,
    )
