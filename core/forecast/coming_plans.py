"""What of every plan is still to be paid in the coming days, without judging those whose sums tell it all."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from core.dates import ONE_DAY
from core.dues.drafts import PlanInstalments, plan_instalments
from core.plans import narrow
from core.plans.records import plan_records
from core.plans.rules import judge_plan


class ComingPlan(NamedTuple):
    """payer_id: store id of who pays. card_ref: external id of the card it names; drafts.card_id is not filled in."""

    payer_id: int
    card_ref: str | None
    drafts: PlanInstalments


def coming_plans(
    session: Session, *, today: date, last: date, until: datetime, time_zone: str
) -> dict[int, ComingPlan]:
    """Every plan that is there by store id, with its open instalments of today through `last` (local).

    What is open outside of these days is told as one sum the day before or after. until: today's end (aware UTC).
    """
    given = {"today": today, "until": until, "last": last}
    due: dict[int, list[tuple[date, int]]] = {}
    for plan_id, on, cents in session.connection().execute(narrow.COMING, given):
        due.setdefault(plan_id, []).append((on, cents))
    found: dict[int, ComingPlan] = {}
    to_judge: dict[int, tuple[int, str | None]] = {}
    for plan_id, external_id, card_ref, payer_id, owed, asked, paid, unsure in session.connection().execute(
        narrow.SUMS, given
    ):
        if unsure:
            to_judge[plan_id] = (payer_id, card_ref)
            continue
        open_ = tuple(_open(due.get(plan_id, ()), owed, asked, paid, today, last))
        drafts = PlanInstalments(
            plan_id, external_id, None, card_ref is not None, True, False, None, None, open_
        )
        found[plan_id] = ComingPlan(payer_id, card_ref, drafts)
    found.update(_judged(session, to_judge, today, time_zone))
    return found


def _open(
    due: Iterable[tuple[date, int]], owed: int, asked: int, paid: int, today: date, last: date
) -> Iterable[tuple[date, int]]:
    """Money that is tied to nothing pays the oldest first: what was due before today, then these, then the later ones."""
    if owed > paid:
        yield today - ONE_DAY, owed - paid
    ahead = max(0, paid - owed)
    within = 0
    for on, cents in due:
        within += cents
        taken = min(ahead, cents)
        ahead -= taken
        if cents > taken:
            yield on, cents - taken
    if asked - owed - within > ahead:
        yield last + ONE_DAY, asked - owed - within - ahead


def _judged(
    session: Session, wanted: Mapping[int, tuple[int, str | None]], today: date, time_zone: str
) -> dict[int, ComingPlan]:
    records = plan_records(session, list(wanted), time_zone, done_visits=False)
    found: dict[int, Any] = {}
    for plan_id, record in records.items():
        payer_id, card_ref = wanted[plan_id]
        finding = judge_plan(record.plan, record.instalments, record.payments, today)
        drafts = plan_instalments(record.plan, finding, names_card=card_ref is not None)
        found[plan_id] = ComingPlan(payer_id, card_ref, drafts)
    return found
