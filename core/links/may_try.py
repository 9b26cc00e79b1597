"""Whether a declined draft may be charged again, or the payer be written to about it (DOMAIN §3): asked before, and as it goes."""

from sqlmodel import Session

from core import clock
from core.dues.askable import Contract, ItemAsk, Why
from core.dues.missing import tries_are_up, tries_of
from core.errors import BadInput
from core.findings.owed import Owed, owed
from core.memberships.models import Membership
from core.money import short_dollars
from core.patients.models import Patient
from core.payments.models import Payment
from core.plans.models import Plan
from core.plans.records import PlanRecord

PAID = "What this draft was for is paid by now. Nothing is left to charge."


def require_may_try(
    session: Session, payment: Payment, *, charges: bool, moves_the_try: bool = False
) -> None:
    """Raises BadInput with the reason when the money of a declined payment must not be asked for now.

    charges: the card is charged, so that the networks' limit of tries counts as well. moves_the_try: what the processor
    tries again by itself is only given another day.
    """
    patient = _whose(session, payment)
    if patient is None:
        return  # nobody's yet: nothing is known that could stand against it
    found = owed(session, patient, clock.now())
    mine = _asks(found, payment)
    if not mine:
        if _paid_since(found, payment):
            raise BadInput(PAID)
        return
    for one in mine:
        if charges and tries_are_up(one.item):
            raise BadInput(
                f"It was tried {tries_of(one.item)} times already, and more is not allowed. Ask for another way to pay."
            )
    _require_enough(mine, payment.amount_cents, moves_the_try=moves_the_try)


def _whose(session: Session, payment: Payment) -> Patient | None:
    """Whose debt it was tried for: the membership's or plan's, whoever's card it was."""
    key = payment.patient_id
    if payment.membership_id is not None:
        key = session.get_one(Membership, payment.membership_id).patient_id or key
    elif payment.plan_id is not None:
        plan = session.get_one(Plan, payment.plan_id)
        key = plan.payer_id or plan.patient_id or key
    return session.get(Patient, key) if key else None


def _require_enough(mine: list[ItemAsk], cents: int, *, moves_the_try: bool) -> None:
    free = sum(
        one.cents + sum(out.cents for out in one.left_out if moves_the_try and out.why is Why.RETRIED)
        for one in mine
    )
    wanted = min(cents, sum(one.item.amount_cents - one.item.waived_cents for one in mine))
    if free >= wanted:
        return
    why = next((out.sentence for one in mine for out in one.left_out), "")
    raise BadInput(
        why or f"Only {short_dollars(free)} of it is still open. Send a payment link for that instead."
    )


def _asks(found: Owed, payment: Payment) -> list[ItemAsk]:
    """The due item this payment was a try for; where none is, what its plan or membership owes."""
    items = found.judged.asking.items
    tried = [one for one in items if any(p.id == payment.id for p in one.item.attempts)]
    return tried or [one for one in items if one.contract == _contract(found, payment)]


def _contract(found: Owed, payment: Payment) -> Contract | None:
    for judged in found.judged.plans:
        if payment.plan_id is not None and judged.record.plan.id == payment.plan_id:
            return "plan", judged.record.plan.external_id
    for record, _ in found.judged.memberships:
        if payment.membership_id is not None and record.membership.id == payment.membership_id:
            return "membership", record.membership.external_id
    return None


def _paid_since(found: Owed, payment: Payment) -> bool:
    """Nothing of its contract is open, and at least its amount came since."""
    records: list[PlanRecord] = [
        one.record for one in found.judged.plans if one.record.plan.id == payment.plan_id
    ]
    rows = [p for record in records for p in record.payments]
    if payment.membership_id is not None:
        rows += [p for p in found.judged.facts.payments if p.membership_id == payment.membership_id]
    came = sum(
        p.pays_cents
        for p in rows
        if p.happened_at > payment.happened_at
        and p.status in ("approved", "pending")
        and p.refund_ref is None
    )
    said = any(
        one.answer == "yes"
        and one.membership_id == payment.membership_id
        and one.amount_cents >= payment.amount_cents
        for one in found.judged.facts.desk_answers
        if payment.membership_id is not None
    )
    return said or came >= payment.amount_cents
