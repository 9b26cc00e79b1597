"""What a person does about a plan: write down a promise to pay, withdraw it, settle a plan that was ended early."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.patients.models import Patient
from core.permissions import Identity, Permission, require
from core.plans.facts import PlanState
from core.plans.models import Plan, PlanPromise, PlanSettlement, Settling
from core.plans.records import plan_records
from core.practice.models import Location
from core.secrets import has_card_number
from core.store.concerned import concern
from core.store.version import touch

LONGEST_WAIT = timedelta(days=366)
LONGEST_NOTE = 200


def promise_to_pay(
    session: Session, actor: Identity, *, plan_id: int, amount_cents: int, due_on: date, said_by: str
) -> PlanPromise:
    """Write down that `said_by` promised to pay `amount_cents` on the plan (store id) by `due_on` (local).

    A promise that still stood is withdrawn: the new one takes its place. Raises NotAllowed, NotFound, BadInput.
    """
    require(actor.role, Permission.COLLECT)
    plan, time_zone = _plan(session, actor, plan_id)
    today = clock.today(time_zone)
    if amount_cents <= 0:
        raise BadInput("A promise needs an amount above zero, such as 149.00.")
    if not today <= due_on <= today + LONGEST_WAIT:
        raise BadInput("A promise is for today or a day within a year. Choose another day.")
    for stands in _standing(session, plan_id):
        _withdraw(stands, actor, "a new promise took its place")
        session.add(stands)
    session.flush()
    promise = PlanPromise(
        practice_id=actor.practice_id,
        plan_id=plan_id,
        amount_cents=amount_cents,
        due_on=due_on,
        said_by=_note(said_by, "Write who promised it, such as “Ana on the phone”."),
        recorded_at=clock.now(),
        recorded_by=actor.display_name,
    )
    session.add(promise)
    session.flush()
    told = {"plan": plan.external_id, "cents": amount_cents, "due_on": due_on.isoformat()}
    record(session, who=actor, action="recorded a promise to pay", subject_kind="promise", subject_id=promise.id or 0, detail=told)  # fmt: skip
    _changed(session, plan)
    return promise


def withdraw_promise(session: Session, actor: Identity, *, promise_id: int, why: str = "") -> None:
    """Take a promise back: it was written down in error, or agreed anew. Raises NotAllowed, NotFound, BadInput."""
    require(actor.role, Permission.COLLECT)
    promise = session.get(PlanPromise, promise_id)
    if promise is None:
        raise NotFound("This promise is not in the store any more. Refresh the page.")
    plan, _ = _plan(session, actor, promise.plan_id)
    session.refresh(promise)
    if promise.withdrawn_at is not None:
        raise BadInput("This promise is withdrawn already. Refresh the page.")
    _withdraw(promise, actor, _note(why, ""))
    session.add(promise)
    record(session, who=actor, action="withdrew a promise to pay", subject_kind="promise", subject_id=promise_id, detail={"plan": plan.external_id})  # fmt: skip
    _changed(session, plan)


def settle_plan(
    session: Session, actor: Identity, *, plan_id: int, decision: Settling, why: str
) -> PlanSettlement:
    """Decide about a plan (store id) that was ended early: collect what is owed, or waive it.

    Raises NotAllowed, NotFound, and BadInput when it is not to be settled or no reason is given.
    """
    require(actor.role, Permission.SETTLE_PLANS)
    plan, time_zone = _plan(session, actor, plan_id)
    today = clock.today(time_zone)
    finding = plan_records(session, [plan_id], time_zone)[plan_id].judged(today)
    if finding.state is not PlanState.SETTLEMENT:
        raise BadInput("Only a plan that was ended early, and is not decided yet, can be settled.")
    stands = _settlements(session, plan_id)
    waived = next((one.amount_cents for one in stands), 0)  # and money came back since
    for one in stands:
        one.undone_at = clock.now()
        session.add(one)
    session.flush()
    settlement = PlanSettlement(
        practice_id=actor.practice_id,
        plan_id=plan_id,
        decision=decision,
        amount_cents=finding.arrears_cents + (waived if decision is Settling.WAIVE else 0),
        why=_note(why, "Write why, such as “moved away” or “agreed with the patient”."),
        decided_at=clock.now(),
        decided_by=actor.display_name,
    )
    session.add(settlement)
    session.flush()
    told = {"plan": plan.external_id, "cents": finding.arrears_cents, "decision": decision.value}
    record(session, who=actor, action="settled a plan", subject_kind="settlement", subject_id=settlement.id or 0, detail=told)  # fmt: skip
    _changed(session, plan)
    return settlement


def undo_settlement(session: Session, actor: Identity, *, plan_id: int) -> None:
    """Take the decision about a plan (store id) back: it is frozen again. Raises NotAllowed, NotFound, BadInput."""
    require(actor.role, Permission.SETTLE_PLANS)
    plan, _ = _plan(session, actor, plan_id)
    standing = _settlements(session, plan_id)
    if not standing:
        raise BadInput("There is no decision about this plan to take back. Refresh the page.")
    for one in standing:
        one.undone_at, one.undone_by = clock.now(), actor.display_name
        session.add(one)
    record(
        session, who=actor, action="took a settlement back", subject_kind="plan", subject_id=plan.external_id
    )
    _changed(session, plan)


def _changed(session: Session, plan: Plan) -> None:
    touch(session)
    concern(session, plan.patient_id, plan.payer_id)


def _plan(session: Session, actor: Identity, plan_id: int) -> tuple[Plan, str]:
    """The plan and the zone of who pays it. Raises NotFound, also for a plan of a location that is not the actor's."""
    lock = {"key_share": True}  # of two who decide about one plan at once, one comes after the other
    plan = session.get(Plan, plan_id, with_for_update=lock, populate_existing=True)
    payer = session.get(Patient, plan.payer_id or plan.patient_id) if plan else None
    if plan is None or plan.gone_at is not None or payer is None:
        raise NotFound("This plan is not in the store any more. Refresh the page.")
    if actor.location_id is not None and payer.location_id not in (None, actor.location_id):
        raise NotFound("This plan belongs to another location.")
    zones = select(col(Location.time_zone)).order_by(
        col(Location.id) != (payer.location_id or 0), col(Location.name)
    )
    return plan, session.execute(zones.limit(1)).scalar() or "UTC"


