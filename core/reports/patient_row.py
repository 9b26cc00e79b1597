"""From what was judged to the row a person sees: cells, flags, money at risk and the line to say (DOMAIN §10)."""

from datetime import datetime

from core.cards.rules import CardFinding
from core.dues.missing import MissingPayment
from core.findings.facts import MembershipRecord
from core.findings.flags import flags_of
from core.findings.judge import Judged
from core.ledger.facts import EntryFacts
from core.memberships.facts import MembershipFinding, MembershipState, UseLine
from core.reports.rows import (
    BalanceCell,
    CardCell,
    InsuranceCell,
    MatchCell,
    MembershipCell,
    MissingCell,
    PatientRow,
)
from core.reports.rules import in_order, worst_of
from core.reports.say import Part, say
from core.severity import RANK


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
        prepaid_cents=judged.prepaid_cents,
        held_cents=judged.held_cents,
        say=say(flags, cents, _parts(judged)),
    )


def _parts(judged: Judged) -> list[Part]:
    """What the amount to collect is made of, in the order it is said."""
    missed = visits = today = 0
    for one in judged.asking.items:
        if one.item.kind == "visit":
            visits += one.cents
        elif one.item.due_on < judged.today:
            missed += one.cents
        else:
            today += one.cents
    at_visit = min(judged.at_visit_cents, judged.asking.account_cents)
    parts = (
        Part(missed, "missed", ("MISSING_PAYMENT", "BEHIND")),
        Part(visits, "open from earlier visits", ("MISSING_PAYMENT",)),
        Part(judged.asking.account_cents - at_visit, "owed on the account", ("BALANCE_DUE",)),
        Part(today, "due today", ("DUE_TODAY",)),
        Part(at_visit, "for today's visit"),
    )
    return [one for one in parts if one.cents > 0]


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
        ask_cents=one.ask_cents,
        possible_match=_match_cell(one.possible_match),
        reminders_stopped=one.reminders_stopped,
        new_card=one.new_card,
    )


def _match_cell(row: EntryFacts | None) -> MatchCell | None:
    return MatchCell(row.external_id, row.posted_on, row.amount_cents, row.id) if row else None


def worst_membership(judged: Judged) -> tuple[MembershipRecord, MembershipFinding] | None:
    """The membership that has most to say; of several silent ones the first that is running."""

    def place(pair: tuple[MembershipRecord, MembershipFinding]) -> tuple[int, bool]:
        record, finding = pair
        severity = RANK[finding.severity] if finding.severity is not None else len(RANK)
        over = finding.state is MembershipState.OUTSIDE_TERM or record.membership.status == "cancelled"
        return severity, over

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
        period_end=line.ends_on if line else None,
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
