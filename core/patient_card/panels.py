"""The panels of the patient card, built from what was judged. Pure: names of providers and sources come in as maps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from core import clock
from core.cards.rules import CardFacts, card_state
from core.dates import short_day
from core.findings.facts import MembershipRecord
from core.findings.judge import Judged, Setting, insurance_of
from core.findings.paid_by import JudgedPlan
from core.insurance.rules import judge_insurance
from core.ledger.facts import EntryFacts
from core.memberships.choices import Decision
from core.memberships.facts import Cover, MembershipFinding, UseLine
from core.memberships.offers import PlanOnOffer, offers
from core.memberships.words import billing
from core.money import dollars, short_dollars
from core.patient_card.rows import (
    CardLine,
    CoverageLine,
    DeskLine,
    DeskOffer,
    InstalmentLine,
    MembershipPanel,
    Moment,
    OverVisit,
    PaymentLine,
    PlanPanel,
    PromiseLine,
    TakenChoice,
    UseBar,
    VisitLine,
)
from core.payments.facts import PaymentFacts, RecurringFacts
from core.payments.reasons import reason_of
from core.plans.desk_money import DESK
from core.plans.facts import InstalmentStanding, PlanState
from core.plans.promises import PromiseState, calmed, judge_promise
from core.plans.records import PlanRecord
from core.plans.settlements import settlement_words, standing_settlement
from core.plans.versions import OldTerms, edited
from core.plans.wording import what_happened
from core.schedule.rules import VisitFacts, VisitStanding, standing

_NOTED = (Cover.COVERED, Cover.PROVISIONAL, Cover.EXCESS, Cover.DROP_IN, Cover.TO_MOVE)
_CARD_WORDS = {"INVALID": "closed", "UNKNOWN": "unknown", "EXPIRED": "expired", "EXPIRING": "ends soon"}
_PAYMENT_ICONS = {"approved": "payments", "declined": "credit_card_off", "pending": "schedule"}
_STATUS_WORDS = {
    "approved": "Paid",
    "pending": "On its way",
    "declined": "Declined",
    "returned": "Returned by the bank",
    "refunded": "Given back",
    "voided": "Voided",
    "charged_back": "Charged back",
}


def plan_panel(
    judged: JudgedPlan,
    payer: str | None,
    setting: Setting,
    former: Sequence[OldTerms] = (),
    matches: Mapping[tuple[str, str], EntryFacts] | None = None,
) -> PlanPanel:
    """One plan with its schedule and what happened to each instalment. former: its terms before they were edited.
    matches: money of the ledger that may have paid an instalment, by due item."""
    plan, found, today = judged.record.plan, judged.finding, setting.today
    settled = standing_settlement(judged.record.settlements)
    edits = edited(judged.record, former, today, setting.time_zone)
    delivered = None
    if found.exposure_cents is not None and found.unearned_cents is not None:
        delivered = found.paid_cents + found.exposure_cents - found.unearned_cents
    return PlanPanel(
        plan_id=plan.external_id,
        name=plan.name,
        kind=plan.kind,
        state=found.state,
        severity=calmed(found.severity, judged.promise),
        sentence=found.reason,
        payer=payer,
        expected_cents=found.expected_cents,
        paid_cents=found.paid_cents,
        arrears_cents=found.arrears_cents,
        ahead_cents=found.ahead_cents,
        remaining_cents=found.remaining_cents,
        exposure_cents=found.exposure_cents,
        days_past_due=found.days_past_due,
        aging=tuple(found.aging),  # type: ignore[arg-type]  # four buckets, as the panel wants them
        reminders_stopped=found.reminders_stopped,
        instalments=tuple(
            _instalment(
                one, today, edits.get(one.id, ()), (matches or {}).get(("instalment", one.external_id))
            )
            for one in found.instalments
        ),
        key=plan.id,
        total_cents=found.remaining_cents + found.waived_cents + found.paid_cents if found.known else None,
        delivered_cents=delivered,
        promises=_promises(judged.record, today, setting.time_zone),
        settlement=settlement_words(settled, today) if settled else "",
        to_settle=found.state is PlanState.SETTLEMENT
        and bool(found.arrears_cents or found.exposure_cents or found.unearned_cents),
        changed=tuple(reversed(edits.get(None, ()))),
    )


def _promises(record: PlanRecord, today: date, time_zone: str) -> tuple[PromiseLine, ...]:
    lines = []
    for promise in sorted(record.promises, key=lambda one: one.recorded_at, reverse=True):
        said_on = clock.local_date(promise.recorded_at, time_zone)
        found = judge_promise(promise, record.payments, today, recorded_on=said_on)
        stands = found.state not in (PromiseState.KEPT, PromiseState.WITHDRAWN)
        by = f"recorded {short_day(said_on, today)} by {promise.recorded_by}"
        if promise.withdrawn_by:
            by += f", withdrawn by {promise.withdrawn_by}"
        lines.append(PromiseLine(promise.id, found.state, found.sentence, by, stands))
    return tuple(lines)


def _instalment(
    one: InstalmentStanding, today: date, edits: Sequence[str], match: EntryFacts | None
) -> InstalmentLine:
    maybe = f"maybe paid {short_day(match.posted_on, today)} at the desk" if match else ""
    return InstalmentLine(
        one.external_id,
        one.due_on,
        one.amount_cents,
        one.waived_cents,
        one.allocated_cents,
        one.open_cents,
        one.days_late,
        maybe or what_happened(one, today),
        "; ".join(edits),
    )


def membership_panel(
    record: MembershipRecord,
    found: MembershipFinding,
    plans: Sequence[PlanOnOffer],
    as_of: datetime,
    recurrings: Sequence[RecurringFacts] = (),
) -> MembershipPanel:
    """One membership with a use bar for each period and service class that was judged, the visits that are over with
    what can be done about each of them, and what was decided. plans: what the practice sells; recurrings: of the patient."""
    lines = [line for line in found.lines if line.service_class is not None]
    return MembershipPanel(
        key=record.membership.id,
        membership_id=record.membership.external_id,
        name=record.plan.name,
        status=record.membership.status,
        state=found.state,
        severity=found.severity,
        sentence=" ".join(dict.fromkeys(row.reason for row in found.states)),
        next_draft_on=record.membership.next_draft_on,
        price_cents=record.plan.price_cents,
        billing=_billing(record, recurrings),
        bars=tuple(_bar(line) for line in lines),
        over=tuple(
            OverVisit(
                visit.id,
                visit.external_id,
                visit.starts_at,
                found.covers(visit).words,
                line.service_class or "",
                offers(found, line, visit, plans, as_of),
            )
            for line in lines
            for visit in line.excess
        ),
        choices=tuple(_taken(one) for line in lines for one in line.decisions),
    )


def _billing(record: MembershipRecord, recurrings: Sequence[RecurringFacts]) -> str:
    """How often it is really drafted: as the processor does, else as its plan says."""
    for one in recurrings:
        if one.membership_id == record.membership.id and one.status == "active":
            return billing(one.interval, one.interval_unit)
    return billing(record.plan.billing_every, record.plan.billing_unit, record.plan.period)


def _taken(one: Decision) -> TakenChoice:
    choice = one.choice
    return TakenChoice(
        choice.id,
        choice.kind,
        one.stands,
        one.visit.starts_at,
        choice.plan_name,
        choice.cents,
        choice.reason,
        choice.chosen_by,
        choice.chosen_at,
    )


def _bar(line: UseLine) -> UseBar:
    return UseBar(
        service_class=line.service_class or "",
        period_start=line.period_start,
        period_end=line.ends_on,
        allowance=line.allowance,
        used=line.used,
        booked=line.booked,
        over=line.over,
        should_be=line.should_be,
        excess=tuple(visit.starts_at for visit in line.excess),
        state=line.state,
        per_week=line.per_week,
        shared=line.shared,
    )


def card_lines(judged: Judged, setting: Setting, sources: Mapping[int, str]) -> tuple[CardLine, ...]:
    """Every card and bank account on file, the default one first. sources: connection name by card id."""
    charges: dict[int | None, str] = {}
    for draft in judged.drafts:
        charges.setdefault(
            draft.card_id,
            f"{draft.kind} {short_dollars(draft.cents)} on {short_day(draft.on, setting.today)}",
        )
    return tuple(
        CardLine(
            card_id=card.external_id,
            kind=card.kind,
            brand=card.brand,
            last_four=card.last_four,
            expires_on=card.expires_on,
            state=_card_words(card, judged, setting.today),
            is_default=card.is_default,
            source=sources.get(card.id, ""),
            charges=charges.get(card.id, ""),
        )
        for card in sorted(
            judged.facts.cards, key=lambda card: (not card.is_default, not card.active, card.id)
        )
    )


def _card_words(card: CardFacts, judged: Judged, today: date) -> str:
    state = card_state(card, judged.drafts, today)
    if state is None:
        return "good"
    return "removed" if not card.active and card.updater != "closed" else _CARD_WORDS[state]


def payment_lines(payments: Iterable[PaymentFacts], sources: Mapping[int, str]) -> tuple[PaymentLine, ...]:
    """Payments, newest first, with a decline's reason in words."""
    return tuple(
        PaymentLine(
            payment_id=one.external_id,
            happened_at=one.happened_at,
            amount_cents=one.amount_cents,
            status=one.status,
            method=one.method,
            reason=_decline(one),
            for_what=_purpose(one),
            source=sources.get(one.id, ""),
            surcharge_cents=one.surcharge_cents,
        )
        for one in sorted(payments, key=lambda one: one.happened_at, reverse=True)
    )


