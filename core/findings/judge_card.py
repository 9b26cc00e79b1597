"""What a patient's card has to pay, and what to say about it: joins plans, memberships, drafts and cards.

Pure. Used by judge.py for one patient, and by core/reports/cards.py for the list of all.
"""

from collections.abc import Sequence
from typing import NamedTuple

from core.cards.rules import CardFinding
from core.cards.rules import judge_card as judge_cards
from core.dues.drafts import MembershipDrafts, PlanInstalments, plan_instalments, upcoming_drafts
from core.findings.facts import MembershipRecord, PatientFacts
from core.findings.setting import Setting
from core.payments.facts import Draft
from core.plans.facts import PlanFacts, PlanFinding, PlanState
from core.plans.records import PlanRecord


class PlanToPay(NamedTuple):
    """A plan that the patient pays. runs: neither completed nor ended early."""

    plan: PlanFacts
    drafts: PlanInstalments
    runs: bool


def to_pay(record: PlanRecord, finding: PlanFinding) -> PlanToPay:
    """A judged plan as its card sees it."""
    drafts = plan_instalments(record.plan, finding, names_card=record.card_ref is not None)
    return PlanToPay(record.plan, drafts, finding.state not in (PlanState.COMPLETED, PlanState.SETTLEMENT))


def is_paid_by(record: PlanRecord, patient_id: int) -> bool:
    return (record.plan.payer_id or record.plan.patient_id) == patient_id


def member_drafts(record: MembershipRecord) -> MembershipDrafts:
    """The draftable side of a membership."""
    one = record.membership
    return MembershipDrafts(
        one.id,
        one.external_id,
        record.plan.price_cents,
        one.next_draft_on,
        one.card_id,
        one.status,
        one.end_date,
        one.frozen_from,
        one.frozen_to,
        one.anchor_day,
        record.plan.billing_every,
        record.plan.billing_unit,
        record.plan.period,
    )


def card_drafts(
    facts: PatientFacts, own: Sequence[PlanToPay], members: Sequence[MembershipDrafts], setting: Setting
) -> tuple[Draft, ...]:
    """Drafts on this patient's account: of a family contract they are the payer's."""
    if not (facts.recurrings or facts.plans or members):
        return ()
    mine = {one.plan.id for one in own}
    elsewhere = {record.plan.id for record in facts.plans} - mine
    recurrings = [one for one in facts.recurrings if one.plan_id not in elsewhere]
    return tuple(upcoming_drafts(recurrings, [one.drafts for one in own], members, setting.today))


def judge_card(
    facts: PatientFacts, own: Sequence[PlanToPay], drafts: Sequence[Draft], setting: Setting
) -> CardFinding:
    """Judge the cards; obliged by an active plan they pay, a running membership, or the practice's policy."""
    running = [one for one in own if one.runs]
    obliged = (
        setting.everyone_needs_card
        or any(one.plan.status == "active" for one in running)
        or any(
            record.membership.status in ("active", "past_due")
            and (record.membership.end_date is None or record.membership.end_date >= setting.today)
            for record in facts.memberships
        )
    )
    by_plan = (one.plan.card_id for one in running)
    by_membership = (record.membership.card_id for record in facts.memberships)
    named = next((card for card in (*by_plan, *by_membership) if card is not None), None)
    return judge_cards(
        facts.cards,
        drafts,
        setting.today,
        obliged=obliged,
        linked=facts.linked or not setting.processors,
        charged_card_id=named,
        guarantor_cards=facts.guarantor_cards,
        others_cards=facts.others_cards,
        known=setting.cards_known,
    )
