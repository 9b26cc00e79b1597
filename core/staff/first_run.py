"""The first account of a practice: made once, by whoever holds the set-up link, while nobody can sign in yet."""

from zoneinfo import available_timezones

from sqlmodel import Session, select

from core.card_numbers import has_card_number
from core.errors import BadInput, NotAllowed
from core.permissions import Role
from core.practice.models import Practice
from core.staff.commands import add_staff
from core.staff.models import Staff
from core.staff.reports import has_staff

TAKEN = "This practice has its first account already. Sign in, or ask its owner for an account."
LONGEST_NAME = 100


def set_up_practice(
    session: Session,
    *,
    practice_name: str,
    time_zone: str,
    username: str,
    display_name: str,
    password_hash: str,
) -> Staff:
    """Name the practice and make its owner's account. Decided here and now: of two who come at once, one is refused.

    Raises NotAllowed when anybody has an account already; BadInput: no name, no such zone, what add_staff refuses.
    """
    name = " ".join(practice_name.split())[:LONGEST_NAME]
    if not name or has_card_number(name):
        raise BadInput("Give the practice's name, as it stands over the door.")
    if time_zone not in available_timezones():
        raise BadInput("Choose the practice's time zone, such as America/Denver.")
    if session.get(Practice, 1) is None:
        session.add(Practice(id=1))
        session.flush()
    practice = session.exec(
        select(Practice).where(Practice.id == 1).with_for_update().execution_options(populate_existing=True)
    ).one()
    if has_staff(session):
        raise NotAllowed(TAKEN)
    practice.name, practice.time_zone = name, time_zone
    session.add(practice)
    return add_staff(
        session,
        None,
        username=username,
        display_name=display_name,
        role=Role.OWNER,
        password_hash=password_hash,
    )
