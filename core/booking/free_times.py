"""Which times of a provider are free. Pure: no store, no clock of its own.

A time is free when it lies whole within the provider's hours, outside breaks and days off, not too soon and not too far
ahead, and when at no moment of it (with the time to prepare) something else is in the way: of the same group fewer than
the capacity, of anything else nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from core import clock

HOLD_MINUTES: float = 10
GRAIN_MINUTES = 5
"""Every length, step and hour is a multiple of this, so that two times that overlap share a whole grain."""
LONGEST_MINUTES = 480
FURTHEST_DAYS = 365
_MINUTE = timedelta(minutes=1)
_GRAIN = timedelta(minutes=GRAIN_MINUTES)


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
