"""Visits that were not used and live on in later periods (DOMAIN §5). Counts only, no dates and no names."""

from collections.abc import Sequence
from typing import NamedTuple

NEVER = 1 << 30


class Lot(NamedTuple):
    """Visits carried over together. expires: number of the last period in which they may be used."""

    expires: int
    visits: int


Lots = tuple[Lot, ...]


def carried(lots: Sequence[Lot]) -> int:
    return sum(lot.visits for lot in lots)


def carry_on(
    lots: Lots, number: int, given: int, committed: int, cap: int | None, lifetime: int | None
) -> Lots:
    """What period `number` hands to the next one: min(cap, unused), each visit for `lifetime` periods.

    lots: what it was handed, oldest-expiring first, and used in that order; given: base and add-ons, used after
    them. Above the cap the oldest-expiring go. cap None = nothing rolls over; lifetime None = no expiry.
    """
    if not cap or cap < 0:
        return ()
    kept: list[Lot] = []
    for lot in lots:
        taken = min(lot.visits, committed)
        committed -= taken
        if lot.visits > taken and lot.expires > number:
            kept.append(Lot(lot.expires, lot.visits - taken))
    unused = given - committed
    expires = NEVER if lifetime is None else number + lifetime
    if unused > 0 and expires > number:
        kept.append(Lot(expires, unused))
    return tuple(kept) if carried(kept) <= cap else _capped(kept, cap)


def _capped(lots: Sequence[Lot], cap: int) -> Lots:
    room, kept = cap, []
    for lot in reversed(lots):
        taken = min(room, lot.visits)
        if taken:
            kept.append(Lot(lot.expires, taken))
            room -= taken
    return tuple(reversed(kept))
