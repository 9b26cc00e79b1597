"""Reading the choices that stand, and what the practice sells, for the rules."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from core.memberships.choices import ChoiceFacts
from core.memberships.facts import BenefitFacts, MembershipPlanFacts
from core.memberships.models import MembershipBenefit, MembershipChoice, MembershipPlan
from core.memberships.offers import PlanOnOffer, plans_on_offer
from core.store.base import table_of
from core.store.statements import IDS

_choice, _plan, _benefit = (
    table_of(MembershipChoice),
    table_of(MembershipPlan),
    table_of(MembershipBenefit),
)
_STANDING = (
    select(*(_plan.c.name if name == "plan_name" else _choice.c[name] for name in ChoiceFacts._fields))
    .select_from(_choice.outerjoin(_plan, _choice.c.plan_id == _plan.c.id))
    .where(_choice.c.undone_at.is_(None))
    .order_by(_choice.c.id)
)
_STANDING_OF = _STANDING.where(_choice.c.membership_id.in_(IDS))
_EVERY = select(
    *(
        _choice.c[name]
        for name in ("kind", "starts_at", "cents", "chosen_at", "chosen_by", "undone_at", "undone_by")
    )
).where(_choice.c.membership_id.in_(IDS))
_ON_SALE = select(*(_plan.c[name] for name in MembershipPlanFacts._fields)).where(_plan.c.gone_at.is_(None))
_BENEFITS = select(_benefit.c.membership_plan_id, *(_benefit.c[name] for name in BenefitFacts._fields)).where(
    _benefit.c.gone_at.is_(None)
)


def standing_choices(
    session: Session, membership_ids: Collection[int] | None = None
) -> dict[int, list[ChoiceFacts]]:
    """Choices that were not undone, by membership (store id); of these memberships, or of all."""
    connection = session.connection()
    if membership_ids is None:
        rows = connection.execute(_STANDING).all()
    else:
        rows = connection.execute(_STANDING_OF, {"ids": list(membership_ids)}).all()
    found: dict[int, list[ChoiceFacts]] = {}
    for row in rows:
        choice = ChoiceFacts._make(row)
        found.setdefault(choice.membership_id, []).append(choice)
    return found


class ChoiceEntry(NamedTuple):
    """A choice for the patient's timeline. starts_at: the visit's when chosen; undone_at None = it stands."""

    kind: str
    starts_at: datetime
    cents: int | None
    chosen_at: datetime
    chosen_by: str
    undone_at: datetime | None
    undone_by: str


def choice_history(session: Session, membership_ids: Collection[int]) -> list[ChoiceEntry]:
    """Every choice ever made about these memberships (store ids), undone ones too."""
    rows = session.connection().execute(_EVERY, {"ids": list(membership_ids)}).all() if membership_ids else ()
    return [ChoiceEntry._make(row) for row in rows]


def plans_for_sale(session: Session) -> Sequence[PlanOnOffer]:
    """Every membership plan that is still there, with what it allows."""
    connection = session.connection()
    plans = [MembershipPlanFacts._make(row) for row in connection.execute(_ON_SALE).all()]
    benefits = [(row[0], BenefitFacts._make(row[1:])) for row in connection.execute(_BENEFITS).all()]
    return plans_on_offer(plans, benefits)
