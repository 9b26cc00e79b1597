"""What stands against asking a patient, from their facts: money on its way, promises, open links, maybe paid. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from core.dues.askable import ACCOUNT, Asking, Contract, Held, Promised, Why
from core.dues.missing import Asked, DueItem, open_cents
from core.dues.possible_matches import Due, possible_matches
from core.findings.facts import PatientFacts
from core.findings.paid_by import JudgedPlan, all_payments, on_own_account, payments_of_membership
from core.payments.facts import pending_cents
from core.plans.promises import PromiseFinding, calms


def held_against(
    facts: PatientFacts, plans: Sequence[JudgedPlan], items: Sequence[DueItem], today: date
) -> Held:
    """Everything `askable` takes into account. today: local."""
    promised = {
        ("plan", one.record.plan.external_id): Promised(
            still_promised(one.promise), one.promise.promise.due_on
        )
        for one in plans
        if not one.family and one.promise is not None and calms(one.promise)
    }
    return Held(
        today=today,
        matches=possible_matches(items, facts.desk_rows, facts.desk_answers),
        pending=_pending(facts, plans),
        promised=promised,
        links=tuple(facts.open_asks),
    )


def _pending(facts: PatientFacts, plans: Sequence[JudgedPlan]) -> dict[Contract, int]:
    """Cents on their way by what they are for; of what names nothing, the patient's own."""
    if not any(payment.status == "pending" for payment in all_payments(facts)):
        return {}
    found: dict[Contract, int] = {
        ("plan", one.record.plan.external_id): pending_cents(one.record.payments)
        for one in plans
        if not one.family
    }
    for record in facts.memberships:
        one = record.membership
        mine = payments_of_membership(facts.payments, one.id)
        found["membership", one.external_id] = pending_cents(mine)
    found[ACCOUNT] = pending_cents(
        p
        for p in on_own_account(facts)
        if p.plan_id is None and p.instalment_id is None and p.membership_id is None
    )
    return found


def still_promised(promise: PromiseFinding) -> int:
    """What of a promise has not come yet, in cents."""
    return max(0, promise.promise.amount_cents - max(0, promise.came_cents))


def promised_items(items: Iterable[DueItem], promise: PromiseFinding | None) -> Iterator[DueItem]:
    """Late instalments with the day of the promise that covers them whole, the oldest first."""
    left = still_promised(promise) if promise is not None and calms(promise) else 0
    for item in items:
        covered = promise is not None and 0 < open_cents(item) <= left
        left -= min(left, open_cents(item))
        yield item._replace(promised_on=promise.promise.due_on) if covered and promise else item


def asked_of(asking: Asking) -> dict[Due, Asked]:
    """By due item what may be asked for it, for the sentences about what is missing."""
    found: dict[Due, Asked] = {}
    for one in asking.items:
        pending = sum(out.cents for out in one.left_out if out.why is Why.PENDING)
        why = one.left_out[0].sentence if one.left_out else ""
        found[one.item.kind, one.item.id] = Asked(one.cents, pending, why)
    return found
