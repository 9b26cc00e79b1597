"""More ways in which members are billed, as processors and desks really have them: each with what is due by hand."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.reports.test_billed_memberships import PLANS, member, paid, runs, told

TWO_WEEKLY = ("2026-09-11", "2026-09-25", "2026-10-09", "2026-10-23")
MONTHS = ("2026-07-01", "2026-08-01", "2026-09-01", "2026-10-01")


def every(days: tuple[str, ...], amount: str = "149.00", **cells: str) -> list[dict[str, str]]:
    return [paid(number, on, amount, **cells) for number, on in enumerate(days)]


def missing(
    store: Engine, folder: Path, **files: list[dict[str, str]]
) -> tuple[list[tuple[str, int, str]], int]:
    found, collect, _notes = told(store, folder, **files)
    return found, collect


@pytest.mark.parametrize("named", ["R1", ""])
def test_a_draft_that_was_declined_and_went_through_three_days_later_is_paid(
    sqlite_store: Engine, tmp_path: Path, named: str
) -> None:
    payments = [
        *every(TWO_WEEKLY, "74.50", recurring_id=named),
        paid(8, "2026-11-06", "74.50", "declined", recurring_id=named),
        paid(9, "2026-11-09", "74.50", recurring_id=named),
        paid(10, "2026-11-20", "74.50", recurring_id=named),
    ]
    run = [runs("2", "week", "2026-12-04", "74.50")]
    given = {"memberships": [member("2026-09-11", "2026-12-04")], "recurrings": run, "payments": payments}
    assert missing(sqlite_store, tmp_path, **given) == ([], 0)


def test_two_weekly_drafts_in_a_row_that_were_declined_are_two_debts(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    good = ("2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26", "2026-11-02")
    payments = [*every(good, "39.00"), paid(8, "2026-11-09", "39.00", "declined"), paid(9, "2026-11-16", "39.00", "declined")]  # fmt: skip
    run = [runs("1", "week", "2026-11-23", "39.00")]
    given = {"memberships": [member("2026-10-05", "2026-11-23")], "recurrings": run, "payments": payments}
    due = [("2026-11-09", 3900, "DECLINED_SOFT"), ("2026-11-16", 3900, "DECLINED_SOFT")]
    assert missing(sqlite_store, tmp_path, **given)[0] == due


def test_a_coupon_that_ended_in_mid_term_lowers_nothing_that_comes_after(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    payments = [paid(1, "2026-07-01"), paid(2, "2026-08-01", "74.50"), paid(3, "2026-09-01", "74.50"),
                paid(4, "2026-10-01"), paid(5, "2026-11-01", status="declined")]  # fmt: skip
    run = [runs("1", "month", "2026-12-01")]
    given = {"memberships": [member("2026-07-01", "2026-12-01")], "recurrings": run, "payments": payments}
    assert missing(sqlite_store, tmp_path, **given) == ([("2026-11-01", 14900, "DECLINED_SOFT")], 14900)


@pytest.mark.parametrize("older", ["129.00", "169.00"])
def test_an_older_price_until_a_date_pays_its_own_months_and_no_more(
    sqlite_store: Engine, tmp_path: Path, older: str
) -> None:
    payments = [*every(MONTHS, older), paid(9, "2026-11-01", status="declined")]
    run = [runs("1", "month", "2026-12-01")]
    given = {"memberships": [member("2026-07-01", "2026-12-01")], "recurrings": run, "payments": payments}
    assert missing(sqlite_store, tmp_path, **given) == ([("2026-11-01", 14900, "DECLINED_SOFT")], 14900)


@pytest.mark.parametrize(("amount", "fee", "left"), [("51.50", "1.50", 5000), ("153.47", "", 14900), ("153.47", "4.47", 14900)])  # fmt: skip
def test_a_refund_gives_the_fee_back_too_so_that_only_the_net_is_open(
    sqlite_store: Engine, tmp_path: Path, amount: str, fee: str, left: int
) -> None:
    payments = [
        *every(("2026-09-01", "2026-10-01", "2026-11-01"), "153.47", surcharge="4.47"),
        paid(9, "2026-11-15", amount, refund_of="Y1", surcharge=fee),
    ]
    run = [runs("1", "month", "2026-12-01")]
    given = {"memberships": [member("2026-09-01", "2026-12-01")], "recurrings": run, "payments": payments}
    assert missing(sqlite_store, tmp_path, **given) == ([("2026-10-01", left, "REVERSED")], left)


def test_a_member_who_went_from_monthly_to_yearly_owes_no_months_in_between(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    payments = [*every(MONTHS[:3]), paid(9, "2026-10-01", "1490.00")]
    run = [runs("12", "month", "2027-10-01", "1490.00")]
    given = {"memberships": [member("2026-07-01", "2027-10-01")], "recurrings": run, "payments": payments}
    assert missing(sqlite_store, tmp_path, **given) == ([], 0)


def test_a_yearly_draft_of_a_leap_day_ran_on_the_last_of_february(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    run = [runs("1", "year", "2027-02-28", "1490.00")]
    payments = every(("2024-02-29", "2025-02-28", "2026-02-28"), "1490.00")
    given = {"memberships": [member("2024-02-29", "2027-02-28")], "recurrings": run, "payments": payments}
    assert missing(sqlite_store, tmp_path, **given) == ([], 0)


def test_a_part_paid_in_cash_after_a_decline_leaves_the_rest(sqlite_store: Engine, tmp_path: Path) -> None:
    payments = [*every(MONTHS), paid(8, "2026-11-01", status="declined"), paid(9, "2026-11-03", "50.00", method="cash")]  # fmt: skip
    run = [runs("1", "month", "2026-12-01")]
    given = {"memberships": [member("2026-07-01", "2026-12-01")], "recurrings": run, "payments": payments}
    assert missing(sqlite_store, tmp_path, **given) == ([("2026-11-01", 9900, "DECLINED_SOFT")], 9900)


def test_a_plan_billed_by_the_quarter_in_its_own_words_asks_for_quarters(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    plans = [{**PLANS[0], "billing_every": "1", "billing_unit": "Quarterly"}]
    given = {"membership_plans": plans, "memberships": [member("2026-02-15", "")], "payments": [paid(1, "2026-02-15"), paid(2, "2026-05-15")]}  # fmt: skip
    due = [("2026-08-15", 14900, "NOT_ATTEMPTED"), ("2026-11-15", 14900, "NOT_ATTEMPTED")]
    assert missing(sqlite_store, tmp_path, **given) == (due, 29800)
