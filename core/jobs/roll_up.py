"""Keeping the overview's daily roll-ups: month by month in the background, newest first, whatever happens to the process.

A month is read and counted without holding up anybody, then put in place in one transaction: killed anywhere, the
next run goes on with the month that is still to be counted. Running twice changes nothing.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Engine

from core import clock
from core.jobs.crashpoints import crashpoint
from core.jobs.lease import Busy, Held, hold
from core.overview.count_month import month_of, notes
from core.overview.month_reads import CountedLocation, counted_places
from core.overview.months import (
    count_days,
    first_look,
    keep_month,
    look_again,
    next_month,
    state_of,
)
from core.overview.snapshot import due_to_look, keep_standing, standing_now
from core.store.engine import reader, transaction

SECONDS_AT_ONCE = 8.0  # then the pages and the other jobs get their turn; the rest follows a little later


class RolledUp(NamedTuple):
    """What one run did. left: it ran out of its time, and there is more to count."""

    months: int = 0
    looked: int = 0
    left: bool = False


def roll_up(engine: Engine) -> RolledUp:
    """Count what is to be counted for some seconds, for the worker's clock."""
    return roll_up_for(engine, SECONDS_AT_ONCE)


def roll_up_all(engine: Engine, *, progress: Callable[[str], None] | None = None) -> RolledUp:
    """Count all there is to be counted, however long it takes."""
    return roll_up_for(engine, float("inf"), progress=progress)


def roll_up_for(engine: Engine, seconds: float, *, progress: Callable[[str], None] | None = None) -> RolledUp:
    """Count months until the time is up, at least one. Nothing is done while another process is at it."""
    until = time.monotonic() + seconds
    said = progress or (lambda _: None)
    try:
        with hold(engine, "roll up", busy="The overview is being counted by another process.") as lease:
            return _run(engine, lease, until, said)
    except Busy:
        return RolledUp(left=True)


def _run(engine: Engine, lease: Held, until: float, said: Callable[[str], None]) -> RolledUp:
    with reader(engine) as session:
        places = counted_places(session)
    months = looked = 0
    for place in places:
        _look(engine, lease, place)
        looked += _stand(engine, lease, place)
    for place in places:
        while _count_one(engine, lease, place):
            months += 1
            said(f"{months} months counted")
            if time.monotonic() > until:
                return RolledUp(months, looked, left=True)
    return RolledUp(months, looked)


def _look(engine: Engine, lease: Held, place: CountedLocation) -> None:
    """Find out what is to be counted."""
    with transaction(engine) as session:
        lease.confirm(session)
        state = state_of(session, place)
        if state is None:
            first_look(session, place, clock.now())
        else:
            look_again(session, place, state, clock.now())


def _count_one(engine: Engine, lease: Held, place: CountedLocation) -> bool:
    """Count one month of a location. False: there is none left."""
    with reader(engine) as session:
        wanted = next_month(session, place)
        if wanted is None:
            return False
        month = month_of(place, wanted[0], clock.now())
        days, money = count_days(month, notes(session, month))
    crashpoint("roll_up.counted")
    with transaction(engine) as session:
        lease.confirm(session)
        keep_month(session, month, wanted[1], days, money)
        crashpoint("roll_up.kept")
    return True


def _stand(engine: Engine, lease: Held, place: CountedLocation) -> bool:
    """Look at today's cards, bookings and drafts, where the last look is old enough and anything changed since."""
    with reader(engine) as session:
        if not due_to_look(session, place, clock.now()):
            return False
        seen = standing_now(session, place, clock.now())
    with transaction(engine) as session:
        lease.confirm(session)
        keep_standing(session, place, seen)
    return True
