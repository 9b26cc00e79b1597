"""A person says whether money typed into the ledger paid something due, and can take it back (DOMAIN §3)."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from core import clock
from core.audit.commands import record
from core.dues.missing import open_cents
from core.errors import BadInput, NotFound
from core.findings.judge import Judged
from core.findings.owed import owed
from core.ledger.models import Answer, DeskMatch
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.store.concerned import concern
from core.store.version import touch

NOT_OFFERED = "This is answered by now, or the ledger says otherwise. Refresh the page and look again."


def answer_match(
    session: Session,
    actor: Identity,
    *,
    patient_id: int,
    entry_id: int,
    answer: Answer,
    as_of: datetime | None = None,
) -> DeskMatch:
    """Say yes or no to the possible match of a ledger row (store id) that is offered for this patient, who pays.

    Yes: it paid what it is offered for. No: it did not, and is offered for nothing it was refused for again. The same
    answer again changes nothing. Raises BadInput when it is not offered (any more), NotFound, NotAllowed.
    """
    require(actor.role, Permission.COLLECT)
    patient = patient_of(session, actor, patient_id, alone=True)
    judged = owed(session, patient, as_of or clock.now()).judged
    due = next((due for due, row in judged.matches.items() if row.id == entry_id), None)
    if due is None:
        raise BadInput(NOT_OFFERED)
    item = next(one.item for one in judged.asking.items if (one.item.kind, one.item.id) == due)
    match = DeskMatch(
        practice_id=actor.practice_id,
        entry_id=entry_id,
        patient_id=patient_id,
        due_kind=due[0],
        due_ref=due[1],
        plan_id=_plan(judged, item.contract) if due[0] == "instalment" else None,
        membership_id=_membership(judged, due[1]) if due[0] == "membership" else None,
        answer=answer.value,
        amount_cents=min(open_cents(item), judged.matches[due].amount_cents),
        decided_at=clock.now(),
        decided_by=actor.display_name,
    )
    try:
        with session.begin_nested():
            session.add(match)
    except IntegrityError as error:  # somebody else was quicker, on another patient's card
        raise BadInput(NOT_OFFERED) from error
    _audit(session, actor, match, f"said {answer.value} to a possible match")
    return match


def take_answer_back(session: Session, actor: Identity, *, match_id: int) -> None:
    """The row is a possible match again. Raises BadInput when it was taken back already, NotFound, NotAllowed."""
    require(actor.role, Permission.COLLECT)
    match = session.get(DeskMatch, match_id)
    if match is None or match.practice_id != actor.practice_id:
        raise NotFound("This answer is not in the store any more. Refresh the page.")
    patient_of(session, actor, match.patient_id)
    changed = session.execute(
        update(DeskMatch)
        .where(DeskMatch.id == match_id, DeskMatch.undone_at.is_(None))  # type: ignore[arg-type, union-attr]
        .values(undone_at=clock.now(), undone_by=actor.display_name)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        raise BadInput("This answer is taken back already. Refresh the page.")
    _audit(session, actor, match, "took an answer about a possible match back")


def _plan(judged: Judged, contract: tuple[str, str]) -> int | None:
    ids = (one.record.plan.id for one in judged.plans if ("plan", one.record.plan.external_id) == contract)
    return next(ids, None)


def _membership(judged: Judged, ref: str) -> int | None:
    wanted = ref.rpartition(":")[0]
    ids = (r.membership.id for r, _ in judged.memberships if r.membership.external_id == wanted)
    return next(ids, None)


def _audit(session: Session, actor: Identity, match: DeskMatch, action: str) -> None:
    detail = {"entry": match.entry_id, "due": match.due_kind, "cents": match.amount_cents}
    record(
        session, who=actor, action=action, subject_kind="desk_match", subject_id=match.id or 0, detail=detail
    )
    touch(session)
    concern(session, match.patient_id)
