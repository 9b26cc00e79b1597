"""The words a flag may have, the chip a person sees for each, and the group it is filtered under.

The rules that raise them live with their nouns: core/cards/rules.py, core/payments/rules.py, core/plans/rules.py,
core/memberships/rules.py, core/insurance/rules.py, core/ledger/rules.py.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from core.cards.rules import ASK_FIRST_CARD, ASK_NEW_CARD, CardFinding, CardState
from core.dues.askable import ItemAsk, Why
from core.dues.missing import MissingPayment, MissingReason
from core.findings.judge import Judged
from core.findings.paid_by import JudgedPlan
from core.money import short_dollars
from core.plans.facts import PlanState
from core.plans.promises import PromiseState, calms
from core.severity import RANK, Ask, Flag, Severity


class Kind(StrEnum):
    CARD_EXPIRED = "CARD_EXPIRED"
    CARD_EXPIRING = "CARD_EXPIRING"
    CARD_INVALID = "CARD_INVALID"
    CARD_UNKNOWN = "CARD_UNKNOWN"
    NO_CARD = "NO_CARD"
    NOT_LINKED = "NOT_LINKED"
    MISSING_PAYMENT = "MISSING_PAYMENT"
    POSSIBLE_MATCH = "POSSIBLE_MATCH"
    RETRY_SCHEDULED = "RETRY_SCHEDULED"
    LOWER_DRAFT = "LOWER_DRAFT"
    ACCEPTED_NOT_POSTED = "ACCEPTED_NOT_POSTED"
    POSTED_TWICE = "POSTED_TWICE"
    BEHIND = "BEHIND"
    PROMISED = "PROMISED"
    DUE_TODAY = "DUE_TODAY"
    SETTLEMENT = "SETTLEMENT"
    PLAN_UNKNOWN = "PLAN_UNKNOWN"
    BALANCE_DUE = "BALANCE_DUE"
    OVER_SCHEDULED = "OVER_SCHEDULED"
    NOT_SCHEDULED = "NOT_SCHEDULED"
    UNDER_BOOKED = "UNDER_BOOKED"
    DECIDED = "DECIDED"
    USED_UP = "USED_UP"
    PROVISIONAL = "PROVISIONAL"
    BOOKED_WHILE_FROZEN = "BOOKED_WHILE_FROZEN"
    OUTSIDE_TERM = "OUTSIDE_TERM"
    MEMBERSHIP_UNKNOWN = "MEMBERSHIP_UNKNOWN"
    INSURANCE_INACTIVE = "INSURANCE_INACTIVE"
    INSURANCE_REFUSED = "INSURANCE_REFUSED"
    INSURANCE_STALE = "INSURANCE_STALE"
    INSURANCE_NOT_CHECKED = "INSURANCE_NOT_CHECKED"
    INSURANCE_UNKNOWN = "INSURANCE_UNKNOWN"
    VISITS_EXHAUSTED = "VISITS_EXHAUSTED"
    VISITS_LOW = "VISITS_LOW"
    AUTHORISATION_MISSING = "AUTHORISATION_MISSING"
    AUTHORISATION_EXPIRED = "AUTHORISATION_EXPIRED"
    AUTHORISATION_UNITS_SHORT = "AUTHORISATION_UNITS_SHORT"
    PREPAID = "PREPAID"
    HELD = "HELD"
    BOOKING_CONFLICT = "BOOKING_CONFLICT"
    NOT_IN_EHR = "NOT_IN_EHR"


class Group(StrEnum):
    """What a person filters by."""

    CARD_ENDS = "Card ends"
    NO_CARD = "No card"
    MISSING = "Missing payment"
    BEHIND = "Behind"
    MEMBERSHIP = "Membership"
    INSURANCE = "Insurance"
    BALANCE = "Balance"
    UNKNOWN = "Unknown"


class Chip(NamedTuple):
    words: str
    icon: str  # a Material symbol's name
    group: Group


CHIPS: dict[Kind, Chip] = {
    Kind.CARD_EXPIRED: Chip("Card expired", "credit_card_off", Group.CARD_ENDS),
    Kind.CARD_EXPIRING: Chip("Card ends", "credit_card_clock", Group.CARD_ENDS),
    Kind.CARD_INVALID: Chip("Card closed", "credit_card_off", Group.CARD_ENDS),
    Kind.CARD_UNKNOWN: Chip("Card unknown", "help", Group.UNKNOWN),
    Kind.NO_CARD: Chip("No card", "credit_card_off", Group.NO_CARD),
    Kind.NOT_LINKED: Chip("Not linked", "link_off", Group.UNKNOWN),
    Kind.MISSING_PAYMENT: Chip("Missing", "payments", Group.MISSING),
    Kind.POSSIBLE_MATCH: Chip("Maybe paid", "payments", Group.MISSING),
    Kind.RETRY_SCHEDULED: Chip("Retry planned", "event_repeat", Group.MISSING),
    Kind.LOWER_DRAFT: Chip("Lower draft", "sell", Group.MISSING),
    Kind.ACCEPTED_NOT_POSTED: Chip("Paid, not posted", "sync_problem", Group.MISSING),
    Kind.POSTED_TWICE: Chip("Posted twice", "content_copy", Group.MISSING),
    Kind.BEHIND: Chip("Behind", "trending_down", Group.BEHIND),
    Kind.PROMISED: Chip("Promised", "handshake", Group.BEHIND),
    Kind.DUE_TODAY: Chip("Due today", "today", Group.BEHIND),
    Kind.SETTLEMENT: Chip("Settle plan", "gavel", Group.BEHIND),
    Kind.PLAN_UNKNOWN: Chip("Plan unknown", "help", Group.UNKNOWN),
    Kind.BALANCE_DUE: Chip("Owes", "account_balance_wallet", Group.BALANCE),
    Kind.OVER_SCHEDULED: Chip("Over by", "event_busy", Group.MEMBERSHIP),
    Kind.NOT_SCHEDULED: Chip("Not scheduled", "event_upcoming", Group.MEMBERSHIP),
    Kind.UNDER_BOOKED: Chip("Visits lapse", "hourglass_bottom", Group.MEMBERSHIP),
    Kind.DECIDED: Chip("Over, decided", "task_alt", Group.MEMBERSHIP),
    Kind.USED_UP: Chip("Used up", "done_all", Group.MEMBERSHIP),
    Kind.PROVISIONAL: Chip("Provisional", "pending", Group.MEMBERSHIP),
    Kind.BOOKED_WHILE_FROZEN: Chip("Booked while frozen", "ac_unit", Group.MEMBERSHIP),
    Kind.OUTSIDE_TERM: Chip("Outside term", "event_busy", Group.MEMBERSHIP),
    Kind.MEMBERSHIP_UNKNOWN: Chip("Membership unknown", "help", Group.UNKNOWN),
    Kind.INSURANCE_INACTIVE: Chip("Insurance inactive", "shield_off", Group.INSURANCE),
    Kind.INSURANCE_REFUSED: Chip("One insurer refused", "shield_off", Group.INSURANCE),
    Kind.INSURANCE_STALE: Chip("Check is old", "update", Group.INSURANCE),
    Kind.INSURANCE_NOT_CHECKED: Chip("Not checked", "policy", Group.INSURANCE),
    Kind.INSURANCE_UNKNOWN: Chip("Insurance unknown", "help", Group.INSURANCE),
    Kind.VISITS_EXHAUSTED: Chip("No visits left", "block", Group.INSURANCE),
    Kind.VISITS_LOW: Chip("Few visits left", "hourglass_bottom", Group.INSURANCE),
    Kind.AUTHORISATION_MISSING: Chip("No authorisation", "gpp_maybe", Group.INSURANCE),
    Kind.AUTHORISATION_EXPIRED: Chip("Authorisation ended", "gpp_maybe", Group.INSURANCE),
    Kind.AUTHORISATION_UNITS_SHORT: Chip("Units short", "gpp_maybe", Group.INSURANCE),
    Kind.PREPAID: Chip("Prepaid", "price_check", Group.BALANCE),
    Kind.HELD: Chip("Held", "price_check", Group.BALANCE),
    Kind.BOOKING_CONFLICT: Chip("Booking conflict", "event_busy", Group.UNKNOWN),
    Kind.NOT_IN_EHR: Chip("Booked online", "event_available", Group.MEMBERSHIP),
}


_CARD_FLAGS = {
    CardState.EXPIRED: Kind.CARD_EXPIRED,
    CardState.EXPIRING: Kind.CARD_EXPIRING,
    CardState.INVALID: Kind.CARD_INVALID,
    CardState.UNKNOWN: Kind.CARD_UNKNOWN,
    CardState.NONE: Kind.NO_CARD,
    CardState.EXPIRED_ONLY: Kind.CARD_EXPIRED,
    CardState.NOT_LINKED: Kind.NOT_LINKED,
}


_PLAN_FLAGS = {
    PlanState.BEHIND: Kind.BEHIND,
    PlanState.COMPLETED_OWING: Kind.BEHIND,
    PlanState.SETTLEMENT: Kind.SETTLEMENT,
    PlanState.DUE_TODAY: Kind.DUE_TODAY,
    PlanState.UNKNOWN: Kind.PLAN_UNKNOWN,
}


_TOLD = (PromiseState.OPEN, PromiseState.DUE_TODAY, PromiseState.BROKEN)


def flags_of(judged: Judged) -> Iterable[Flag]:
    """Everything the rules found, in no order; one kind may come several times (two plans, two memberships)."""
    yield from _card_flag(judged.card)
    yield from missing_flags(judged.missing)
    for problem in judged.posting:
        yield Flag(problem.state, problem.severity, problem.sentence, problem.amount_cents, problem.evidence)
    for plan in judged.plans:
        asks = judged.asking.of_contract(("plan", plan.record.plan.external_id))
        yield from _plan_flag(plan, asks)
    for _, finding in judged.memberships:
        for row in finding.states:
            yield Flag(row.kind, row.severity, row.reason, 0, row.evidence)
    for found in judged.insurance.flags:
        yield Flag(found.kind, found.severity, found.reason, 0, judged.insurance.evidence)
    yield from _booking_flags(judged)
    for membership, sentence in judged.lower_drafts:
        yield Flag(Kind.LOWER_DRAFT, Severity.NOTE, sentence, 0, (("membership", membership),))
    if judged.ledger_past_due_cents:
        cents = judged.ledger_past_due_cents
        since = judged.balance.since_when.removeprefix("Since ").rstrip(".")
        reason = f"Owes {short_dollars(cents)} on the account{f' since {since}' if since else ''}."
        yield Flag(
            Kind.BALANCE_DUE, Severity.MEDIUM, reason, cents, (("patient", judged.facts.person.external_id),)
        )


def _booking_flags(judged: Judged) -> Iterable[Flag]:
    """What was paid or held online for the visit at hand is a quiet note; a booking the EHR contradicts is not."""
    visit = judged.visit
    row = (("appointment", visit.external_id),) if visit is not None else ()
    if not judged.in_ehr and visit is not None:
        row = (("booking", visit.external_id),)
        yield Flag(
            Kind.NOT_IN_EHR, Severity.NOTE, "Booked online; the EHR has not shown this visit yet.", 0, row
        )
    if judged.prepaid_cents:
        yield Flag(
            Kind.PREPAID, Severity.NOTE, f"Prepaid {short_dollars(judged.prepaid_cents)} online.", 0, row
        )
    if judged.held_cents:
        held = (
            f"{short_dollars(judged.held_cents)} is held on the card, booked online; it is taken at arrival."
        )
        yield Flag(Kind.HELD, Severity.NOTE, held, 0, row)
    for booking in judged.facts.bookings:
        if booking.conflict:
            paid = booking.prepaid_cents + booking.held_cents
            yield Flag(
                Kind.BOOKING_CONFLICT, Severity.HIGH, booking.conflict, paid, (("booking", booking.key),)
            )


def _card_flag(found: CardFinding) -> Iterable[Flag]:
    kind = _CARD_FLAGS.get(found.state)
    if kind is None or found.severity is None:
        return
    # a finding that asks nothing of anybody is a quiet note, whatever its state (DOMAIN §2)
    severity = found.severity if found.alert else Severity.NOTE
    fact, ask = found.reason, None
    for words, what in _CARD_ASKS.items():
        if found.reason.endswith(words):
            fact, ask = found.reason.removesuffix(words).strip(), what
    yield Flag(kind, severity, found.reason, found.at_risk_cents, found.evidence, fact, ask)


_CARD_ASKS = {ASK_NEW_CARD: Ask.NEW_CARD, ASK_FIRST_CARD: Ask.FIRST_CARD}


def missing_flags(missing: Sequence[MissingPayment]) -> Iterable[Flag]:
    """Of missing payments one flag for those to ask for, one for those that are tried again by themselves, and one for
    those that may have been paid at the desk."""
    open_ones = [one for one in missing if not _promised(one)]
    maybe = [one for one in open_ones if one.possible_match and not one.ask_cents and one.retry_on is None]
    asked = [one for one in open_ones if one.retry_on is None and one not in maybe]
    retried = [one for one in missing if one.retry_on is not None]
    for kind, found in (
        (Kind.MISSING_PAYMENT, asked),
        (Kind.POSSIBLE_MATCH, maybe),
        (Kind.RETRY_SCHEDULED, retried),
    ):
        if not found:
            continue
        worst = min(found, key=lambda one: (RANK[one.severity], not one.ask_cents, -one.open_cents))
        total = sum(one.open_cents for one in found)
        evidence = tuple(dict.fromkeys(row for one in found for row in one.evidence))
        if kind is Kind.POSSIBLE_MATCH and len(found) > 1:
            yield Flag(kind, Severity.MEDIUM, _several_matches(found), total, evidence)
            continue
        many = f"{len(found)} payments are missing." if len(found) > 1 else ""
        asks = sum(one.ask_cents for one in found)
        advice = worst.advice
        if asks and worst.ask_cents:
            advice = advice.replace(short_dollars(worst.ask_cents), short_dollars(asks), 1)
        fact = _joined(worst.sentence, many, "" if worst.ask_cents else worst.advice)
        severity = worst.severity if kind is not Kind.POSSIBLE_MATCH else Severity.MEDIUM
        reason = _joined(worst.sentence, many, advice)
        yield Flag(kind, severity, reason, total, evidence, fact, _ask_of(worst))


def _several_matches(found: Sequence[MissingPayment]) -> str:
    cents = sum(one.possible_match.amount_cents for one in found if one.possible_match)
    return (
        f"{short_dollars(cents)} in the ledger may have paid {len(found)} payments that were due: "
        "say yes or no to each on the patient card."
    )


def _ask_of(worst: MissingPayment) -> Ask | None:
    """A card that the bank refuses for good is asked for with the money, else instead of it."""
    if not worst.ask_cents:
        return None
    if worst.new_card:
        return Ask.CHARGE
    if worst.reason is MissingReason.DECLINED_HARD:
        return Ask.NEW_CARD
    soft = worst.reason in (MissingReason.DECLINED_SOFT, MissingReason.RETURNED)
    return Ask.OTHER_CARD if soft else None


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _promised(one: MissingPayment) -> bool:
    """Told by its plan's flag, calmly; what was charged back is told in any case."""
    return one.promised_on is not None and not one.reminders_stopped


def _plan_flag(judged: JudgedPlan, asks: Sequence[ItemAsk]) -> Iterable[Flag]:
    finding = judged.finding
    kind = _PLAN_FLAGS.get(finding.state)
    if kind is None or finding.severity is None:
        return
    reason = f"Family plan, paid by another: {finding.reason}" if judged.family else finding.reason
    severity = finding.severity
    if judged.promise is not None and judged.promise.state in _TOLD and finding.arrears_cents:
        reason = f"{reason} {judged.promise.sentence}"
        if calms(judged.promise):
            kind, severity = Kind.PROMISED, Severity.NOTE
    if asks and not any(one.cents for one in asks) and all(_maybe_paid(one) for one in asks):
        severity = Severity.NOTE  # whether it is behind at all is asked of a person, by another flag
    # the dollars stand at the payer's row, so a family is never counted twice
    cents = 0 if judged.family else finding.arrears_cents or finding.due_today_cents
    yield Flag(kind, severity, reason, cents, finding.evidence)


def _maybe_paid(ask: ItemAsk) -> bool:
    return any(out.why is Why.DESK for out in ask.left_out)
