"""A card that took the place of the one which was declined: then the next step is to charge it, not to ask for one. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date

from core.cards.rules import CardFacts, card_name, is_usable
from core.dues.askable import contract_of
from core.dues.missing import DueItem
from core.findings.facts import PatientFacts
from core.findings.paid_by import JudgedPlan


def with_new_cards(
    items: Sequence[DueItem], facts: PatientFacts, plans: Sequence[JudgedPlan], today: date
) -> Iterator[DueItem]:
    """The items, each with the name of the card that its contract charges by now where the last try was on another one.
    today: local."""
    known = {card.id: card for card in (*facts.cards, *facts.guarantor_cards, *facts.others_cards)}
    for item in items:
        declined = [p for p in item.attempts if p.status == "declined" and p.card_ref]
        if not declined:
            yield item
            continue
        last = max(declined, key=lambda p: (p.happened_at, p.id))
        card = _charged_now(item, facts, plans, known)
        fresh = card is not None and card.external_id != last.card_ref and is_usable(card, today)
        yield item._replace(new_card=card_name(card)) if card is not None and fresh else item


def _charged_now(
    item: DueItem, facts: PatientFacts, plans: Sequence[JudgedPlan], known: dict[int, CardFacts]
) -> CardFacts | None:
    """The processor's draft decides which card is charged; without one, what the contract itself says."""
    kind, ref = contract_of(item)
    for one in plans:
        if kind == "plan" and one.record.plan.external_id == ref:
            of_draft = [r.card_id for r in facts.recurrings if r.plan_id == one.record.plan.id and r.card_id]
            return known.get((of_draft or [one.record.plan.card_id])[0] or 0)
    for record in facts.memberships:
        if kind == "membership" and record.membership.external_id == ref:
            mine = record.membership
            of_draft = [r.card_id for r in facts.recurrings if r.membership_id == mine.id and r.card_id]
            return known.get((of_draft or [mine.card_id])[0] or 0)
    return None
