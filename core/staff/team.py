"""What the owner decides about the people of the practice: role, place and login times. Nobody decides their own."""

from sqlmodel import Session, select

from core.audit.commands import record
from core.errors import BadInput, NotAllowed, NotFound
from core.permissions import Identity, Permission, Role, require
from core.practice.models import Location
from core.staff.authority import hold, hold_owners, require_another_owner
from core.staff.login_times import another_owner_without_limits
from core.staff.models import Access, Staff, StaffLoginTime
from core.staff.rules import WEEKDAYS, DayTimes, day_times

NOT_THEIRS = "That account is not in your practice, or belongs to another location."


def staff_of(session: Session, actor: Identity | None, staff_id: int) -> Staff:
    """The account, when it is in the actor's practice and place. actor None: the machine itself. Raises NotFound."""
    staff = session.get(Staff, staff_id)
    if staff is None or (actor and not _theirs(actor, staff)):
        raise NotFound(NOT_THEIRS)
    return staff


def require_managing(actor: Identity, staff: Staff) -> None:
    """Raises NotAllowed without the right to manage the team, NotFound for an account of another practice or place."""
    require(actor.role, Permission.MANAGE_TEAM)
    if not _theirs(actor, staff):
        raise NotFound(NOT_THEIRS)


def change_role(session: Session, actor: Identity | None, *, staff_id: int, role: str) -> None:
    """Give a person another role, from their next click on. Raises NotAllowed, NotFound, BadInput."""
    staff = _anothers(session, actor, staff_id, "role")
    if role not in set(Role):
        raise BadInput(f"“{role}” is not a role. Roles are: {', '.join(Role)}.")
    if role != Role.OWNER:
        require_another_owner(session, staff)
    before, staff.role = staff.role, role
    session.add(staff)
    _audit(session, actor, "changed a role", staff_id, before=before, now=role)


def change_place(session: Session, actor: Identity | None, *, staff_id: int, location_id: int | None) -> None:
    """Where a person works; None = at every location. Raises NotAllowed, NotFound, BadInput."""
    staff = _anothers(session, actor, staff_id, "location")
    place = session.get(Location, location_id) if location_id is not None else None
    if location_id is not None and (place is None or place.practice_id != staff.practice_id):
        raise BadInput("That location is not in your practice.")
    if actor and actor.location_id not in {None, location_id}:
        raise NotAllowed("You may place people at your own location only. Ask an owner of every location.")
    before, staff.location_id = staff.location_id, location_id
    session.add(staff)
    _audit(session, actor, "changed a location", staff_id, before=before, now=location_id)


def set_week(session: Session, actor: Identity | None, *, staff_id: int, week: list[DayTimes]) -> None:
    """Weekdays of a person, on their location's wall clock; those not given stay. An open session follows at its next rerun.

    Raises NotAllowed (also for one's own), NotFound; BadInput for hours that end before they begin, or run past
    midnight, and for limits on the last owner without any.
    """
    staff = _anothers(session, actor, staff_id, "login times")
    checked = [day_times(*day) for day in week]
    limits = any(day.kind != Access.ALWAYS for day in checked)
    if limits and staff.role == Role.OWNER:
        hold_owners(session, staff)
    if limits and staff.role == Role.OWNER and not another_owner_without_limits(session, staff_id):
        raise BadInput(
            "One owner must be able to sign in at any time. Leave this one without limits, "
            "or give another owner 24 hours every day first."
        )
    for day in checked:
        _keep(session, staff_id, day)
    session.flush()
    _audit(
        session, actor, "changed login times", staff_id, days={WEEKDAYS[d.weekday]: _said(d) for d in checked}
    )


def _keep(session: Session, staff_id: int, day: DayTimes) -> None:
    which = (StaffLoginTime.staff_id == staff_id, StaffLoginTime.weekday == day.weekday)
    row = session.exec(select(StaffLoginTime).where(*which)).first()
    row = row or StaffLoginTime(staff_id=staff_id, weekday=day.weekday)
    row.kind, row.from_time, row.until_time = day.kind, day.from_time, day.until_time
    session.add(row)


def _said(day: DayTimes) -> str:
    return f"{day.from_time:%H:%M}-{day.until_time:%H:%M}" if day.from_time and day.until_time else day.kind


def _theirs(actor: Identity, staff: Staff) -> bool:
    return staff.practice_id == actor.practice_id and actor.location_id in {None, staff.location_id}


def _anothers(session: Session, actor: Identity | None, staff_id: int, what: str) -> Staff:
    if actor:
        require(actor.role, Permission.MANAGE_TEAM)
        if actor.staff_id == staff_id:
            raise NotAllowed(f"You cannot change your own {what}. Ask another owner.")
    staff = staff_of(session, actor, staff_id)
    hold(session, staff)
    return staff


def _audit(session: Session, actor: Identity | None, action: str, staff_id: int, **detail: object) -> None:
    record(session, who=actor, action=action, subject_kind="staff", subject_id=staff_id, detail=detail)
