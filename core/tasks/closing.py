"""Why a matter is settled: the payment, card, booking or check that did it, in a sentence and with its rows. Pure.

Called only once the rule has stopped finding the matter. What did it is looked for among what came since the task was
opened, and two weeks before, since news of a payment may come late.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from core import clock
from core.cards.rules import GOOD, card_name
from core.dates import short_day
from core.findings.flags import missing_flags
from core.findings.judge import Judged
from core.findings.paid_by import JudgedPlan
from core.findings.setting import Setting
from core.ledger.facts import EntryFacts
from core.memberships.choices import ChoiceStanding
from core.money import short_dollars
from core.payments.facts import PaymentFacts
from core.plans.promises import calms
from core.tasks.from_findings import Key, Row
from core.tasks.kinds import TaskKind
from core.tasks.models import CloseReason

NEWS_MAY_BE_LATE = timedelta(days=14)


class Cleared(NamedTuple):
    """What closed a task by itself. evidence: (table, the other system's id)."""

    reason: CloseReason
    sentence: str
    evidence: tuple[Row, ...] = ()


class _Case(NamedTuple):
    key: Key
    judged: Judged
    setting: Setting
    since: date


GONE = Cleared(CloseReason.OTHER, "The patient is not active any more.")


def cleared_by(key: Key, judged: Judged, setting: Setting, opened_on: date) -> Cleared:
    """What settled the matter that `key` names. opened_on: the local day the task was opened."""
    case = _Case(key, judged, setting, opened_on - NEWS_MAY_BE_LATE)
    return next(iter(_BY_KIND[key.kind](case)), _nothing_found(key))


def _nothing_found(key: Key) -> Cleared:
    words = {
        TaskKind.CARD: "Nothing is charged to a card that would fail any more.",
        TaskKind.PAYMENT: "Nothing is missing any more; no single payment shows why.",
        TaskKind.SETTLEMENT: "The plan needs no decision any more.",
        TaskKind.BALANCE: "Nothing past due stands on the account any more.",
        TaskKind.POSTING: "Processor and ledger agree again.",
        TaskKind.OVERBOOKED: "No more visits are booked than the membership allows.",
        TaskKind.TO_BOOK: "The membership asks for no booking any more.",
        TaskKind.INSURANCE: "Nothing about the insurance needs a look before the next visit.",
        TaskKind.BOOKING: "Booking and EHR agree again, or the booking is over.",
        TaskKind.AUTHORISATION: "The next visit needs no authorisation that is missing.",
    }
    return Cleared(CloseReason.OTHER, words[key.kind])


def _payment(case: _Case) -> Iterable[Cleared]:
    plan = next((one for one in case.judged.plans if _is(case, "plan", one.record.plan.external_id)), None)
    if plan is not None:
        yield from _of_plan(case, plan)
    member = next((one for one, _ in case.judged.memberships if _is(case, "membership", one.membership.external_id)), None)  # fmt: skip
    if member is not None:
        yield from _paid(
            case, [p for p in case.judged.facts.payments if p.membership_id == member.membership.id]
        )
        yield from _retried(case)
        if member.membership.status != "active":
            row = ("membership", member.membership.external_id)
            yield Cleared(
                CloseReason.OTHER, f"The membership is {member.membership.status.replace('_', ' ')}.", (row,)
            )
    if plan is None and member is None:
        yield from _account(case)
        yield from _retried(case)


def _of_plan(case: _Case, plan: JudgedPlan) -> Iterable[Cleared]:
    today, row = case.setting.today, ("plan", plan.record.plan.external_id)
    if plan.promise is not None and calms(plan.promise) and plan.finding.arrears_cents:
        yield Cleared(CloseReason.OTHER, plan.promise.sentence, (row,))
    if not plan.finding.arrears_cents:
        yield from _paid(case, plan.record.payments)
    yield from _retried(case)
    if plan.finding.waived_cents:
        yield Cleared(
            CloseReason.WAIVED, f"{short_dollars(plan.finding.waived_cents)} of the plan is waived.", (row,)
        )
    settled = max(plan.record.settlements, key=lambda one: one.id, default=None)
    if settled is not None and settled.undone_at is None:
        yield Cleared(CloseReason.WAIVED if settled.decision == "waive" else CloseReason.OTHER, f"Decided on {short_day(settled.decided_on or today, today)}: {settled.decision}.", (row,))  # fmt: skip
    if plan.record.plan.status != "active":
        yield Cleared(CloseReason.OTHER, f"The plan is {plan.record.plan.status}.", (row,))


def _retried(case: _Case) -> Iterable[Cleared]:
    """The processor tries again by itself: nobody has to ask meanwhile."""
    for flag in missing_flags([one for one in case.judged.missing if one.retry_on is not None]):
        yield Cleared(CloseReason.OTHER, flag.reason, flag.evidence)


def _paid(case: _Case, payments: Iterable[PaymentFacts]) -> Iterable[Cleared]:
    """The latest accepted payment, if it came since."""
    accepted = [
        p for p in payments if p.status == "approved" and p.refund_ref is None and p.happened_on >= case.since
    ]
    if accepted:
        last = max(accepted, key=attrgetter("happened_at", "id"))
        how = {"cash": " in cash", "check": " by check", "bank": " from the bank account"}.get(
            last.method or "", ""
        )
        words = f"Paid {short_dollars(last.amount_cents)}{how} on {short_day(last.happened_on, case.setting.today)}."
        yield Cleared(CloseReason.PAID, words, (("payment", last.external_id),))
    pending = [p for p in payments if p.status == "pending" and p.happened_on >= case.since]
    if pending and not accepted:
        last = max(pending, key=attrgetter("happened_at", "id"))
        words = f"{short_dollars(last.amount_cents)} is on its way since {short_day(last.happened_on, case.setting.today)}."
        yield Cleared(CloseReason.PAID, words, (("payment", last.external_id),))


def _account(case: _Case) -> Iterable[Cleared]:
    facts = case.judged.facts
    yield from _paid(case, [p for p in facts.payments if p.plan_id is None and p.membership_id is None])
    rows = [*facts.recent_ledger, *facts.ledger]
    lowered = [r for r in rows if r.kind in ("payment", "adjustment") and r.amount_cents > 0 and r.posted_on >= case.since]  # fmt: skip
    if lowered:
        yield _posted(max(lowered, key=attrgetter("posted_on", "id")), case.setting.today)


def _posted(row: EntryFacts, today: date) -> Cleared:
    amount, day = short_dollars(row.amount_cents), short_day(row.posted_on, today)
    if row.kind == "payment":
        return Cleared(CloseReason.PAID, f"{amount} posted on {day}.", (("ledger_entry", row.external_id),))
    return Cleared(CloseReason.WAIVED, f"{amount} taken off on {day}.", (("ledger_entry", row.external_id),))


def _card(case: _Case) -> Iterable[Cleared]:
    found, today = case.judged.card, case.setting.today
    if found.on_file in GOOD:
        own = [c for c in (*case.judged.facts.cards, *case.judged.facts.guarantor_cards) if c.active]
        good = found.card or max(own, key=lambda c: (c.is_default, c.expires_on or today), default=None)
        if good is not None and (good.expires_on is None or good.expires_on >= today):
            until = f", good through {short_day(good.expires_on, today)}" if good.expires_on else ""
            yield Cleared(
                CloseReason.UPDATED, f"{card_name(good)} is on file{until}.", (("card", good.external_id),)
            )
    if not case.judged.drafts:
        yield Cleared(CloseReason.OTHER, "Nothing is charged to a card any more.")


def _settlement(case: _Case) -> Iterable[Cleared]:
    plan = next((one for one in case.judged.plans if _is(case, "plan", one.record.plan.external_id)), None)
    if plan is not None:
        yield from _of_plan(case, plan)


def _posting(case: _Case) -> Iterable[Cleared]:
    payment = next((p for p in case.judged.facts.payments if _is(case, "payment", p.external_id)), None)
    rows = [*case.judged.facts.recent_ledger, *case.judged.facts.ledger]
    if payment is None:
        return
    posted = [
        row for row in rows if row.order_id and row.order_id == payment.order_id and row.kind == "payment"
    ]
    if posted:
        row = max(posted, key=attrgetter("posted_on", "id"))
        words = f"The ledger shows {short_dollars(payment.amount_cents)} once, posted on {short_day(row.posted_on, case.setting.today)}."
        yield Cleared(CloseReason.UPDATED, words, (("ledger_entry", row.external_id),))
    if payment.status != "approved":
        words = f"The payment was {payment.status.replace('_', ' ')}."
        yield Cleared(CloseReason.UPDATED, words, (("payment", payment.external_id),))


def _overbooked(case: _Case) -> Iterable[Cleared]:
    for record, finding in case.judged.memberships:
        if not _is(case, "membership", record.membership.external_id):
            continue
        held = [
            one
            for line in finding.lines
            for one in line.decisions
            if one.stands in (ChoiceStanding.HOLDS, ChoiceStanding.DONE)
        ]
        if held:
            last = max(held, key=lambda one: one.choice.chosen_at)
            row = ("appointment", last.visit.external_id)
            yield Cleared(CloseReason.UPDATED, f"Decided by {last.choice.chosen_by}: {last.choice.kind.replace('_', ' ')}.", (row,))  # fmt: skip
        dropped = [v for v in case.judged.facts.visits if v.status in ("cancelled", "rescheduled") and v.starts_at >= case.setting.as_of - NEWS_MAY_BE_LATE]  # fmt: skip
        if dropped:
            first = min(dropped, key=attrgetter("starts_at", "id"))
            words = f"The visit of {_day(case, first.starts_at)} is cancelled or moved."
            yield Cleared(CloseReason.UPDATED, words, (("appointment", first.external_id),))


def _to_book(case: _Case) -> Iterable[Cleared]:
    upcoming = case.judged.upcoming
    if upcoming is not None:
        row = ("appointment", upcoming.external_id)
        yield Cleared(CloseReason.UPDATED, f"Booked for {_day(case, upcoming.starts_at)}.", (row,))


def _insurance(case: _Case) -> Iterable[Cleared]:
    found = case.judged.insurance
    rows = tuple(row for row in found.evidence if row[0] == "coverage")
    if case.judged.upcoming is None:
        yield Cleared(CloseReason.OTHER, "No visit is booked that needs the insurance.", rows)
    elif found.checked_on is not None and not found.flags:
        words = f"{found.payer or 'The insurance'} was checked on {short_day(found.checked_on, case.setting.today)}."
        yield Cleared(CloseReason.UPDATED, words, rows)


def _is(case: _Case, table: str, external_id: str) -> bool:
    return (case.key.source_kind, case.key.source_id) == (table, external_id)


def _day(case: _Case, instant: datetime) -> str:
    return short_day(clock.local_date(instant, case.setting.time_zone), case.setting.today)


def _booking(case: _Case) -> Iterable[Cleared]:
    """What became of it is told by the booking's own history, not by a row of another system."""
    for booking in case.judged.facts.bookings:
        if _is(case, "booking", booking.key):
            yield Cleared(CloseReason.UPDATED, "The EHR and the booking agree again.")


_BY_KIND: dict[TaskKind, Callable[[_Case], Iterable[Cleared]]] = {
    TaskKind.CARD: _card,
    TaskKind.PAYMENT: _payment,
    TaskKind.SETTLEMENT: _settlement,
    TaskKind.BALANCE: _account,
    TaskKind.POSTING: _posting,
    TaskKind.OVERBOOKED: _overbooked,
    TaskKind.TO_BOOK: _to_book,
    TaskKind.INSURANCE: _insurance,
    TaskKind.AUTHORISATION: _insurance,
    TaskKind.BOOKING: _booking,
}