def _standing(session: Session, plan_id: int) -> list[PlanPromise]:
    query = select(PlanPromise).where(
        col(PlanPromise.plan_id) == plan_id, col(PlanPromise.withdrawn_at).is_(None)
    )
    return list(session.execute(query).scalars())


def _settlements(session: Session, plan_id: int) -> list[PlanSettlement]:
    """Decisions that stand, the latest first."""
    query = select(PlanSettlement).where(
        col(PlanSettlement.plan_id) == plan_id, col(PlanSettlement.undone_at).is_(None)
    )
    query = query.order_by(col(PlanSettlement.id).desc())
    return list(session.execute(query).scalars())


def _withdraw(promise: PlanPromise, actor: Identity, why: str) -> None:
    promise.withdrawn_at, promise.withdrawn_by, promise.withdrawn_why = clock.now(), actor.display_name, why


def _note(text: str, missing: str) -> str:
    """One line of a person's words. Raises BadInput when it is needed and empty, too long, or holds a card number."""
    line = " ".join(text.split())
    if missing and not line:
        raise BadInput(missing)
    if len(line) > LONGEST_NOTE:
        raise BadInput(f"This note is too long; {LONGEST_NOTE} letters are enough.")
    if has_card_number(line):
        raise BadInput(
            "This looks like a card number. Huddle never keeps one; write only its last four digits."
        )
    return line
