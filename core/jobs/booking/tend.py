"""What bookings need while nobody looks: holds that ran out, the EHR's word, holds on cards, late money."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine

from core import clock
from core.booking.following import follow_booking, give_back_late, late_charges, open_bookings
from core.booking.holding import sweep
from core.booking.paying import give_up_charge, stuck_charges
from core.store.engine import reader, transaction
from core.store.version import data_version

_log = logging.getLogger(__name__)


class Tended(NamedTuple):
    """expired: holds that ran out. followed: bookings looked at. given_back: late charges that go back."""

    expired: int = 0
    followed: int = 0
    given_back: int = 0


LOOK_ANYWAY = timedelta(minutes=10)
_looked: dict[str, tuple[int, datetime]] = {}  # the data version at this process's last look, by store


def tend_bookings(engine: Engine, *, anyway: bool = True) -> Tended:
    """One look at every open booking, each in a transaction of its own: one that fails holds no other back.

    anyway False: bookings are left alone while the data has not changed since this process's last look, for up to ten
    minutes; holds that ran out are always seen to.
    """
    now = clock.now()
    with transaction(engine) as session:
        expired = sweep(session, None, now)
    with reader(engine) as session:
        stuck = stuck_charges(session, now)
    for order_id in stuck:
        with transaction(engine) as session:
            give_up_charge(session, order_id)
    with reader(engine) as session:
        version = data_version(session)
        seen, at = _looked.get(str(engine.url), (-1, clock.EPOCH))
        if not anyway and seen == version and now - at < LOOK_ANYWAY:
            return Tended(expired)
        bookings, late = open_bookings(session, now), late_charges(session)
    _looked[str(engine.url)] = (version, now)
    followed = given_back = 0
    for booking_id in bookings:
        try:
            with transaction(engine) as session:
                follow_booking(session, booking_id, now)
            followed += 1
        except Exception:
            _log.exception("booking %s could not be followed", booking_id)
    for charge_id in late:
        with transaction(engine) as session:
            give_back_late(session, charge_id)
        given_back += 1
    return Tended(expired, followed, given_back)


def tend_when_changed(engine: Engine) -> Tended:
    """What runs each minute."""
    return tend_bookings(engine, anyway=False)
