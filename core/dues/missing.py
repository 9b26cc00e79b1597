"""Which payments are missing and why (DOMAIN §3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from core.dates import next_business_day, short_day
from core.ledger.facts import EntryFacts
from core.money import short_dollars
from core.payments.facts import PaymentFacts
from core.payments.reasons import Reason, reason_of
from core.severity import Severity

MATCH_BEFORE_DAYS, MATCH_AFTER_DAYS = -3, 10


class DueItem(NamedTuple):
    """Something that was to be paid. kind: instalment, membership or visit; id: its external id (a membership draft:
    `<membership external id>:<due date>`). attempts: what was tried for it. retry_on: a retry that is planned.
    promised_on: somebody said they would pay by that day, which is still to come."""

    kind: str
    id: str
    due_on: date
    amount_cents: int
    waived_cents: int
    allocated_cents: int
    attempts: tuple[PaymentFacts, ...]
    retry_on: date | None = None
    promised_on: date | None = None


class MissingReason(StrEnum):
    CHARGEBACK = "CHARGEBACK"
    RETURNED = "RETURNED"
    REVERSED = "REVERSED"
    DECLINED_HARD = "DECLINED_HARD"
    DECLINED_SOFT = "DECLINED_SOFT"
    PENDING = "PENDING"
    PARTIAL = "PARTIAL"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"


_SEVERITY = {
    MissingReason.CHARGEBACK: Severity.HIGH,
    MissingReason.RETURNED: Severity.HIGH,
    MissingReason.DECLINED_HARD: Severity.HIGH,
    MissingReason.PENDING: Severity.NOTE,
}


@dataclass(frozen=True, slots=True)
class MissingPayment:
    """open_cents is what is missing. retry_on: the processor tries again by itself that day; promised_on: somebody said they
    would pay by then (severity NOTE both).

    reminders_stopped: a chargeback, nobody may ask for this amount. pending_cents: of it, on its way.
    possible_match: a cash or check row of the ledger that may be this payment; a person confirms it.
    """

    kind: str
    id: str
    due_on: date
    open_cents: int
    reason: MissingReason
    severity: Severity
    sentence: str
    advice: str
    retry_on: date | None
    reminders_stopped: bool
    pending_cents: int
    possible_match: EntryFacts | None
    evidence: tuple[tuple[str, str], ...]
    promised_on: date | None = None


def missing_payments(
    items: Iterable[DueItem],
    today: date,
    cash: Sequence[EntryFacts] = (),
    processor_orders: frozenset[str] = frozenset(),
) -> list[MissingPayment]:
    """The items that should have been paid by `today` (local) and are not, oldest first (DOMAIN §3).

    cash: ledger payments that no processor explains (posting.cash_rows); they are offered as possible matches.
    processor_orders: order ids of card and bank payments of any status, whose ledger rows are no cash.
    """
    missing = sorted(
        (item for item in items if is_missing(item, today)), key=lambda item: (item.due_on, item.id)
    )
    if not missing:
        return []
    loose = [row for row in cash if not row.order_id or row.order_id not in processor_orders]
    found = []
    for item in missing:
        match = _possible_match(item, loose)
        if match is not None:
            loose.remove(match)
        found.append(_missing(item, today, match))
    return found


def open_cents(item: DueItem) -> int:
    return max(0, item.amount_cents - item.waived_cents - item.allocated_cents)


def is_missing(item: DueItem, today: date) -> bool:
    """Open, and past its day: at once after something was tried, one business day later when nothing was."""
    if open_cents(item) <= 0 or today <= item.due_on:
        return False
    tried = any(p.status not in ("approved", "pending") or p.refund_ref for p in item.attempts)
    return tried or today > next_business_day(item.due_on)


def _missing(item: DueItem, today: date, match: EntryFacts | None) -> MissingPayment:
    left = open_cents(item)
    pending = sum(p.pays_cents for p in item.attempts if p.status == "pending")
    reason, told = _reason(item, left, pending)
    because = reason_of(told.reason_code) if told is not None else None
    expected = item.retry_on is not None or item.promised_on is not None
    calm = expected and reason is not MissingReason.CHARGEBACK
    payments = {p.external_id for p in item.attempts}
    return MissingPayment(
        kind=item.kind,
        id=item.id,
        due_on=item.due_on,
        open_cents=left,
        reason=reason,
        severity=Severity.NOTE if calm else _SEVERITY.get(reason, Severity.MEDIUM),
        sentence=_sentence(item, reason, told, because, left, today),
        advice=_advice(reason, item, left, today),
        retry_on=item.retry_on,
        reminders_stopped=reason is MissingReason.CHARGEBACK,
        pending_cents=min(pending, left),
        possible_match=match,
        evidence=(_row_of(item), *(("payment", external_id) for external_id in sorted(payments))),
        promised_on=item.promised_on,
    )


def _row_of(item: DueItem) -> tuple[str, str]:
    if item.kind == "membership":
        return "membership", item.id.rpartition(":")[0]
    return ("ledger_entry" if item.kind == "visit" else "instalment"), item.id


def _reason(item: DueItem, left: int, pending: int) -> tuple[MissingReason, PaymentFacts | None]:
    """The first reason that fits, and the latest payment that shows it (DOMAIN §3)."""
    by_status: dict[str, PaymentFacts] = {}
    hard = soft = None
    for payment in item.attempts:
        by_status[payment.status] = payment
        if payment.status == "declined":
            if reason_of(payment.reason_code).hard:
                hard = payment
            else:
                soft = payment
    given_back = by_status.get("refunded") or by_status.get("voided") or _refunded(item)
    for reason, payment in (
        (MissingReason.CHARGEBACK, by_status.get("charged_back")),
        (MissingReason.RETURNED, by_status.get("returned")),
        (MissingReason.REVERSED, given_back),
    ):
        if payment is not None:
            return reason, payment
    if pending >= left and (on_its_way := by_status.get("pending")) is not None:
        return MissingReason.PENDING, on_its_way
    if hard is not None:
        return MissingReason.DECLINED_HARD, hard
    if soft is not None:
        return MissingReason.DECLINED_SOFT, soft
    if item.allocated_cents > 0:
        return MissingReason.PARTIAL, by_status.get("approved")
    return MissingReason.NOT_ATTEMPTED, None


def _refunded(item: DueItem) -> PaymentFacts | None:
    """A refund row among the attempts: part of an accepted payment was given back."""
    return next((p for p in reversed(item.attempts) if p.refund_ref is not None), None)


def _sentence(
    item: DueItem,
    reason: MissingReason,
    told: PaymentFacts | None,
    because: Reason | None,
    left: int,
    today: date,
) -> str:
    day = short_day(told.happened_on, today) if told is not None else ""
    if reason is MissingReason.PARTIAL:
        return f"Only {short_dollars(item.allocated_cents)} came of what was due on {short_day(item.due_on, today)}."
    if told is None or because is None:
        due = short_day(item.due_on, today)
        return (
            f"The visit of {due} is not paid."
            if item.kind == "visit"
            else f"Due on {due}, and nothing was charged."
        )
    if reason in (MissingReason.DECLINED_HARD, MissingReason.DECLINED_SOFT):
        return f"Declined on {day}, {because.words}."
    if reason is MissingReason.RETURNED:
        why = f", {because.words}" if told.reason_code else ""
        return f"The payment of {day} was returned by the bank{why}."
    if reason is MissingReason.CHARGEBACK:
        return f"The payment of {day} was charged back; reminders are stopped."
    if reason is MissingReason.PENDING:
        return f"{short_dollars(left)} is on its way from the bank since {day}."
    return (
        f"The payment of {day} was given back."
        if told.refund_ref is None
        else f"Money was given back on {day}."
    )


def _advice(reason: MissingReason, item: DueItem, left: int, today: date) -> str:
    if reason is MissingReason.CHARGEBACK:
        return "Do not ask for it; answer the dispute first."
    if reason is MissingReason.PENDING:
        return "Nothing to ask for now."
    if item.retry_on is not None:
        return f"It is tried again by itself on {short_day(item.retry_on, today)}."
    if item.promised_on is not None:
        return f"Promised by {short_day(item.promised_on, today)}; do not ask before."
    ask = f"Ask for {short_dollars(left)}"
    if reason is MissingReason.DECLINED_HARD:
        return f"{ask} and a new card."
    if reason in (MissingReason.DECLINED_SOFT, MissingReason.RETURNED):
        return f"{ask} or a new card."
    return f"{ask}."


def _possible_match(item: DueItem, cash: Sequence[EntryFacts]) -> EntryFacts | None:
    """A cash or check row of the same amount around the due date, the nearest first."""
    if item.kind == "visit":
        return None  # the ledger's own rows were already spread over visit charges
    return _around(item, cash, (open_cents(item), item.amount_cents))


def charge_of_item(item: DueItem, charges: Sequence[EntryFacts]) -> EntryFacts | None:
    """The ledger charge that stands for a draft or an instalment: same amount, around its due date."""
    return _around(item, charges, (item.amount_cents,))


def _around(item: DueItem, rows: Sequence[EntryFacts], amounts: tuple[int, ...]) -> EntryFacts | None:
    """The row of one of the amounts within −3 … +10 days of the due date that lies nearest to it."""
    near = [
        row
        for row in rows
        if row.amount_cents in amounts
        and MATCH_BEFORE_DAYS <= (row.posted_on - item.due_on).days <= MATCH_AFTER_DAYS
    ]
    return min(near, key=lambda row: abs((row.posted_on - item.due_on).days), default=None)
