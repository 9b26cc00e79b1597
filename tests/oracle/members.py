"""DOMAIN §5: each membership, each of its periods, each service class."""

from datetime import date, timedelta
from typing import Any

from tests.oracle.money import frozen
from tests.oracle.reading import UNSURE, Clinic, Row, day, months_later, number, yes


def memberships_of(clinic: Clinic, patient_id: str) -> list[dict[str, Any]]:
    mine = clinic.rows("memberships", patient_id=patient_id)
    return [judged(clinic, membership, alone=len(mine) == 1) for membership in mine]


def judged(clinic: Clinic, membership: Row, *, alone: bool) -> dict[str, Any]:
    """periods: (first day, class) → numbers and states; states: those that belong to the whole membership."""
    plan = clinic.one("membership_plans", membership_plan_id=membership["membership_plan_id"])
    assert plan is not None
    found: dict[str, Any] = {"membership_id": membership["membership_id"], "alone": alone, "periods": {}}
    undated = (membership["status"], membership["frozen_from"], membership["end_date"])
    if undated[:2] == ("paused", "") or undated[::2] == ("cancelled", ""):
        unsure = dict.fromkeys(("not_scheduled", "in_freeze", "after_end"), UNSURE)
        return {**found, **unsure, "active": False, "frozen_today": UNSURE, "today_too": False}
    anchor = int(membership["anchor_day"]) if plan["period"] == "anchor" else 1
    periods = list(periods_of(clinic, membership, anchor))
    benefits = clinic.rows("membership_benefits", membership_plan_id=plan["membership_plan_id"])
    for benefit in benefits:
        for first, following in periods:
            key = (first.isoformat(), benefit["service_class"])
            found["periods"][key] = one_period(clinic, membership, plan, benefit, first, following)
    for benefit in benefits:
        if plan["rollover_cap"] and benefit["visits"]:
            roll_over(clinic, membership, plan, benefit, periods, found["periods"])
    for numbers in found["periods"].values():
        conclude(clinic, numbers)
    found |= whole(clinic, membership, plan)
    return found


def periods_of(clinic: Clinic, membership: Row, anchor: int) -> Any:
    """From the one the membership began in to fourteen months from now: first day, first day of the next."""
    start = day(membership["start_date"])
    assert start is not None
    count = 0 if months_later(start, 0, anchor) <= start else -1
    first = months_later(start, count, anchor)
    while first <= clinic.today + timedelta(days=430):
        following = months_later(start, count + 1, anchor)
        yield first, following
        first, count = following, count + 1


def in_term(membership: Row, when: date) -> bool:
    first, last = day(membership["start_date"]), day(membership["end_date"])
    assert first is not None
    return first <= when and (last is None or when <= last)


def covered(clinic: Clinic, membership: Row, service_class: str) -> list[Row]:
    """The patient's appointments of the class, by start time."""
    found = []
    for visit in clinic.rows("appointments", patient_id=membership["patient_id"]):
        kind = clinic.one("appointment_types", appointment_type_id=visit["appointment_type_id"])
        if kind is not None and kind["service_class"] == service_class:
            found.append(visit)
    return sorted(found, key=clinic.starts)


def one_period(
    clinic: Clinic, membership: Row, plan: Row, benefit: Row, first: date, following: date
) -> dict[str, Any]:
    used, booked = [], []
    for visit in covered(clinic, membership, benefit["service_class"]):
        when = clinic.local_day(visit["starts_at"])
        if not first <= when < following or not in_term(membership, when) or frozen(membership, when):
            continue
        if visit["status"] == "completed" or (visit["status"] == "no_show" and yes(plan["no_show_forfeits"])):
            used.append(visit)
        elif clinic.is_open(visit):
            booked.append(visit)
    allowance: Any = number(benefit["visits"])
    extras = [
        row
        for row in clinic.rows("membership_extras", membership_id=membership["membership_id"])
        if row["service_class"] == benefit["service_class"]
        and first <= date.fromisoformat(row["period_start"]) < following
    ]
    if allowance is not None:
        allowance += sum(int(row["visits"]) for row in extras)
    touched = any(frozen(membership, first + timedelta(days=n)) for n in range((following - first).days))
    return {
        "first": first,
        "following": following,
        "allowance": UNSURE if touched else allowance,
        "extras": extras,
        "used": len(used),
        "booked": len(booked),
        "committed": len(used) + len(booked),
        "visits": sorted([*used, *booked], key=clinic.starts),
        "touched_by_freeze": touched,
        "past": following <= clinic.today,
    }


