"""What can be set up for online booking and what cannot: each check says what to write instead."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from sqlmodel import Session, select

from core.booking.costs import Charge
from core.booking.free_times import FURTHEST_DAYS, GRAIN_MINUTES, LONGEST_MINUTES, Stretch, unfit_minutes
from core.booking.models import OnlineType, Who
from core.errors import BadInput
from core.secrets import has_card_number

LONGEST_TEXT, LONGEST_REASON, LONGEST_GROUP = 600, 200, 40
MOST_CAPACITY, MOST_HOURS = 50, 24 * 30
DAY_MINUTES = 24 * 60
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}|localhost(?::\d{1,5})?|127\.0\.0\.1(?::\d{1,5})?"
)


def host_name(given: str) -> str:
    """A host as it is kept, "" for nothing. Raises BadInput."""
    host = given.strip().lower().removeprefix("https://").removeprefix("http://").strip("/")
    if not host:
        return ""
    if not _HOST.fullmatch(host):
        raise BadInput(f"“{host[:60]}” is not a host name. Write it as www.example.com.")
    return host


def free_slug(session: Session, practice_id: int, name: str) -> str:
    """What an address ends with for a type of this name, which no other type has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "visit"
    taken = set(session.exec(select(OnlineType.slug).where(OnlineType.practice_id == practice_id)))
    slug, count = base, 1
    while slug in taken:
        count += 1
        slug = f"{base}-{count}"
    return slug


def check_times(minutes: int, step: int, prep: int, notice: int, days_ahead: int, capacity: int) -> None:
    """Lengths, steps and limits of a type, in minutes and days. Raises BadInput."""
    if unfit_minutes(minutes):
        raise BadInput(f"A visit lasts 5 to {LONGEST_MINUTES} minutes, in steps of 5.")
    if unfit_minutes(step):
        raise BadInput(f"Times begin every 5 to {LONGEST_MINUTES} minutes, in steps of 5.")
    if unfit_minutes(prep, least=0):
        raise BadInput("The time to prepare is 0 minutes or more, in steps of 5.")
    if not 0 <= notice <= MOST_HOURS * 60:
        raise BadInput("The earliest notice is from 0 minutes to 30 days before the visit.")
    if not 0 <= days_ahead <= FURTHEST_DAYS:
        raise BadInput(f"Patients can book 0 to {FURTHEST_DAYS} days ahead.")
    if not 1 <= capacity <= MOST_CAPACITY:
        raise BadInput(f"At the same time there can be 1 to {MOST_CAPACITY} people.")


def check_words(text: str, group_name: str, who: str) -> None:
    """What patients read of a type, and who may book it. Raises BadInput."""
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"The text shown is longer than {LONGEST_TEXT} characters. Shorten it.")
    if len(group_name) > LONGEST_GROUP:
        raise BadInput(f"The name of what counts together is longer than {LONGEST_GROUP} characters.")
    if has_card_number(text):
        raise BadInput("This holds a card number. Huddle never keeps one; take it out.")
    if who not in set(Who):
        raise BadInput("Choose who may book: new patients, existing patients, or both.")


def check_money(
    charge: str, price: int | None, deposit: int | None, percent: int, late: int, cutoff: int
) -> None:
    """What a type charges, in cents, and what goes back, in percent. Raises BadInput."""
    if charge not in set(Charge):
        raise BadInput("Choose what booking costs from the list.")
    for cents, what in ((price, "price"), (deposit, "deposit")):
        if cents is not None and not 100 <= cents <= 1_000_000:
            raise BadInput(f"The {what} is from $1 to $10,000. Leave it empty where there is none.")
    if not 0 <= late <= percent <= 100:
        raise BadInput(
            "What goes back is 0 to 100%, and not more for a late cancellation than for a timely one."
        )
    if not 0 <= cutoff <= MOST_HOURS:
        raise BadInput("The cut-off is 0 hours to 30 days before the visit.")


def check_hours(stretches: Sequence[Stretch]) -> None:
    """A provider's week. Raises BadInput."""
    for each in stretches:
        if not 0 <= each.weekday <= 6:
            raise BadInput("A weekday is Monday to Sunday.")
        if each.starts_minute % GRAIN_MINUTES or each.ends_minute % GRAIN_MINUTES:
            raise BadInput("Hours and breaks begin and end on five minutes, such as 9:05.")
        if not 0 <= each.starts_minute < each.ends_minute <= DAY_MINUTES:
            raise BadInput("Hours and breaks end after they begin, on the same day.")
    ordered = sorted(
        (each.is_break, each.weekday, each.starts_minute, each.ends_minute) for each in stretches
    )
    for one, other in pairwise(ordered):
        if one[:2] == other[:2] and other[2] < one[3]:
            raise BadInput("Two stretches of the same day overlap. Make one of them, or move it.")


def tidy(reason: str) -> str:
    """A reason as it is kept. Raises BadInput when it holds a card number."""
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if has_card_number(reason):
        raise BadInput("This holds a card number. Huddle never keeps one; take it out.")
    return reason
