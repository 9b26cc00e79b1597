"""From what was judged to the row a person sees: cells, flags, money at risk and the line to say (DOMAIN §10)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.cards.rules import CardFinding, CardState
from core.findings.flags import Kind
from core.findings.gather import MembershipRecord
from core.findings.judge import Judged, JudgedPlan
from core.memberships.rules import MembershipFinding, UseLine
from core.money import short_dollars
from core.payments.rules import MissingPayment
from core.plans.promises import PromiseState, calms
from core.plans.rules import PlanState
from core.reports.rows import BalanceCell, CardCell, InsuranceCell, MembershipCell, MissingCell, PatientRow
from core.reports.rules import in_order, say, worst_of
from core.severity import RANK, Flag, Severity

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


def patient_row(judged: Judged) -> PatientRow:
    """The columns of one patient, with the visit at hand where there is one."""
    person = judged.facts.person
    flags = in_order(flags_of(judged))
    cents = judged.collect.cents
    return PatientRow(
        key=person.id,
        patient_id=person.external_id,
        patient=person.name,
        initials=person.initials,
        mobile_last_four=person.mobile_last_four,
        card=card_cell(judged.card),
        missing_payments=tuple(missing_cell(one) for one in judged.missing),
        missing_cents=sum(one.open_cents for one in judged.missing),
        arrears_cents=judged.arrears_cents,
        days_past_due=judged.days_past_due,
        membership=_membership_cell(judged),
        insurance=_insurance_cell(judged),
        balance=_balance_cell(judged),
        last_visit=_last_visit(judged),
        next_visit=judged.upcoming.starts_at if judged.upcoming else None,
        flags=flags,
        severity=worst_of(flags),
        at_risk_cents=judged.past_due_cents + judged.card.at_risk_cents,
        collect_now_cents=cents,
        say=say(flags, cents),
    )


def card_cell(found: CardFinding) -> CardCell:
    """The card that was looked at, in the words of DOMAIN §1 and §2."""
    card = found.card
    return CardCell(
        state=found.state,
        severity=found.severity,
        brand=card.brand if card else None,
        last_four=card.last_four if card else None,
        expires_on=card.expires_on if card else None,
        reason=found.reason,
        on_file=found.on_file,
        card_id=card.external_id if card else None,
        next_draft_on=found.next_draft_on,
        at_risk_cents=found.at_risk_cents,
    )


def missing_cell(one: MissingPayment) -> MissingCell:
    """One missing payment as the row and the patient card show it."""
    return MissingCell(
        kind=one.kind,
        id=one.id,
        due_on=one.due_on,
        open_cents=one.open_cents,
        reason=one.reason,
        sentence=f"{one.sentence} {one.advice}".strip(),
        severity=one.severity,
        retry_on=one.retry_on,
        promised_on=one.promised_on,
        reminders_stopped=one.reminders_stopped,
    )


def worst_membership(judged: Judged) -> tuple[MembershipRecord, MembershipFinding] | None:
    """The membership that has most to say; of several silent ones the first that is running."""

    def place(pair: tuple[MembershipRecord, MembershipFinding]) -> tuple[int, bool]:
        record, finding = pair
        severity = RANK[finding.severity] if finding.severity is not None else len(RANK)
        return severity, record.membership.status == "cancelled"

    return min(judged.memberships, key=place, default=None)


def _membership_cell(judged: Judged) -> MembershipCell | None:
    chosen = worst_membership(judged)
    if chosen is None:
        return None
    record, finding = chosen
    line = _line(judged, finding)
    return MembershipCell(
        state=finding.state,
        membership_id=record.membership.external_id,
        name=record.plan.name,
        service_class=line.service_class if line else None,
        allowance=line.allowance if line else None,
        used=line.used if line else 0,
        booked=line.booked if line else 0,
        over=line.over if line else 0,
        excess_appointment_ids=tuple(visit.external_id for visit in line.excess) if line else (),
        period_start=line.period_start if line else None,
        period_end=line.period_end if line else None,
        should_be=line.should_be if line else None,
        severity=finding.severity,
        sentence=finding.reason,
    )


def _line(judged: Judged, finding: MembershipFinding) -> UseLine | None:
    """The line the worst state speaks of; else that of the visit at hand; else the first."""
    told = next((row.line for row in finding.states if row.state is finding.state and row.line), None)
    if told is not None and told.service_class is not None:
        return told
    at_hand = finding.line_of(judged.visit) if judged.visit is not None else None
    return at_hand or (finding.lines[0] if finding.lines else None)


def _insurance_cell(judged: Judged) -> InsuranceCell:
    found = judged.insurance
    return InsuranceCell(
        state=found.state,
        payer=found.payer,
        copay_cents=found.copay_cents,
        visits_left=found.visits_left,
        authorisation=found.authorisation,
        estimate_cents=found.estimate_cents,
        checked_on=found.checked_on,
        sentence=found.reason,
    )


def _balance_cell(judged: Judged) -> BalanceCell:
    found = judged.balance
    return BalanceCell(
        patient_owes_cents=found.patient_owes_cents,
        due_now_cents=found.due_now_cents,
        insurance_pending_cents=found.insurance_pending_cents,
        credit_cents=found.credit_cents,
        pending_cents=found.pending_cents,
        what=found.what,
        since_when=found.since_when,
        why_not_yet=" ".join(part for part in (found.why_not_yet, judged.collect.why) if part),
    )


def _last_visit(judged: Judged) -> datetime | None:
    return judged.facts.last_done


def flags_of(judged: Judged) -> Iterable[Flag]:
    """Everything the rules found, in no order; one kind may come several times (two plans, two memberships)."""
    yield from _card_flag(judged.card)
    yield from missing_flags(judged.missing)
    for problem in judged.posting:
        yield Flag(problem.state, problem.severity, problem.sentence, problem.amount_cents, problem.evidence)
    for plan in judged.plans:
        yield from _plan_flag(plan)
    for _, finding in judged.memberships:
        for row in finding.states:
            yield Flag(row.kind, row.severity, row.reason, 0, row.evidence)
    for found in judged.insurance.flags:
        yield Flag(found.kind, found.severity, found.reason, 0, judged.insurance.evidence)
    if judged.ledger_past_due_cents:
        cents = judged.ledger_past_due_cents
        since = judged.balance.since_when.removeprefix("Since ").rstrip(".")
        reason = f"Owes {short_dollars(cents)} on the account{f' since {since}' if since else ''}."
        yield Flag(
            Kind.BALANCE_DUE, Severity.MEDIUM, reason, cents, (("patient", judged.facts.person.external_id),)
        )


def _card_flag(found: CardFinding) -> Iterable[Flag]:
    kind = _CARD_FLAGS.get(found.state)
    if kind is None or found.severity is None:
        return
    # a finding that asks nothing of anybody is a quiet note, whatever its state (DOMAIN §2)
    severity = found.severity if found.alert else Severity.NOTE
    yield Flag(kind, severity, found.reason, found.at_risk_cents, found.evidence)


def missing_flags(missing: Sequence[MissingPayment]) -> Iterable[Flag]:
    """Of missing payments one flag for those to ask for, and one for those that are tried again by themselves."""
    asked = [one for one in missing if one.retry_on is None and not _promised(one)]
    retried = [one for one in missing if one.retry_on is not None]
    for kind, found in ((Kind.MISSING_PAYMENT, asked), (Kind.RETRY_SCHEDULED, retried)):
        if not found:
            continue
        worst = min(found, key=lambda one: (RANK[one.severity], -one.open_cents))
        total = sum(one.open_cents for one in found)
        evidence = tuple(dict.fromkeys(row for one in found for row in one.evidence))
        yield Flag(kind, worst.severity, _missing_reason(worst, found), total, evidence)


def _promised(one: MissingPayment) -> bool:
    """Told by its plan's flag, calmly; what was charged back is told in any case."""
    return one.promised_on is not None and not one.reminders_stopped


def _missing_reason(worst: MissingPayment, found: list[MissingPayment]) -> str:
    """The worst one's sentence; of several, how many and the sum to ask for, without what must not be asked for."""
    if len(found) == 1:
        return f"{worst.sentence} {worst.advice}"
    ask = short_dollars(sum(one.open_cents for one in found if not one.reminders_stopped))
    advice = worst.advice.replace(short_dollars(worst.open_cents), ask, 1)
    return f"{worst.sentence} {len(found)} payments are missing. {advice}"


def _plan_flag(judged: JudgedPlan) -> Iterable[Flag]:
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
    # the dollars stand at the payer's row, so a family is never counted twice
    cents = 0 if judged.family else finding.arrears_cents or finding.due_today_cents
    yield Flag(kind, severity, reason, cents, finding.evidence)
