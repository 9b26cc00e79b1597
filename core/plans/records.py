"""Plans as the rules need them, read with a few indexed queries: instalments, payments, refunds, visits done."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from operator import attrgetter
from typing import Any

from sqlalchemy import literal, select
from sqlmodel import Session

from core import clock
from core.ledger.facts import EntryFacts
from core.payments.facts import PaymentFacts
from core.plans import queries
from core.plans.desk_money import DeskRow, desk_payments
from core.plans.facts import InstalmentFacts, PlanFacts, PlanFinding
from core.plans.models import PlanPromise, PlanSettlement, PlanStatus
from core.plans.promises import PromiseFacts, PromiseFinding, judge_promise, standing_promise
from core.plans.rules import judge_plan
from core.plans.settlements import SettlementFacts, standing_settlement
from core.store.base import table_of
from core.store.statements import IDS

IN_TIME = attrgetter("happened_at", "id")
AT_ONCE = 5_000  # ids in one IN list
_promise, _settlement = table_of(PlanPromise), table_of(PlanSettlement)
_PROMISES = select(*(_promise.c[name] for name in PromiseFacts._fields)).where(_promise.c.plan_id.in_(IDS))
_SETTLEMENTS = select(
    *(literal(None) if name == "decided_on" else _settlement.c[name] for name in SettlementFacts._fields)
).where(_settlement.c.plan_id.in_(IDS))
_AT = PaymentFacts._fields.index("happened_at")


@dataclass(slots=True)
class PlanRecord:
    """One plan with everything `judge_plan` wants. card_ref: external id of the card it charges, known here or not."""

    plan: PlanFacts
    instalments: list[InstalmentFacts] = field(default_factory=list)
    payments: list[PaymentFacts] = field(default_factory=list)
    done_visits: int | None = None
    card_ref: str | None = None
    promises: list[PromiseFacts] = field(default_factory=list)
    settlements: list[SettlementFacts] = field(default_factory=list)

    def judged(self, today: date) -> PlanFinding:
        """What the rule finds on a local day."""
        return judge_plan(
            self.plan,
            self.instalments,
            self.payments,
            today,
            done_visits=self.done_visits,
            settled=standing_settlement(self.settlements),
        )

    def promise(self, today: date, time_zone: str) -> PromiseFinding | None:
        """The promise that stands, and what became of it."""
        promise = standing_promise(self.promises)
        if promise is None:
            return None
        recorded_on = clock.local_date(promise.recorded_at, time_zone)
        return judge_promise(promise, self.payments, today, recorded_on=recorded_on)


def plan_records(
    session: Session, plan_ids: Sequence[int], time_zone: str, *, done_visits: bool = True
) -> dict[int, PlanRecord]:
    """The plans of these store ids, whole but for the card's store id. Payment dates are local to `time_zone`."""
    found: dict[int, PlanRecord] = {}
    for start in range(0, len(plan_ids), AT_ONCE):
        chunk = list(plan_ids[start : start + AT_ONCE])
        made = {}
        for card_ref, *row in rows_of(session, queries.PLANS_BY_ID, ids=chunk):
            plan = PlanFacts._make(row)
            made[plan.id] = PlanRecord(plan, card_ref=card_ref)
        add_instalments(session, made)
        add_payments(session, made, clock.zone(time_zone))
        add_said(session, made, time_zone)
        if done_visits:
            count_done_visits(session, made, time_zone)
        found |= made
    return found


def rows_of(session: Session, query: Any, **parameters: Any) -> Sequence[Any]:
    """Every row at once: fetched one by one they cost three times as much."""
    return session.connection().execute(query, parameters).all()


def local_payment(row: Sequence[Any], zone: tzinfo) -> PaymentFacts:
    """The facts of a row of queries' payments, with its date on the location's wall."""
    return PaymentFacts._make((*row[: _AT + 1], row[_AT].astimezone(zone).date(), *row[_AT + 2 :]))


def add_instalments(session: Session, records: Mapping[int, PlanRecord]) -> None:
    for row in rows_of(session, queries.INSTALMENTS, ids=list(records)) if records else ():
        instalment = InstalmentFacts._make(row)
        records[instalment.plan_id].instalments.append(instalment)


def add_payments(session: Session, records: Mapping[int, PlanRecord], zone: tzinfo) -> None:
    """All payments of the plans in time order, those that only the ledger knows of as well, and the refunds of them,
    which may carry no plan of their own. The records hold their instalments already."""
    if not records:
        return
    for row in rows_of(session, queries.PAYMENTS_OF_PLANS, ids=list(records)):
        payment = local_payment(row, zone)
        records[payment.plan_id or 0].payments.append(payment)
    desk = _desk_rows(session, records)
    elsewhere = _adopt_loose(session, records, desk, zone)
    _add_refunds(session, records, lambda row: local_payment(row, zone))
    for key, rows in desk.items():
        records[key].payments += desk_payments(rows, records[key].payments, zone, elsewhere)
    for record in records.values():
        record.payments.sort(key=IN_TIME)


