"""Which payments are missing and why (DOMAIN §3)."""

from collections.abc import Iterable, Mapping
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
    promised_on: somebody said they would pay by that day, which is still to come. contract: the plan whose money it is.
    new_card: the name of the card that is charged by now, where another one was declined."""

    kind: str
    id: str
    due_on: date
    amount_cents: int
    waived_cents: int
    allocated_cents: int
    attempts: tuple[PaymentFacts, ...]
    retry_on: date | None = None
    promised_on: date | None = None
    contract: tuple[str, str] = ("", "")
    new_card: str = ""


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

    reminders_stopped: disputed, nobody may ask for this amount. pending_cents: of it, on its way. ask_cents: of it, what may
    be asked for now (core/dues/askable.py). tries: how often it was tried and refused.
    possible_match: money of the ledger that may be this payment; a person says. new_card: on file since it was declined, so
    that charging it is the next step; "" = none.
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
    ask_cents: int = 0
    tries: int = 0
    new_card: str = ""


class Asked(NamedTuple):
    """What may be asked for one item, of it what is on its way, and why the rest must not be asked for: a sentence."""

    cents: int
    pending_cents: int
    why: str


def missing_payments(
    items: Iterable[DueItem],
    today: date,
    matches: Mapping[tuple[str, str], EntryFacts] | None = None,
    asked: Mapping[tuple[str, str], Asked] | None = None,
) -> list[MissingPayment]:
    """The items that should have been paid by `today` (local) and are not, oldest first (DOMAIN §3).

    matches: money of the ledger that may have paid an item (possible_matches.py). asked: what may be asked for each
    (askable.py); without it, all that is open and not disputed, on its way, retried or promised.
    """
    missing = sorted(
        (item for item in items if is_missing(item, today)), key=lambda item: (item.due_on, item.id)
    )
    found = []
    for item in missing:
        due = (item.kind, item.id)
        found.append(_missing(item, today, (matches or {}).get(due), (asked or {}).get(due) or _alone(item)))
    return found


def _alone(item: DueItem) -> Asked:
    left, pending = open_cents(item), _pending(item)
    if is_disputed(item) or item.retry_on is not None or item.promised_on is not None:
        return Asked(0, pending, "")
    return Asked(max(0, left - pending), pending, "")


def _pending(item: DueItem) -> int:
    return min(open_cents(item), sum(p.pays_cents for p in item.attempts if p.status == "pending"))


def is_disputed(item: DueItem) -> bool:
    """A chargeback, or a bank return by which the payer says they never allowed it: nobody tries and nobody asks."""
    return any(map(disputes, item.attempts))


def disputes(payment: PaymentFacts) -> bool:
    """Whether a payment came back because its payer says they did not allow it."""
    return payment.status == "charged_back" or (
        payment.status == "returned" and reason_of(payment.reason_code).stops
    )


def tries_of(item: DueItem) -> int:
    """How often somebody tried to take it and was refused, or got it sent back."""
    return sum(p.status in ("declined", "returned") for p in item.attempts)


def tries_are_up(item: DueItem) -> bool:
    """Whether the networks' limit for one debt over all ways is reached (DOMAIN §3)."""
    failed = [p for p in item.attempts if p.status in ("declined", "returned")]
    return bool(failed) and len(failed) >= min(reason_of(p.reason_code).tries for p in failed)


def open_cents(item: DueItem) -> int:
    return max(0, item.amount_cents - item.waived_cents - item.allocated_cents)


def is_missing(item: DueItem, today: date) -> bool:
    """Open, and past its day: at once after something was tried, one business day later when nothing was."""
    if open_cents(item) <= 0 or today <= item.due_on:
        return False
    tried = any(p.status not in ("approved", "pending") or p.refund_ref for p in item.attempts)
    return tried or today > next_business_day(item.due_on)


def _missing(item: DueItem, today: date, match: EntryFacts | None, asked: Asked) -> MissingPayment:
    left = open_cents(item)
    reason, told = _reason(item, left, asked.pending_cents)
    because = reason_of(told.reason_code) if told is not None else None
    stopped = is_disputed(item)
    calm = (item.retry_on is not None or item.promised_on is not None) and not stopped
    payments = {_table_of(p): None for p in sorted(item.attempts, key=lambda p: p.external_id)}
    return MissingPayment(
        kind=item.kind,
        id=item.id,
        due_on=item.due_on,
        open_cents=left,
        reason=reason,
        severity=Severity.NOTE if calm else _SEVERITY.get(reason, Severity.MEDIUM),
        sentence=_sentence(item, reason, told, because, left, today, match),
        advice=_advice(reason, item, asked, today, match),
        retry_on=item.retry_on,
        reminders_stopped=stopped,
        pending_cents=asked.pending_cents,
        possible_match=match,
        evidence=(_row_of(item), *payments, *((("ledger_entry", match.external_id),) if match else ())),
        promised_on=item.promised_on,
        ask_cents=asked.cents,
        tries=tries_of(item),
        new_card=_chargeable(reason, item, asked),
    )


