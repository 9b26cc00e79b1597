"""DOMAIN §7 for one visit on today's schedule."""

from datetime import date
from typing import Any

from tests.oracle.reading import UNSURE, Clinic, Row, cents, day, number, yes

CASES = ("auto", "injury", "workers_comp")


def insurance(clinic: Clinic, visit: Row) -> dict[str, Any]:
    unsure = dict.fromkeys(("state", "visits_left", "authorisation", "estimate_cents"), UNSURE)
    coverages = clinic.rows("coverages", patient_id=visit["patient_id"])
    coverage = chosen(coverages, clinic.local_day(visit["starts_at"]))
    if coverage is None:
        return unsure  # none; or none of several is eligible and not every one refused
    if coverage["kind"] == "self_pay":
        return {**unsure, "state": "SELF_PAY", "visits_left": None}
    state = state_of(clinic, coverage, clinic.local_day(visit["starts_at"]))
    earlier = earlier_open(clinic, visit)
    left = visits_left(coverage, earlier)
    return {
        "state": state,
        "visits_left": left,
        "authorisation": authorisation(clinic, coverage, visit, earlier),
        "estimate_cents": estimate(clinic, coverage, visit, state, left),
    }


def chosen(coverages: list[Row], visit_day: date) -> Row | None:
    """The first by rank that is in force and eligible; all of them refused: the first one."""
    if len(coverages) == 1:
        return coverages[0]
    if any(row["kind"] == "self_pay" or not row["rank"] for row in coverages):
        return None  # how paying without insurance ranks is not said
    ranked = sorted(coverages, key=lambda row: int(row["rank"]))
    if len({row["rank"] for row in ranked}) < len(ranked):
        return None
    here = [row for row in ranked if covers(row, visit_day)]
    for row in here:
        if yes(row["eligible"]):
            return row
    refused = here and all(row["eligible"] == "false" and row["checked_on"] for row in here)
    return here[0] if refused else None


def covers(coverage: Row, visit_day: date) -> bool:
    first, last = day(coverage["active_from"]), day(coverage["active_to"])
    return (first is None or first <= visit_day) and (last is None or visit_day <= last)


def state_of(clinic: Clinic, coverage: Row, visit_day: date) -> Any:
    first, checked = day(coverage["active_from"]), day(coverage["checked_on"])
    in_force = covers(coverage, visit_day)
    if checked is None:
        return "NOT_CHECKED" if in_force and coverage["eligible"] != "false" else UNSURE
    if coverage["eligible"] == "":
        return UNSURE
    if checked > clinic.today:
        return UNSURE
    lately = (clinic.today - checked).days <= 30
    same_year = checked.year == visit_day.year
    if not yes(coverage["eligible"]) or not in_force:
        return "INACTIVE" if lately and same_year else UNSURE
    if first is not None and (first.month, first.day) != (1, 1) and lately and not same_year:
        return UNSURE  # a plan year that is not the calendar's
    return "ACTIVE" if lately and same_year else "STALE"


def earlier_open(clinic: Clinic, visit: Row) -> int:
    earlier = 0
    for other in clinic.rows("appointments", patient_id=visit["patient_id"]):
        if clinic.is_open(other) and clinic.starts(other) < clinic.starts(visit):
            earlier += 1
    return earlier


def visits_left(coverage: Row, earlier: int) -> Any:
    limit, used, pending = (
        number(coverage[name]) for name in ("visit_limit", "visits_used", "visits_pending")
    )
    if limit is None:
        return None
    if used is None or pending is None:
        return UNSURE
    return limit - used - pending - earlier


def authorisation(clinic: Clinic, coverage: Row, visit: Row, earlier: int) -> Any:
    if not yes(coverage["authorisation_required"]):
        return UNSURE
    first, last = day(coverage["authorisation_from"]), day(coverage["authorisation_to"])
    units, used = number(coverage["authorisation_units"]), number(coverage["authorisation_used"])
    if first is None and last is None and units is None:
        return "MISSING"
    visit_day = clinic.local_day(visit["starts_at"])
    if first is not None and visit_day < first:
        return UNSURE
    if last is not None and last < visit_day:
        return "EXPIRED_BY_VISIT"
    if units is None:
        return "OK"
    if used is None:
        return UNSURE
    return "OK" if units - used - earlier >= 1 else "UNITS_SHORT"


def estimate(clinic: Clinic, coverage: Row, visit: Row, state: Any, left: Any) -> Any:
    if state != "ACTIVE" or coverage["kind"] in CASES or (left is not None and left is UNSURE):
        return UNSURE
    if left is not None and left < 1:
        return UNSURE  # what an exhausted policy does not cover is not said
    needed = (
        "copay",
        "coinsurance_percent",
        "deductible",
        "deductible_met",
        "out_of_pocket_max",
        "out_of_pocket_met",
    )
    if any(coverage[name] == "" for name in needed):
        return UNSURE
    kind = clinic.one("appointment_types", appointment_type_id=visit["appointment_type_id"])
    if kind is None or not kind["price"]:
        return UNSURE
    covered = cents(kind["price"])
    deductible_left = max(0, cents(coverage["deductible"]) - cents(coverage["deductible_met"]))
    pocket_left = max(0, cents(coverage["out_of_pocket_max"]) - cents(coverage["out_of_pocket_met"]))
    d = min(deductible_left, covered)
    hundredths = cents(coverage["coinsurance_percent"]) * (covered - d)  # percent has two decimals: 1/10000
    coins = (hundredths + 5000) // 10000
    return min(pocket_left, cents(coverage["copay"]) + d + coins)