def _desk_rows(session: Session, records: Mapping[int, PlanRecord]) -> dict[int, list[DeskRow]]:
    """Ledger rows by the plan they name, or that a person says they paid."""
    found: dict[int, list[DeskRow]] = {}
    for query in queries.DESK_ROWS:
        for plan_id, ref, *row in rows_of(session, query, ids=list(records)):
            paid = next((i.id for i in records[plan_id].instalments if i.external_id == ref), None)
            found.setdefault(plan_id, []).append(DeskRow(EntryFacts._make(row), plan_id, paid))
    return found


def _adopt_loose(
    session: Session, records: Mapping[int, PlanRecord], desk: Mapping[int, Sequence[DeskRow]], zone: tzinfo
) -> set[str]:
    """A payment that says of no contract what it is for, and that the ledger posts on a plan, pays that plan. Returns
    the order ids that some payment has."""
    plan_of = {row.entry.order_id: key for key, rows in desk.items() for row in rows if row.entry.order_id}
    orders, seen = sorted(plan_of), set[str]()
    for start in range(0, len(orders), AT_ONCE):
        for row in rows_of(session, queries.PAYMENTS_OF_ORDERS, orders=orders[start : start + AT_ONCE]):
            payment = local_payment(row, zone)
            assert payment.order_id is not None
            seen.add(payment.order_id)
            key = plan_of[payment.order_id]
            tied = payment.plan_id or payment.instalment_id or payment.membership_id or payment.refund_ref
            if not tied:
                records[key].payments.append(payment._replace(plan_id=key))
    return seen


def _add_refunds(
    session: Session, records: Mapping[int, PlanRecord], local: Callable[[Sequence[Any]], PaymentFacts]
) -> None:
    """A refund may carry no plan of its own: it belongs to the plan of the payment that it gives back."""
    plan_of = {
        (p.connection_id, p.external_id): key for key, record in records.items() for p in record.payments
    }
    for row in _refunds(session, sorted({external_id for _, external_id in plan_of})):
        refund = local(row)
        key = plan_of.get((refund.connection_id, refund.refund_ref or ""))
        if key is not None and refund.plan_id != key:
            records[key].payments.append(refund)


def _refunds(session: Session, refs: Sequence[str]) -> Sequence[Any]:
    """Refund rows of these payments. Of many payments all refunds there are: they are few, the payments are not."""
    if not refs:
        return []
    if len(refs) > AT_ONCE:
        return rows_of(session, queries.REFUNDS)
    return rows_of(session, queries.REFUNDS_OF, refs=refs)


def add_said(session: Session, records: Mapping[int, PlanRecord], time_zone: str) -> None:
    """What people promised and decided about the plans."""
    if not records:
        return
    for row in rows_of(session, _PROMISES, ids=list(records)):
        promise = PromiseFacts._make(row)
        records[promise.plan_id].promises.append(promise)
    ended = [key for key, record in records.items() if record.plan.status == PlanStatus.CANCELLED]
    for row in rows_of(session, _SETTLEMENTS, ids=ended) if ended else ():
        settlement = SettlementFacts._make(row)
        decided_on = clock.local_date(settlement.decided_at, time_zone)
        records[settlement.plan_id].settlements.append(settlement._replace(decided_on=decided_on))


def count_done_visits(session: Session, records: Mapping[int, PlanRecord], time_zone: str) -> None:
    """Done visits of each plan's patient from its first to its last day: what has been delivered (DOMAIN §4)."""
    wanted = {key: one.plan for key, one in records.items() if one.plan.visits and one.plan.start_date}
    if not wanted:
        return
    done = done_days(session, wanted.values(), time_zone)
    for key, plan in wanted.items():
        begin, end = plan.start_date or date.min, plan.end_date or date.max
        records[key].done_visits = sum(begin <= day <= end for day in done.get(plan.patient_id, ()))


def done_days(session: Session, plans: Collection[PlanFacts], time_zone: str) -> dict[int, list[date]]:
    """By patient the local days of their done visits from the first day of these plans on, which all have one."""
    first = min(plan.start_date for plan in plans if plan.start_date)
    ids = list({plan.patient_id for plan in plans})
    zone, done = clock.zone(time_zone), dict[int, list[date]]()
    since = clock.day_bounds(first, time_zone)[0]
    for start in range(0, len(ids), AT_ONCE):
        for patient_id, starts_at in rows_of(
            session, queries.DONE_SINCE, ids=ids[start : start + AT_ONCE], since=since
        ):
            done.setdefault(patient_id, []).append(starts_at.astimezone(zone).date())
    return done