def _decline(payment: PaymentFacts) -> str:
    if payment.status in ("declined", "returned"):
        return reason_of(payment.reason_code).words
    return ""


def _purpose(payment: PaymentFacts) -> str:
    if payment.refund_ref:
        return "refund"
    if payment.connection_id == DESK:
        return "plan, by the ledger"
    if payment.membership_id is not None:
        return "membership"
    return "plan" if payment.plan_id is not None or payment.instalment_id is not None else "visit"


def visit_line(
    visit: VisitFacts, judged: Judged, setting: Setting, names: Mapping[int, tuple[str, str]]
) -> VisitLine:
    """One visit; for open ones how the insurance and the membership stand to it. names: provider, type by visit id."""
    state = standing(visit, setting.as_of)
    provider, kind = names.get(visit.id, ("", ""))
    sentence, estimate, note = "", None, ""
    if state is VisitStanding.OPEN:
        found = insurance_of(judged.facts, visit, setting)
        sentence, estimate = found.reason, found.estimate_cents
        note = _cover_note(visit, judged)
    return VisitLine(
        appointment_id=visit.external_id,
        starts_at=visit.starts_at,
        provider=provider or None,
        appointment_type=kind or None,
        status=visit.status,
        standing=state,
        insurance_sentence=sentence,
        estimate_cents=estimate,
        note=note,
    )


