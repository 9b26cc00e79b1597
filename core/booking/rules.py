"""Which times are free, what booking one costs, and what goes back. Pure: no store, no clock of its own.

A time is free when it lies whole within the provider's hours, outside breaks and days off, not too soon and not too far
ahead, and when at no moment of it (with the time to prepare) something else is in the way: of the same group fewer than
the capacity, of anything else nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from core import clock
from core.money import share, short_dollars

HOLD_MINUTES: float = 10
GRAIN_MINUTES = 5
"""Every length, step and hour is a multiple of this, so that two times that overlap share a whole grain."""
LONGEST_MINUTES = 480
FURTHEST_DAYS = 365
HOLD_LASTS = timedelta(days=6)
"""Banks let an authorization go after about a week; it is taken before that."""
_MINUTE = timedelta(minutes=1)
_GRAIN = timedelta(minutes=GRAIN_MINUTES)


class Charge(StrEnum):
    """What booking a type costs at once. hold: authorized now, taken at arrival. card: kept on file, nothing charged."""

    NOTHING = "nothing"
    FULL = "full price"
    DEPOSIT = "deposit"
    HOLD = "hold"
    CARD = "card on file"


class Offer(NamedTuple):
    """How a type is offered, in minutes and days. group: what counts together; never ""."""

    minutes: int
    step_minutes: int
    prep_minutes: int
    notice_minutes: int
    days_ahead: int
    capacity: int
    group: str


class Stretch(NamedTuple):
    """Part of a weekday (0 = Monday), in minutes since local midnight; 1440 = the midnight after."""

    weekday: int
    starts_minute: int
    ends_minute: int
    is_break: bool = False


class Span(NamedTuple):
    """From an instant (UTC) to just before another."""

    starts_at: datetime
    ends_at: datetime


class Busy(NamedTuple):
    """Something that takes a provider's time, its time to prepare included. group "" = counts with nothing."""

    starts_at: datetime
    ends_at: datetime
    group: str = ""


def span_of(starts_at: datetime, minutes: int, prep_minutes: int) -> Span:
    """What a visit takes of its provider."""
    return Span(starts_at - prep_minutes * _MINUTE, starts_at + minutes * _MINUTE)


def grains(span: Span) -> Iterator[datetime]:
    """The five-minute pieces of a span that begins on one."""
    at = span.starts_at
    while at < span.ends_at:
        yield at
        at += _GRAIN


def free_times(
    day: date,
    offer: Offer,
    stretches: Iterable[Stretch],
    busy: Sequence[Busy],
    *,
    now: datetime,
    zone: str,
) -> list[datetime]:
    """The times (UTC) that begin on a local day, in order. A day off is asked for with no stretches.

    Times stand every `step_minutes` from each opening on, in minutes that pass: on the day the clocks change there is
    no hour twice and none that is missing on the wall.
    """
    if day > clock.today(zone, now) + timedelta(days=offer.days_ahead):
        return []
    today = [each for each in stretches if each.weekday == day.weekday()]
    breaks = [_span_on(day, each, zone) for each in today if each.is_break]
    earliest = now + offer.notice_minutes * _MINUTE
    found: set[datetime] = set()
    for each in today:
        if not each.is_break:
            found.update(_within(_span_on(day, each, zone), breaks, offer, busy, earliest))
    return sorted(found)


def _within(
    opening: Span, breaks: Sequence[Span], offer: Offer, busy: Sequence[Busy], earliest: datetime
) -> Iterator[datetime]:
    at = opening.starts_at
    while at < opening.ends_at:
        span = span_of(at, offer.minutes, offer.prep_minutes)
        inside = opening.starts_at <= span.starts_at and span.ends_at <= opening.ends_at
        awake = inside and at >= earliest and not any(overlap(span, each) for each in breaks)
        if awake and is_free(span, offer, busy):
            yield at
        at += offer.step_minutes * _MINUTE


def is_free(span: Span, offer: Offer, busy: Iterable[Busy]) -> bool:
    """Whether nothing else is in the way at any moment of the span."""
    edges: list[tuple[datetime, int]] = []
    for each in busy:
        if not overlap(span, each):
            continue
        if each.group != offer.group:
            return False
        edges += [(each.starts_at, 1), (each.ends_at, -1)]
    together = 0
    for _, change in sorted(edges):  # one that ends makes room for one that begins then: -1 sorts first
        together += change
        if together >= offer.capacity:
            return False
    return True


def overlap(one: Span, other: Span | Busy) -> bool:
    """Whether two spans share a moment."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _span_on(day: date, stretch: Stretch, zone: str) -> Span:
    return Span(wall(day, stretch.starts_minute, zone), wall(day, stretch.ends_minute, zone))


def wall(day: date, minute: int, zone: str) -> datetime:
    """The first instant (UTC) at which a local day's wall shows a minute since midnight, or has passed it: a minute that
    the clocks skip in spring is the one they jump to."""
    wanted = datetime.combine(day, time()) + minute * _MINUTE
    at = clock.local_instant(wanted, zone)
    if at.astimezone(clock.zone(zone)).replace(tzinfo=None) == wanted:
        return at
    at = wanted.replace(tzinfo=clock.zone(zone), fold=1).astimezone(clock.EPOCH.tzinfo)
    while at.astimezone(clock.zone(zone)).replace(tzinfo=None) < wanted:
        at += _MINUTE
    return at


def unfit_minutes(minutes: int, *, least: int = GRAIN_MINUTES) -> bool:
    """Whether a number of minutes cannot be a length, step or hour here."""
    return minutes % GRAIN_MINUTES != 0 or not least <= minutes <= LONGEST_MINUTES


# What it costs.


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
