"""Who may do what: one table of role → permissions, asked by the shell, the page and the command."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core import clock
from core.errors import NotAllowed


class Role(StrEnum):
    OWNER = "owner"
    OFFICE_MANAGER = "office manager"
    FRONT_DESK = "front desk"
    PROVIDER = "provider"


class Permission(StrEnum):
    SEE_DAY = "see the day"
    SEE_PATIENTS = "see patients"
    SEE_MONEY = "see money"
    ASK_FOR_CARDS = "ask for cards"
    COLLECT = "collect"
    SETTLE_PLANS = "settle plans"
    SEND_BLASTS = "send blasts"
    MANAGE_TEMPLATES = "manage templates"
    EXPORT = "export"
    LINK_RECORDS = "link records"
    WORK_TASKS = "work on tasks"
    POST_PAYMENTS = "post payments"
    SEE_ACTIVITY = "see the activity"
    SEE_CONNECTIONS = "see connections"
    MANAGE_CONNECTIONS = "manage connections"
    MANAGE_BOOKING = "manage online booking"
    SEE_OVERVIEW = "see the overview"
    MANAGE_TEAM = "manage the team"
    OWN_ACCOUNT = "own account"


_P = Permission
ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.OFFICE_MANAGER: frozenset(Permission) - {_P.MANAGE_TEAM},
    Role.FRONT_DESK: frozenset(
        {
            _P.SEE_DAY,
            _P.SEE_PATIENTS,
            _P.SEE_MONEY,
            _P.ASK_FOR_CARDS,
            _P.COLLECT,
            _P.WORK_TASKS,
            _P.SEE_CONNECTIONS,
            _P.OWN_ACCOUNT,
        }
    ),
    Role.PROVIDER: frozenset({_P.SEE_DAY, _P.SEE_PATIENTS, _P.OWN_ACCOUNT}),
}


def may(role: str, permission: Permission) -> bool:
    """Whether a role holds a permission. An unknown role holds none."""
    try:
        return permission in ROLES[Role(role)]
    except ValueError:
        return False


def require(role: str, permission: Permission) -> None:
    """Raises NotAllowed, with a sentence, when the role does not hold the permission."""
    if not may(role, permission):
        raise NotAllowed(f"Your role ({role}) may not {permission}. Ask the owner or the office manager.")


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person: what pages and commands are given as `actor`.

    location_id None: every location of the practice. idle_left: seconds until idle sign-off if nothing happens.
    """

    session_id: int
    staff_id: int
    username: str
    display_name: str
    role: str
    location_id: int | None = None
    practice_id: int = 1
    idle_left: float = 0.0
    seen_at: datetime = clock.EPOCH


def works_at(who: Identity, location_id: int | None) -> bool:
    """Whether something of this location is the person's to work on; what has no location is everybody's."""
    return who.location_id is None or location_id in (None, who.location_id)


def require_whole(who: Identity, location_id: int | None) -> None:
    """Something that holds for a location (None: for all of them). Raises NotAllowed unless it is the person's own, or they
    work at every location."""
    if who.location_id not in (None, location_id):
        raise NotAllowed("You may change this for your own location only. Ask an owner of every location.")
