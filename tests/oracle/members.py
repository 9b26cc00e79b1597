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
    end = day(membership["end_date"])
    found["is_over"] = end is not None and end < clinic.today
    found["ends"] = lambda period: (
        date.max
        if period["following"] == date.max
        else min(end or date.max, period["following"] - timedelta(days=1))
    )
    undated = (membership["status"], membership["frozen_from"], membership["end_date"])
    if undated[:2] == ("paused", "") or undated[::2] == ("cancelled", ""):
        unsure = dict.fromkeys(("not_scheduled", "in_freeze", "after_end"), UNSURE)
        return {**found, **unsure, "active": False, "frozen_today": UNSURE, "today_too": False}
    anchor = int(membership["anchor_day"]) if plan["period"] == "anchor" else 1
    periods = list(periods_of(clinic, membership, anchor))
    if plan["period"] == "package":  # it has none but its term
        last = day(membership["end_date"])
        following = date.max if last is None else last + timedelta(days=1)
        periods = [(date.fromisoformat(membership["start_date"]), following)]
    benefits = clinic.rows("membership_benefits", membership_plan_id=plan["membership_plan_id"])
    for benefit in benefits:
        for first, following in periods:
            key = (first.isoformat(), benefit["service_class"])
            found["periods"][key] = one_period(clinic, membership, plan, benefit, first, following)
        mark_weeks(clinic, membership, plan, benefit, found["periods"])
    for benefit in benefits:
        if plan["rollover_cap"] and benefit["visits"]:
            roll_over(clinic, membership, plan, benefit, periods, found["periods"])
    for numbers in found["periods"].values():
        conclude(clinic, membership, numbers)
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
    mates = pool(clinic, membership)
    for mate in mates:
        for visit in counted(clinic, mate, plan, benefit["service_class"]):
            if first <= clinic.local_day(visit["starts_at"]) < following:
                (booked if clinic.is_open(visit) else used).append(visit)
    allowance: Any = number(benefit["visits"])
    if allowance is not None:
        allowance *= len(mates)  # a family's plan is the same for all: see memberships_of_families
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


def pool(clinic: Clinic, membership: Row) -> list[Row]:
    """The memberships that share their visits with this one, itself among them (§5)."""
    if not membership["pool_id"]:
        return [membership]
    return clinic.rows("memberships", pool_id=membership["pool_id"])


def counted(clinic: Clinic, membership: Row, plan: Row, service_class: str) -> list[Row]:
    """Done and open covered visits of the term, none in a freeze; no-shows where the plan forfeits them."""
    found = []
    for visit in covered(clinic, membership, service_class):
        when = clinic.local_day(visit["starts_at"])
        if not in_term(membership, when) or frozen(membership, when):
            continue
        missed = visit["status"] == "no_show" and yes(plan["no_show_forfeits"])
        if visit["status"] == "completed" or missed or clinic.is_open(visit):
            found.append(visit)
    return found


def mark_weeks(
    clinic: Clinic, membership: Row, plan: Row, benefit: Row, periods: dict[Any, dict[str, Any]]
) -> None:
    """The visits that are too many in their week, which begins on Sunday: the last ones of it."""
    limit = number(benefit["per_week"])
    visits = [
        v for mate in pool(clinic, membership) for v in counted(clinic, mate, plan, benefit["service_class"])
    ]
    visits.sort(key=clinic.starts)
    weeks: dict[date, int] = {}
    too_many = []
    for visit in visits if limit is not None else []:
        when = clinic.local_day(visit["starts_at"])
        week = when - timedelta(days=(when.weekday() + 1) % 7)
        weeks[week] = weeks.get(week, 0) + 1
        if weeks[week] > (limit or 0) * len(pool(clinic, membership)):
            too_many.append(visit["appointment_id"])
    for (_first, service_class), period in periods.items():
        if service_class == benefit["service_class"]:
            period["too_many_in_week"] = [v for v in period["visits"] if v["appointment_id"] in too_many]


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


def conclude(clinic: Clinic, membership: Row, one: dict[str, Any]) -> None:
    """over, excess and the states that follow from a period's numbers alone."""
    one["over"], one["excess_appointment_ids"], one["states"] = 0, [], set()
    allowance, in_weeks = one["allowance"], one["too_many_in_week"]
    if allowance is UNSURE:
        one["over"] = one["excess_appointment_ids"] = one["states"] = UNSURE
        return
    if allowance is None and not in_weeks:
        return
    left = 0 if allowance is None else allowance - one["committed"]
    over = max(-left, len(in_weeks))
    if over > 0:
        visits = one["visits"]
        excess = in_weeks if len(in_weeks) == over else visits[left:]
        mine = [row for row in excess if row["patient_id"] == membership["patient_id"]]
        one["over"] = len(mine)
        one["excess_appointment_ids"] = [row["appointment_id"] for row in mine]
        if in_weeks and len(in_weeks) < over:
            one["excess_appointment_ids"] = UNSURE  # which ones, where both limits are passed, is not said
            if membership["pool_id"]:
                one["over"] = one["states"] = UNSURE
                return
        if not mine:  # of a family's visits those of another are over: it is said there, and whether here that all are used is not said
            one["states"].add("USED_UP maybe")
            return
        if len({row["starts_at"] for row in visits}) < len(visits):
            one["excess_appointment_ids"] = UNSURE
        if not one["booked"]:
            one["states"] = UNSURE
            return
        one["states"].add("OVER_SCHEDULED")
        return
    if allowance is None or (membership["pool_id"] and not first_of_pool(clinic, membership)):
        return  # what a family shares is said once
    if left == 0:
        one["states"].add("USED_UP")
    days_left = (one["following"] - clinic.today).days
    if left > 0 and one["first"] <= clinic.today < one["following"] and days_left <= 11:
        one["states"].add("UNDER_BOOKED" if days_left <= 9 else "UNDER_BOOKED maybe")


def first_of_pool(clinic: Clinic, membership: Row) -> bool:
    """Where it is said once, it is said at the one who began first; of two that began together UNSURE is not needed."""
    mates = pool(clinic, membership)
    return membership is min(mates, key=lambda row: row["start_date"])


def whole(clinic: Clinic, membership: Row, plan: Row) -> dict[str, Any]:
    """What is true of the whole membership: NOT_SCHEDULED, bookings in a freeze or after the end."""
    classes = [
        row["service_class"]
        for row in clinic.rows("membership_benefits", membership_plan_id=plan["membership_plan_id"])
    ]
    visits = [visit for name in classes for visit in covered(clinic, membership, name)]
    still_open = [visit for visit in visits if clinic.is_open(visit)]
    days = [clinic.local_day(visit["starts_at"]) for visit in still_open]
    if membership["pool_id"]:
        return {"active": True, "frozen_today": False, "not_scheduled": UNSURE, "today_too": True,
                "in_freeze": False, "after_end": False}  # fmt: skip
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
