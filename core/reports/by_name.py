"""A report as the command line and an export ask for it, by its name (CONTRACTS §2)."""

from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import Session

from core import clock
from core.errors import BadInput, NotFound
from core.practice.models import Location
from core.practice.reports import locations
from core.reports.arrears import arrears
from core.reports.cards import cards
from core.reports.credits import credits_report
from core.reports.head import Report
from core.reports.links import links_report
from core.reports.memberships import memberships
from core.reports.morning import morning, patients
from core.reports.prepaid import prepaid
from core.reports.tasks import tasks_report

# morning is the one that asks for a day beside the instant
_OF_AN_INSTANT: dict[str, Callable[..., Report]] = {
    "patients": patients,
    "cards": cards,
    "arrears": arrears,
    "memberships": memberships,
    "prepaid": prepaid,
    "credits": credits_report,
    "links": links_report,
    "tasks": tasks_report,
}
REPORTS = ("morning", *_OF_AN_INSTANT)


def report_by_name(
    session: Session, name: str, *, day: date | None = None, as_of: str = "", location: str = ""
) -> Report:
    """A report as the command line asks for it. as_of: ISO, local to the location without an offset, "" = now.

    location: the EHR's location id, "" = every location. Raises BadInput (name, as_of) and NotFound (location).
    """
    place = _location(session, location) if location else None
    zone = place.time_zone if place else _first_zone(session)
    instant = _instant(as_of, zone) if as_of else clock.now()
    location_id = place.id if place else None
    if name == "morning":
        return morning(session, location_id=location_id, day=day, as_of=instant)
    if name in _OF_AN_INSTANT:
        return _OF_AN_INSTANT[name](session, location_id=location_id, as_of=instant)
    raise BadInput(f"There is no report “{name}”. There are: {', '.join(REPORTS)}.")


def _location(session: Session, external_id: str) -> Location:
    found = next((place for place in locations(session) if place.external_id == external_id), None)
    if found is None:
        known = ", ".join(place.external_id for place in locations(session)) or "none yet"
        raise NotFound(f"There is no location “{external_id}”. There are: {known}.")
    return found


def _first_zone(session: Session) -> str:
    return next((place.time_zone for place in locations(session)), "UTC")


def _instant(text: str, time_zone: str) -> datetime:
    try:
        return clock.local_instant(datetime.fromisoformat(text), time_zone)
    except ValueError as error:
        raise BadInput(
            f"“{text}” is not an instant such as 2026-11-23T08:00 or 2026-11-23T14:00Z."
        ) from error
