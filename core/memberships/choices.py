"""What the desk decided about a visit beyond the membership, and what of it still holds (DOMAIN §5). Pure.

A choice belongs to one visit in one billing period. It is judged again each time: it settles a visit only while one too
many is booked, so a booking that is cancelled or added later changes what it does.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.clock import local_date
from core.schedule.rules import IN_START_ORDER, VisitFacts, VisitStanding, standing

UPGRADE_HOLDS = timedelta(days=31)  # a bigger plan that the EHR does not show by then was forgotten


class ChoiceKind(StrEnum):
    DROP_IN = "drop_in"  # the visit is paid by itself and takes none of the membership's
    EXTRA = "extra"  # a rollover or add-on visit is granted for the period
    MOVE = "move"  # a request: the visit goes into the next period
    UPGRADE = "upgrade"  # a request: a bigger plan


class ChoiceStanding(StrEnum):
    HOLDS = "HOLDS"  # it settles a visit now
    DONE = "DONE"  # the EHR shows it
    NOT_NEEDED = "NOT_NEEDED"  # nothing is over any more
    LAPSED = "LAPSED"  # asked for and not done in time: the visit is open again


class ChoiceFacts(NamedTuple):
    """One choice that was not undone.

    cents: what it costs the patient, once (drop_in) or a period (upgrade). starts_at: the visit's when chosen (UTC).
    extras_seen: rollover and add-ons the EHR showed for that period and class then. plan_id, visits: the bigger plan
    that was asked for, and what it allows in that class (None = no limit).
    """

    id: int
    membership_id: int
    appointment_id: int
    kind: str
    starts_at: datetime
    chosen_at: datetime
    chosen_by: str = ""
    reason: str = ""
    cents: int | None = None
    extras_seen: int = 0
    plan_id: int | None = None
    plan_name: str = ""
    visits: int | None = None


class Decision(NamedTuple):
    """A choice with the visit it was made for and what it does now."""

    choice: ChoiceFacts
    visit: VisitFacts
    stands: ChoiceStanding


class Settled(NamedTuple):
    """A line after its choices. aside: visits that take none of the allowance any more; granted: extra visits given;
    bigger: the choice of a bigger plan that holds."""

    decisions: tuple[Decision, ...] = ()
    aside: frozenset[int] = frozenset()
    granted: int = 0
    bigger: ChoiceFacts | None = None


class Counted(NamedTuple):
    """The visits of a period and class in start order. over: how many are too many; extras: rollover and add-ons in it."""

    visits: Sequence[VisitFacts]
    over: int
    extras: int
    first_day: date
    last_day: date


NOTHING = Settled()


def settle(
    line: Counted, choices: Sequence[ChoiceFacts], plan_id: int, as_of: datetime, time_zone: str
) -> Settled:
    """What the choices made for visits of this line do to it. Each settles one visit at most, a bigger plan all that it
    allows; none does more than there is to settle."""
    here = {visit.id: visit for visit in line.visits}
    mine = [(choice, here[choice.appointment_id]) for choice in choices if choice.appointment_id in here]
    over = line.over
    posted = _posted([choice for choice, _ in mine if choice.kind == ChoiceKind.EXTRA], line.extras)
    decisions: list[Decision] = []
    bigger: ChoiceFacts | None = None
    aside: set[int] = set()
    granted = 0
    for choice, visit in sorted(mine, key=_biggest_first):
        stands = _seen_in_ehr(choice, visit, line, plan_id, posted, as_of, time_zone)
        if stands is ChoiceStanding.HOLDS and not over:
            stands = ChoiceStanding.NOT_NEEDED
        elif stands is ChoiceStanding.HOLDS and choice.kind == ChoiceKind.UPGRADE:
            bigger = choice
            over = 0 if choice.visits is None else max(0, len(line.visits) - choice.visits - line.extras)
        elif stands is ChoiceStanding.HOLDS:
            over -= 1
            if choice.kind == ChoiceKind.EXTRA:
                granted += 1
            else:
                aside.add(visit.id)
        decisions.append(Decision(choice, visit, stands))
    decisions.sort(key=lambda one: IN_START_ORDER(one.visit))
    return Settled(tuple(decisions), frozenset(aside), granted, bigger)


_ORDER = [ChoiceKind.UPGRADE, ChoiceKind.EXTRA, ChoiceKind.DROP_IN, ChoiceKind.MOVE]


def _biggest_first(pair: tuple[ChoiceFacts, VisitFacts]) -> tuple[int, int]:
    """A bigger plan first, since it settles most; of equal kinds the latest visit, which is the first to be over."""
    choice, visit = pair
    return _ORDER.index(ChoiceKind(choice.kind)), -int(visit.starts_at.timestamp())


def _seen_in_ehr(
    choice: ChoiceFacts,
    visit: VisitFacts,
    line: Counted,
    plan_id: int,
    posted: Collection[int],
    as_of: datetime,
    time_zone: str,
) -> ChoiceStanding:
    """HOLDS unless the EHR shows it done meanwhile, the visit has left the period, or the time for it has passed."""
    if not line.first_day <= local_date(choice.starts_at, time_zone) <= line.last_day:
        return ChoiceStanding.DONE if choice.kind == ChoiceKind.MOVE else ChoiceStanding.NOT_NEEDED
    if choice.kind == ChoiceKind.UPGRADE:
        if choice.plan_id == plan_id:
            return ChoiceStanding.DONE
        return ChoiceStanding.LAPSED if as_of - choice.chosen_at > UPGRADE_HOLDS else ChoiceStanding.HOLDS
    if choice.kind == ChoiceKind.EXTRA and choice.id in posted:
        return ChoiceStanding.DONE
    if choice.kind == ChoiceKind.MOVE:
        in_time = may_move(visit, as_of) and not _its_day_came(choice, visit, as_of, time_zone)
        return ChoiceStanding.HOLDS if in_time else ChoiceStanding.LAPSED
    return ChoiceStanding.HOLDS


def may_move(visit: VisitFacts, as_of: datetime) -> bool:
    """Whether a visit can still go to another day: open, and nobody is here for it yet."""
    return (
        standing(visit, as_of) is VisitStanding.OPEN and visit.status != "arrived" and visit.starts_at > as_of
    )


def _its_day_came(choice: ChoiceFacts, visit: VisitFacts, as_of: datetime, time_zone: str) -> bool:
    """The day of the visit is here and it still stands: what was asked for before that day is told again."""
    day = local_date(visit.starts_at, time_zone)
    return local_date(choice.chosen_at, time_zone) < day <= local_date(as_of, time_zone)


def _posted(extras: Sequence[ChoiceFacts], shown: int) -> frozenset[int]:
    """Ids of the granted visits that the EHR shows meanwhile, so that none is granted twice: the oldest grant first,
    each one visit beyond what the EHR showed when it was given."""
    found, needed = set(), 0
    for choice in sorted(extras, key=lambda one: (one.chosen_at, one.id)):
        needed = max(needed, choice.extras_seen) + 1
        if shown >= needed:
            found.add(choice.id)
    return frozenset(found)
