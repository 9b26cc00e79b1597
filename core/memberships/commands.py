"""What the desk decides about a visit beyond a membership, and taking it back (DOMAIN §5)."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.memberships.choices import ChoiceKind
from core.memberships.facts import MembershipFinding, UseLine
from core.memberships.members import certain_findings, member_patient
from core.memberships.models import Membership, MembershipChoice
from core.memberships.offers import Offer, offers
from core.memberships.standing_choices import plans_for_sale
from core.patients.models import Patient
from core.permissions import Identity, Permission, require
from core.schedule.rules import VisitFacts
from core.secrets import has_card_number
from core.store.concerned import concern
from core.store.version import touch

LONGEST_REASON = 200


def choose(
    session: Session,
    who: Identity,
    *,
    membership_id: int,
    appointment_id: int,
    kind: ChoiceKind,
    reason: str,
    as_of: datetime | None = None,
) -> MembershipChoice:
    """Decide what happens to a visit that is over (both store ids). as_of: aware UTC, None = now.

    A choice made before that lapsed is replaced. Raises NotAllowed, NotFound, and BadInput when no reason is given,
    the visit is not over (any more), or this choice is not possible for it.
    """
    require(who.role, Permission.COLLECT)
    membership = _membership(session, who, membership_id)
    why = _reason(reason)
    instant = as_of or clock.now()
    finding, line, visit = _excess(session, membership, appointment_id, instant)
    offer = _offer(finding, line, visit, kind, session, instant)
    _replace_lapsed(session, who, membership_id, appointment_id)
    choice = MembershipChoice(
        practice_id=who.practice_id,
        membership_id=membership_id,
        appointment_id=appointment_id,
        kind=kind.value,
        starts_at=visit.starts_at,
        cents=offer.cents,
        extras_seen=line.rollover + line.add_ons,
        plan_id=offer.plan.id if offer.plan else None,
        visits=offer.visits,
        reason=why,
        chosen_at=instant,
        chosen_by=who.display_name,
    )
    session.add(choice)
    session.flush()
    _write_down(session, who, "decided about a visit beyond a membership", membership, choice)
    return choice


def undo_choice(session: Session, who: Identity, *, choice_id: int) -> None:
    """Take a choice back: its visit is judged as if nothing had been decided. Raises NotAllowed, NotFound, BadInput."""
    require(who.role, Permission.COLLECT)
    choice = session.get(MembershipChoice, choice_id)
    if choice is None:
        raise NotFound("This choice is not in the store any more. Refresh the page.")
    membership = _membership(session, who, choice.membership_id)
    if choice.undone_at is not None:
        raise BadInput("This choice was taken back already. Refresh the page.")
    _undo(session, who, choice)
    _write_down(session, who, "took back a choice about a membership", membership, choice)


def _undo(session: Session, who: Identity, choice: MembershipChoice) -> None:
    choice.undone_at, choice.undone_by = clock.now(), who.display_name
    session.add(choice)
    session.flush()


def _replace_lapsed(session: Session, who: Identity, membership_id: int, appointment_id: int) -> None:
    """The visit is over again, so what still stands for it does nothing any more."""
    stands = select(MembershipChoice).where(
        col(MembershipChoice.membership_id) == membership_id,
        col(MembershipChoice.appointment_id) == appointment_id,
        col(MembershipChoice.undone_at).is_(None),
    )
    for old in session.execute(stands).scalars():
        _undo(session, who, old)


def _membership(session: Session, who: Identity, key: int) -> Membership:
    found = session.get(Membership, key)
    if found is None or found.gone_at is not None:
        raise NotFound("This membership is not in the store any more. Refresh the page.")
    at = session.execute(
        select(col(Patient.location_id)).where(col(Patient.id) == found.patient_id)
    ).scalar_one()
    if who.location_id is not None and at not in (None, who.location_id):
        raise NotFound("This membership belongs to another location.")
    return found


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise BadInput("Write why, such as “asked for it at the desk”.")
    if len(reason) > LONGEST_REASON:
        raise BadInput(f"Keep the reason within {LONGEST_REASON} characters.")
    if has_card_number(reason):
        raise BadInput("This holds a card number. Never write one down here; take it out and save again.")
    return reason


def _excess(
    session: Session, membership: Membership, appointment_id: int, as_of: datetime
) -> tuple[MembershipFinding, UseLine, VisitFacts]:
    """The visit in the line it is over in, as judged now. Raises BadInput when it is not over."""
    one = member_patient(session, membership.patient_id, as_of)
    found = [
        finding for finding in certain_findings(session, one, as_of) if finding.membership.id == membership.id
    ]
    for finding in found:
        for line in finding.lines:
            for visit in line.excess:
                if visit.id == appointment_id:
                    return finding, line, visit
    raise BadInput("This visit is not beyond the membership any more. Refresh the page to see how it stands.")


def _offer(
    finding: MembershipFinding,
    line: UseLine,
    visit: VisitFacts,
    kind: ChoiceKind,
    session: Session,
    as_of: datetime,
) -> Offer:
    made = offers(finding, line, visit, plans_for_sale(session), as_of)
    offer = next(one for one in made if one.kind is kind)
    if not offer.possible:
        raise BadInput(f"This cannot be chosen. {offer.words}")
    return offer


def _write_down(
    session: Session, who: Identity, action: str, membership: Membership, choice: MembershipChoice
) -> None:
    """The reason stays out of the audit trail, which holds no free text."""
    detail = {"membership": membership.external_id, "appointment": choice.appointment_id, "kind": choice.kind, "cents": choice.cents}  # fmt: skip
    record(session, who=who, action=action, subject_kind="patient", subject_id=membership.patient_id, detail=detail)  # fmt: skip
    touch(session)
    concern(session, membership.patient_id)
