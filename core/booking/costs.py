"""What booking a visit costs now, and what goes back when it is cancelled. Pure: no store, no clock of its own."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.money import share, short_dollars

HOLD_LASTS = timedelta(days=6)
"""Banks let an authorization go after about a week; it is taken before that."""


class Charge(StrEnum):
    """What booking a type costs at once. hold: authorized now, taken at arrival. card: kept on file, nothing charged."""

    NOTHING = "nothing"
    FULL = "full price"
    DEPOSIT = "deposit"
    HOLD = "hold"
    CARD = "card on file"


class Cost(NamedTuple):
    """What booking costs now. why: for the desk, when it is not simply what the type asks for."""

    charge: Charge
    cents: int
    why: str = ""


class Person(NamedTuple):
    """What the store surely knows of who books. by_name: True = always prepays, False = never, None = no word of it."""

    no_shows: int = 0
    by_name: bool | None = None


NOBODY = Person()


def cost(
    charge: Charge,
    price_cents: int | None,
    deposit_cents: int | None,
    *,
    person: Person = NOBODY,
    days_ahead: int = 0,
    no_shows_prepay: int | None = None,
    days_ahead_prepay: int | None = None,
) -> Cost:
    """What is asked of this person for this type now. Where a price is unknown nobody can be asked to prepay it."""
    usual = _usual(charge, price_cents, deposit_cents)
    if person.by_name is False:
        return Cost(Charge.NOTHING, 0, "Excused from prepayment by name.")
    why = _must_prepay(person, days_ahead, no_shows_prepay, days_ahead_prepay)
    if not why or not price_cents or usual.charge == Charge.FULL:
        return usual
    return Cost(Charge.FULL, price_cents, why)


def _usual(charge: Charge, price_cents: int | None, deposit_cents: int | None) -> Cost:
    match charge:
        case Charge.FULL | Charge.HOLD:
            return Cost(charge, price_cents or 0)
        case Charge.DEPOSIT:
            return Cost(charge, deposit_cents or 0)
    return Cost(charge, 0)


def _must_prepay(person: Person, days_ahead: int, no_shows: int | None, days: int | None) -> str:
    if person.by_name:
        return "Prepays by name."
    if no_shows is not None and person.no_shows >= no_shows:
        return f"Did not come {person.no_shows} times."
    if days is not None and days_ahead > days:
        return f"Booked more than {days} days ahead."
    return ""


# What goes back.


def back_cents(
    paid_cents: int, starts_at: datetime, at: datetime, *, cutoff_hours: int, percent: int, percent_late: int
) -> int:
    """Of what was paid (or is held), how many cents go back when the visit is cancelled `at` (UTC)."""
    in_time = at <= starts_at - timedelta(hours=cutoff_hours)
    return share(paid_cents, percent if in_time else percent_late, 100)


def terms(
    charge: Charge, cents: int, *, cutoff_hours: int, percent: int, percent_late: int, held_until: str = ""
) -> str:
    """What is charged and what goes back, in a sentence or two for the patient."""
    amount = short_dollars(cents)
    match charge:
        case Charge.NOTHING:
            return "You pay nothing now."
        case Charge.CARD:
            return "Your card is kept on file. You pay nothing now."
        case Charge.HOLD:
            until = f", or on {held_until} if that is earlier" if held_until else ""
            first = f"We hold {amount} on your card and take it when you arrive{until}."
        case Charge.DEPOSIT:
            first = f"You pay a deposit of {amount} now; it counts toward your visit."
        case Charge.FULL:
            first = f"You pay {amount} now."
    return f"{first} {_goes_back(cutoff_hours, percent, percent_late)}"


def _goes_back(cutoff_hours: int, percent: int, percent_late: int) -> str:
    if percent == percent_late:
        return f"If you cancel, {_part(percent)}."
    if cutoff_hours <= 0:
        return f"If you cancel before it begins, {_part(percent)}."
    return f"If you cancel at least {_hours(cutoff_hours)} before, {_part(percent)}; later, {_part(percent_late)}."


def _part(percent: int) -> str:
    if percent <= 0:
        return "nothing goes back"
    return "all of it goes back to you" if percent >= 100 else f"{percent}% of it goes back to you"


def _hours(hours: int) -> str:
    if hours % 24 == 0 and hours > 24:
        return f"{hours // 24} days"
    return "an hour" if hours == 1 else f"{hours} hours"