def roll_over(
    clinic: Clinic,
    membership: Row,
    plan: Row,
    benefit: Row,
    periods: list[tuple[date, date]],
    found: dict[Any, dict[str, Any]],
) -> None:
    """rollover = min(cap, unused), gone after n periods, oldest first. Read two ways where §5 leaves a choice:
    what is used first (base, or what was rolled over), and whether the cap holds per period or in all."""
    answers = [
        rolled(benefit, plan, periods, found, base_first=base_first, cap_all=cap_all)
        for base_first in (True, False)
        for cap_all in (True, False)
    ]
    # "where a membership has none for a period": one that is given for another service class counts as given
    given = any(row["kind"] == "rollover" for one in found.values() for row in one["extras"])
    more = False
    for number_, (first, _following) in enumerate(periods):
        one = found[first.isoformat(), benefit["service_class"]]
        if more and one["allowance"] is not UNSURE:
            one["allowance"] = UNSURE  # whether unused add-ons roll over is not said
        more = more or bool(one["extras"])
        if one["allowance"] is UNSURE:
            continue
        if given:
            told = any(row["kind"] == "rollover" for row in one["extras"])
            if not told:
                one["allowance"] = UNSURE  # what a given rollover means for other periods is not said
            continue
        readings = {answer[number_] for answer in answers}
        one["allowance"] = (
            one["allowance"] + readings.pop() if len(readings) == 1 and None not in readings else UNSURE
        )


def rolled(
    benefit: Row,
    plan: Row,
    periods: list[tuple[date, date]],
    found: dict[Any, dict[str, Any]],
    *,
    base_first: bool,
    cap_all: bool,
) -> list[int | None]:
    """Visits rolled over into each period by one reading; None from the first period a freeze touches."""
    cap, life, base = int(plan["rollover_cap"]), number(plan["rollover_periods"]), int(benefit["visits"])
    lots: list[list[int]] = []  # [visits, periods it is still good for], oldest first
    answer: list[int | None] = []
    for first, _following in periods:
        one = found[first.isoformat(), benefit["service_class"]]
        if one["touched_by_freeze"] or None in answer:
            answer.append(None)
            continue
        available = sum(lot[0] for lot in lots)
        answer.append(available)
        left_to_take, base_left = one["committed"], base
        if base_first:
            base_left, left_to_take = max(0, base - left_to_take), max(0, left_to_take - base)
        for lot in lots:
            part = min(lot[0], left_to_take)
            lot[0] -= part
            left_to_take -= part
        if not base_first:
            base_left = max(0, base - left_to_take)
        for lot in lots:
            lot[1] -= 1
        lots = [lot for lot in lots if lot[1] > 0 and lot[0] > 0]
        room = cap - sum(lot[0] for lot in lots) if cap_all else cap
        fresh = max(0, min(room, base_left))
        if fresh:
            lots.append([fresh, life if life is not None else 10_000])
    return answer


def conclude(clinic: Clinic, one: dict[str, Any]) -> None:
    """over, excess and the states that follow from a period's numbers alone."""
    one["over"], one["excess_appointment_ids"], one["states"] = 0, [], set()
    allowance = one["allowance"]
    if allowance is UNSURE:
        one["over"] = one["excess_appointment_ids"] = one["states"] = UNSURE
        return
    if allowance is None:
        return
    left = allowance - one["committed"]
    if left < 0:
        one["over"] = -left
        visits = one["visits"]
        one["excess_appointment_ids"] = [row["appointment_id"] for row in visits[left:]]
        if len({row["starts_at"] for row in visits}) < len(visits):
            one["excess_appointment_ids"] = UNSURE
        if not one["booked"]:
            one["states"] = UNSURE
            return
        one["states"].add("OVER_SCHEDULED")
    if left == 0:
        one["states"].add("USED_UP")
    days_left = (one["following"] - clinic.today).days
    if left > 0 and one["first"] <= clinic.today < one["following"] and days_left <= 11:
        one["states"].add("UNDER_BOOKED" if days_left <= 9 else "UNDER_BOOKED maybe")


def whole(clinic: Clinic, membership: Row, plan: Row) -> dict[str, Any]:
    """What is true of the whole membership: NOT_SCHEDULED, bookings in a freeze or after the end."""
    classes = [
        row["service_class"]
        for row in clinic.rows("membership_benefits", membership_plan_id=plan["membership_plan_id"])
    ]
    visits = [visit for name in classes for visit in covered(clinic, membership, name)]
    still_open = [visit for visit in visits if clinic.is_open(visit)]
    days = [clinic.local_day(visit["starts_at"]) for visit in still_open]
    end = day(membership["end_date"])
    active = membership["status"] == "active" and in_term(membership, clinic.today)
    return {
        "active": active,
        "frozen_today": frozen(membership, clinic.today),
        "not_scheduled": active
        and not frozen(membership, clinic.today)
        and not any(when > clinic.today for when in days),
        "today_too": sum(when == clinic.today for when in days) > 1,
        "in_freeze": any(frozen(membership, when) and in_term(membership, when) for when in days),
        "after_end": end is not None and any(when > end for when in days),
    }