def _chargeable(reason: MissingReason, item: DueItem, asked: Asked) -> str:
    """The new card, where charging it is allowed and would be the next step."""
    declined = reason in (MissingReason.DECLINED_HARD, MissingReason.DECLINED_SOFT)
    return item.new_card if declined and asked.cents and not tries_are_up(item) else ""


def _table_of(payment: PaymentFacts) -> tuple[str, str]:
    """Money that only the ledger knows of has an id below 0 (core/plans/desk_money.py)."""
    return ("payment" if payment.id > 0 else "ledger_entry"), payment.external_id


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
    if pending >= left:
        return MissingReason.PENDING, by_status.get("pending")
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
    match: EntryFacts | None,
) -> str:
    if match is not None and (told is None or because is None) and reason is not MissingReason.PENDING:
        return f"Due on {short_day(item.due_on, today)}."
    day = short_day(told.happened_on, today) if told is not None else ""
    if reason is MissingReason.PARTIAL:
        return f"Only {short_dollars(item.allocated_cents)} came of what was due on {short_day(item.due_on, today)}."
    if reason is MissingReason.PENDING:
        since = f" since {day}" if day else ""
        return f"{short_dollars(left)} is on its way from the bank{since}."
    if told is None or because is None:
        due = short_day(item.due_on, today)
        return (
            f"The visit of {due} is not paid."
            if item.kind == "visit"
            else f"Due on {due}, and nothing was charged."
        )
    if reason in (MissingReason.DECLINED_HARD, MissingReason.DECLINED_SOFT):
        since = f"; {item.new_card[0].lower()}{item.new_card[1:]} is on file since" if item.new_card else ""
        return f"Declined on {day}, {because.words}{since}."
    if reason is MissingReason.RETURNED:
        why = f", {because.words}" if told.reason_code else ""
        return f"The payment of {day} was returned by the bank{why}."
    if reason is MissingReason.CHARGEBACK:
        return f"The payment of {day} was charged back; reminders are stopped."
    return (
        f"The payment of {day} was given back."
        if told.refund_ref is None
        else f"Money was given back on {day}."
    )


def _advice(reason: MissingReason, item: DueItem, asked: Asked, today: date, match: EntryFacts | None) -> str:
    if reason is MissingReason.CHARGEBACK:
        return "Do not ask for it; answer the dispute first."
    if is_disputed(item):
        return "Do not charge or ask for it; talk with the patient first."
    if reason is MissingReason.PENDING:
        return "Nothing to ask for now."
    if item.retry_on is not None:
        return f"It is tried again by itself on {short_day(item.retry_on, today)}."
    if match is not None and not asked.cents:
        money, day = short_dollars(match.amount_cents), short_day(match.posted_on, today)
        return f"{money} of {day} in the ledger may have paid it: say yes or no on the patient card."
    if item.promised_on is not None:
        return f"Promised by {short_day(item.promised_on, today)}; do not ask before."
    if not asked.cents:
        return asked.why or "Nothing to ask for now."
    if _chargeable(reason, item, asked):
        return f"Charge it now: {short_dollars(asked.cents)}."
    ask = f"Ask for {short_dollars(asked.cents)}"
    if reason is MissingReason.DECLINED_HARD:
        return f"{ask} and a new card."
    if tries_are_up(item):
        return f"{ask} another way; it was tried {tries_of(item)} times already."
    if reason in (MissingReason.DECLINED_SOFT, MissingReason.RETURNED):
        return f"{ask} or a new card."
    return f"{ask}."


def charge_of_item(item: DueItem, charges: Iterable[EntryFacts]) -> EntryFacts | None:
    """The ledger charge that stands for a draft or an instalment: same amount, around its due date, the nearest."""
    near = [row for row in charges if around(item, row, (item.amount_cents,))]
    return min(near, key=lambda row: abs((row.posted_on - item.due_on).days), default=None)


def around(item: DueItem, row: EntryFacts, amounts: tuple[int, ...]) -> bool:
    """Whether a row has one of the amounts and lies within −3 … +10 days of the due date."""
    return (
        row.amount_cents in amounts
        and MATCH_BEFORE_DAYS <= (row.posted_on - item.due_on).days <= MATCH_AFTER_DAYS
    )
