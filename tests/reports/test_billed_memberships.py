"""Members billed yearly, every four weeks, with a coupon or a card fee, from practice files to the morning's row."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.reports.practice import CARD, load, morning_rows

PLANS = [
    {
        "membership_plan_id": "MP",
        "name": "Wellness 4",
        "price": "149.00",
        "period": "month",
        "no_show_forfeits": "no",
    }
]
BENEFITS = [{"benefit_id": "B1", "membership_plan_id": "MP", "service_class": "adjustment", "visits": "4"}]
GOOD_CARD = {**CARD, "expiry": "11/29"}


def member(start: str, next_draft: str, **cells: str) -> dict[str, str]:
    return {"membership_id": "M1", "patient_id": "P1", "membership_plan_id": "MP", "start_date": start,
            "status": "active", "card_id": "K1", "next_draft_on": next_draft, **cells}  # fmt: skip


def runs(every: str, unit: str, following: str, amount: str = "149.00") -> dict[str, str]:
    return {"recurring_id": "R1", "patient_id": "P1", "card_id": "K1", "membership_id": "M1", "amount": amount,
            "interval": every, "interval_unit": unit, "next_run_on": following, "status": "active"}  # fmt: skip


def paid(
    number: int, on: str, amount: str = "149.00", status: str = "approved", **cells: str
) -> dict[str, str]:
    return {"payment_id": f"Y{number}", "patient_id": "P1", "membership_id": "M1", "happened_at": f"{on}T05:10",
            "amount": amount, "status": status, "order_id": f"O{number}", "method": "card",
            "reason_code": "51" if status == "declined" else "", **cells}  # fmt: skip


def told(
    store: Engine, folder: Path, **files: list[dict[str, str]]
) -> tuple[list[tuple[str, int, str]], int, list[str]]:
    """What is missing, what to collect, and the quiet notes about drafts."""
    given = {
        "membership_plans": PLANS,
        "membership_benefits": BENEFITS,
        "cards": [GOOD_CARD],
        "recurrings": [],
        **files,
    }
    load(store, folder / "files", **given)
    row = morning_rows(store)[0]
    missing = [(one["due_on"], one["open_cents"], one["reason"]) for one in row["missing_payments"]]
    return (
        missing,
        row["collect_now_cents"],
        [f["reason"] for f in row["flags"] if f["kind"] == "LOWER_DRAFT"],
    )


@pytest.mark.parametrize(
    ("every", "following", "charged"),
    [("12", "2027-03-10", ["2026-03-10"]), ("3", "2026-12-10", ["2026-03-10", "2026-06-10", "2026-09-10"])],
)
def test_a_member_who_pays_yearly_or_quarterly_is_asked_for_nothing_in_between(
    sqlite_store: Engine, tmp_path: Path, every: str, following: str, charged: list[str]
) -> None:
    payments = [paid(n, on, "1490.00") for n, on in enumerate(charged)]
    recurrings = [runs(every, "month", following, "1490.00")]
    found = told(
        sqlite_store,
        tmp_path,
        memberships=[member("2026-03-10", following)],
        recurrings=recurrings,
        payments=payments,
    )
    assert found == ([], 0, [])


def test_a_declined_two_weekly_draft_is_seen(sqlite_store: Engine, tmp_path: Path) -> None:
    charged = ["2026-09-11", "2026-09-25", "2026-10-09", "2026-10-23", "2026-11-06"]
    payments = [
        *(paid(n, on, "74.50") for n, on in enumerate(charged)),
        paid(9, "2026-11-20", "74.50", "declined"),
    ]
    recurrings = [runs("2", "week", "2026-12-04", "74.50")]
    found = told(
        sqlite_store,
        tmp_path,
        memberships=[member("2026-09-11", "2026-12-04")],
        recurrings=recurrings,
        payments=payments,
    )
    assert found == ([("2026-11-20", 7450, "DECLINED_SOFT")], 7450, [])


def test_a_plan_s_own_interval_counts_without_a_recurring(sqlite_store: Engine, tmp_path: Path) -> None:
    plans = [{**PLANS[0], "billing_every": "3", "billing_unit": "month"}]
    memberships = [member("2026-02-15", "")]
    payments = [paid(1, "2026-02-15"), paid(2, "2026-05-15")]
    found = told(sqlite_store, tmp_path, membership_plans=plans, memberships=memberships, payments=payments)
    assert found == (
        [("2026-08-15", 14900, "NOT_ATTEMPTED"), ("2026-11-15", 14900, "NOT_ATTEMPTED")],
        29800,
        [],
    )


@pytest.mark.parametrize(
    ("amount", "note"),
    [
        (
            "74.50",
            [
                "The draft of Nov 1 took $74.50, Wellness 4 is $149: as was agreed that day, nothing to ask for."
            ],
        ),
        (
            "0.00",
            ["The draft of Nov 1 was free, Wellness 4 is $149: as was agreed that day, nothing to ask for."],
        ),
        ("159.00", []),
    ],
)
def test_a_coupon_a_free_month_and_an_old_price_are_quiet(
    sqlite_store: Engine, tmp_path: Path, amount: str, note: list[str]
) -> None:
    payments = [paid(1, "2026-09-01", amount), paid(2, "2026-10-01"), paid(3, "2026-11-01", amount)]
    found = told(sqlite_store, tmp_path, memberships=[member("2026-09-01", "2026-12-01")], payments=payments)
    assert found == ([], 0, note)


@pytest.mark.parametrize("surcharge", ["", "4.47"])
def test_a_card_fee_pays_nothing_of_the_next_draft(
    sqlite_store: Engine, tmp_path: Path, surcharge: str
) -> None:
    payments = [
        paid(1, "2026-09-01", "153.47", surcharge=surcharge),
        paid(2, "2026-10-01", "153.47", surcharge=surcharge),
        paid(3, "2026-11-01", "153.47", "declined", surcharge=surcharge),
    ]
    found = told(sqlite_store, tmp_path, memberships=[member("2026-09-01", "2026-11-01")], payments=payments)
    assert found == ([("2026-11-01", 14900, "DECLINED_SOFT")], 14900, [])


def test_a_family_s_pool_and_a_limit_per_week_reach_the_row(sqlite_store: Engine, tmp_path: Path) -> None:
    weekly = [{**BENEFITS[0], "per_week": "1"}]
    visits = [visit_of(n, "P1", f"2026-11-{day}T09:00") for n, day in enumerate((23, 25))]
    files = {"membership_benefits": weekly, "memberships": [member("2026-09-01", "")], "appointments": visits}
    load(
        sqlite_store,
        tmp_path / "files",
        membership_plans=[{**PLANS[0], "price": ""}],
        cards=[GOOD_CARD],
        **files,
    )
    assert morning_rows(sqlite_store)[0]["membership"]["state"] == "OVER_SCHEDULED"
    people = [
        {"patient_id": key, "location_id": "L1", "first_name": key, "last_name": "Ruiz", "active": "yes"}
        for key in ("P1", "P2")
    ]
    family = [
        member("2026-09-01", "", pool_id="F"),
        {**member("2026-09-05", "", pool_id="F"), "membership_id": "M2", "patient_id": "P2"},
    ]
    shared = [visit_of(n, "P1", f"2026-11-{day}T09:00") for n, day in enumerate(("02", "04", 23, 25, 30))]
    shared.append(visit_of(8, "P2", "2026-11-27T09:00"))
    files = {
        "membership_benefits": BENEFITS,
        "memberships": family,
        "appointments": shared,
        "patients": people,
    }
    load(
        sqlite_store,
        tmp_path / "more",
        membership_plans=[{**PLANS[0], "price": ""}],
        cards=[GOOD_CARD],
        **files,
    )
    row = morning_rows(sqlite_store)[0]["membership"]
    assert (row["allowance"], row["used"] + row["booked"], row["over"]) == (8, 4, 0)


def visit_of(number: int, patient_id: str, starts_at: str) -> dict[str, str]:
    return {"appointment_id": f"A{number}", "patient_id": patient_id, "provider_id": "D1", "appointment_type_id": "T1",
            "starts_at": starts_at, "minutes": "15", "status": "scheduled"}  # fmt: skip
