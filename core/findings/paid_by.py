"""Which of the payments we know of stand on a patient's account, pay a membership, or pay a plan they pay. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.findings.facts import PatientFacts
from core.payments.facts import PaymentFacts
from core.plans.facts import PlanFinding
from core.plans.promises import PromiseFinding
from core.plans.records import PlanRecord


@dataclass(frozen=True, slots=True)
class JudgedPlan:
    """family: somebody else pays, so the money stands at the payer's row and not here. promise: the one that stands."""

    record: PlanRecord
    finding: PlanFinding
    family: bool
    promise: PromiseFinding | None = None


def payments_of_membership(payments: list[PaymentFacts], membership_id: int) -> list[PaymentFacts]:
    """The membership's payments and the refunds of them, which may carry no membership of their own."""
    own = [payment for payment in payments if payment.membership_id == membership_id]
    ids = {(payment.connection_id, payment.external_id) for payment in own}
    back = [
        p
        for p in payments
        if p.refund_ref and p.membership_id is None and (p.connection_id, p.refund_ref) in ids
    ]
    return own + back


def on_own_account(facts: PatientFacts) -> list[PaymentFacts]:
    """Payments that belong on the patient's account: not those for somebody else's membership, nor refunds of what
    somebody else paid, nor those that the ledger has on another account."""
    own, mine = {record.membership.id for record in facts.memberships}, (facts.person.id, None)
    return [
        payment
        for payment in facts.payments
        if (payment.membership_id in own or (payment.membership_id is None and payment.patient_id in mine))
        and (payment.order_id is None or payment.order_id not in facts.posted_elsewhere)
    ]


def all_payments(facts: PatientFacts) -> Iterable[PaymentFacts]:
    """Each payment once: those on the patient's account and those of plans they pay for."""
    seen: dict[int, PaymentFacts] = {payment.id: payment for payment in on_own_account(facts)}
    for record in facts.plans:
        if (record.plan.payer_id or record.plan.patient_id) == facts.person.id:
            seen.update((payment.id, payment) for payment in record.payments)
    return seen.values()
