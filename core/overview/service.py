"""What was collected at the time of service, and what each receipt was for (DOMAIN §8). Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from core.ledger.facts import EntryFacts
from core.overview.receipts import Part, Receipt


class DoneVisit(NamedTuple):
    """A visit that was done. day: its local date; in start order where a patient has several."""

    id: int
    patient_id: int
    location_id: int
    day: date


class Served(NamedTuple):
    """What one visit should have brought on its day, and what of it came that day (never more). Cents."""

    visit: DoneVisit
    due_cents: int
    collected_cents: int


def due_at(visits: Iterable[DoneVisit], entries: Iterable[EntryFacts]) -> dict[int, int]:
    """Cents due of the patient at each visit, by visit id: its charges, less what was adjusted up to that day.

    Charges of plans are the plan's business. A write-off of later days does not mend that nothing was collected.
    """
    days = {visit.id: visit.day for visit in visits}
    due: defaultdict[int, int] = defaultdict(int)
    for entry in entries:
        day = days.get(entry.appointment_id or 0)
        if day is None or entry.part != "patient" or entry.plan_id is not None:
            continue
        if entry.kind == "charge":
            due[entry.appointment_id or 0] += entry.amount_cents
        elif entry.kind == "adjustment" and entry.posted_on <= day:
            due[entry.appointment_id or 0] -= entry.amount_cents
    return {key: cents for key, cents in due.items() if cents > 0}


def served(
    visits: Sequence[DoneVisit], due: dict[int, int], received: Iterable[Receipt]
) -> tuple[list[Served], list[tuple[Receipt, Part, int]]]:
    """One patient's visits with something due, and every receipt split into what it was for (cents by part).

    A receipt counts on its local day only. One that names a visit pays that one; what names nothing pays the visits
    of its day in start order; what remains is old balance, or money ahead.
    """
    by_day: defaultdict[date, list[DoneVisit]] = defaultdict(list)
    for visit in visits:
        if visit.id in due:
            by_day[visit.day].append(visit)
    left = dict(due)
    parts: list[tuple[Receipt, Part, int]] = []
    # money that names its visit first, so that free money never takes its place
    for receipt in sorted(received, key=lambda one: (one.day, one.appointment_id is None)):
        fixed = _fixed_part(receipt)
        if fixed is not None:
            parts.append((receipt, fixed, receipt.cents))
            continue
        rest = receipt.cents
        for visit in by_day.get(receipt.day, ()):
            if rest <= 0 or receipt.appointment_id not in (None, visit.id):
                continue
            paid = min(rest, left[visit.id])
            left[visit.id] -= paid
            rest -= paid
        if receipt.counted:
            parts += [
                (receipt, part, cents)
                for part, cents in ((Part.SERVICE, receipt.cents - rest), (Part.BALANCE, rest))
                if cents
            ]
    done = [
        Served(visit, due[visit.id], due[visit.id] - left[visit.id])
        for on_day in by_day.values()
        for visit in on_day
    ]
    return done, parts


def _fixed_part(receipt: Receipt) -> Part | None:
    if receipt.plan_id is not None:
        return Part.PLAN
    if receipt.membership_id is not None:
        return Part.MEMBERSHIP
    return Part.BALANCE if receipt.cents < 0 else None