def _cover_note(visit: VisitFacts, judged: Judged) -> str:
    for record, finding in judged.memberships:
        covered = finding.covers(visit)
        if covered.cover in _NOTED:
            words = covered.words or "covered"
            return f"{words[0].upper()}{words[1:]} on {record.plan.name}"
    return ""


def coverage_lines(judged: Judged, setting: Setting) -> tuple[CoverageLine, ...]:
    """Each coverage on its own, as it stands to the visit at hand or the next one (else today)."""
    visit = judged.visit or judged.upcoming
    day = clock.local_date(visit.starts_at, setting.time_zone) if visit else setting.today
    price = visit.price_cents if visit else None
    lines = []
    for coverage in sorted(judged.facts.coverages, key=lambda one: (one.rank or 99, one.id)):
        found = judge_insurance([coverage], day, price, setting.today)
        lines.append(
            CoverageLine(
                payer=coverage.payer,
                kind=coverage.kind,
                state=found.state,
                sentence=found.reason,
                copay_cents=found.copay_cents,
                visits_left=found.visits_left,
                authorisation=found.authorisation,
                estimate_cents=found.estimate_cents,
                checked_on=found.checked_on,
            )
        )
    return tuple(lines)


def desk_offers(judged: Judged) -> tuple[DeskOffer, ...]:
    """Every possible match of this patient, the oldest due first."""
    return tuple(
        DeskOffer(row.id, row.amount_cents, row.posted_on, one.item.kind, one.item.due_on)
        for one in judged.asking.items
        if (row := judged.matches.get((one.item.kind, one.item.id))) is not None
    )


def desk_lines(judged: Judged, setting: Setting) -> tuple[DeskLine, ...]:
    """The answers about money of the ledger that stand, the latest first."""
    lines = []
    for one in sorted(judged.facts.desk_answers, key=lambda one: one.id, reverse=True):
        what = {"instalment": "the instalment", "membership": "the membership draft"}[one.due_kind]
        ref = one.due_ref.rpartition(":")[2] if one.due_kind == "membership" else one.due_ref
        paid = "paid" if one.answer == "yes" else "did not pay"
        words = f"{short_dollars(one.amount_cents)} of the ledger {paid} {what} {ref}."
        by = f"{one.decided_by}, {short_day(one.decided_on, setting.today)}"
        lines.append(DeskLine(one.id, one.answer, words, by))
    return tuple(lines)


def timeline(
    payments: Iterable[PaymentLine], visits: Iterable[VisitLine], links: Iterable[Moment]
) -> tuple[Moment, ...]:
    """Payments, declines, visits that were or failed to be, and links, newest first."""
    moments = list(links)
    for one in payments:
        words = _STATUS_WORDS.get(one.status, one.status.capitalize())
        fee = f", of it {dollars(one.surcharge_cents)} surcharge" if one.surcharge_cents else ""
        words = f"{words}{f': {one.reason}' if one.reason else ''} ({one.for_what}, {one.method or 'method not known'}{fee})"
        moments.append(
            Moment(one.happened_at, _PAYMENT_ICONS.get(one.status, "undo"), words, one.amount_cents)
        )
    for visit in visits:
        if visit.standing == VisitStanding.OPEN:
            continue
        words = {"DONE": "Visit", "PRESUMED_MISSED": "Did not come, it seems"}.get(
            visit.standing, visit.status.replace("_", " ").capitalize()
        )
        what = ", ".join(part for part in (visit.appointment_type, visit.provider) if part)
        icon = "event_available" if visit.standing == VisitStanding.DONE else "event_busy"
        moments.append(Moment(visit.starts_at, icon, f"{words}{f': {what}' if what else ''}", None))
    return tuple(sorted(moments, key=lambda moment: moment.at, reverse=True))
