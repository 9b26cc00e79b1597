"""On which days a membership was drafted, also where its billing day was moved."""

from core.dues.billing_days import Rhythm, draft_days
from core.dues.drafts import MembershipDrafts
from core.dues.membership_items import membership_items
from tests.money_facts import day, payment

TODAY = day("2026-11-21")


def days(known: str, *run_on: str, until: str = "2026-11-21", since: str = "2026-08-01") -> list[str]:
    rhythm = Rhythm(1, "month", day(known), day(known).day)
    found = draft_days(rhythm, day(since), day(until), [day(on) for on in run_on])
    return [on.isoformat()[5:] for on in found]


def open_items(next_draft: str, *paid_on: str, today: str = "2026-11-21") -> list[str]:
    member = MembershipDrafts(3, "M1", 149_00, day(next_draft), 1, "active")
    paid = [payment(on, 149_00, membership_id=3) for on in paid_on]
    return [item.id for item in membership_items(member, day("2025-01-01"), paid, day(today))]


def test_days_keep_step_with_the_next_draft() -> None:
    assert days("2026-12-01", "2026-09-01", "2026-10-02", "2026-10-31") == [
        "08-01",
        "09-01",
        "10-01",
        "11-01",
    ]
    assert days("2026-12-31", since="2026-08-20") == ["08-31", "09-30", "10-31"]


def test_before_a_move_the_days_are_those_of_the_payments() -> None:
    assert days("2026-12-20", "2026-09-01", "2026-10-01", "2026-11-02") == ["09-01", "10-01", "11-01"]
    assert days("2026-12-01", "2026-08-20", "2026-09-20", "2026-11-01") == ["08-20", "09-20", "11-01"]


def test_a_month_that_was_left_out_before_the_move_is_due() -> None:
    assert days("2026-12-20", "2026-08-01", "2026-09-01") == ["08-01", "09-01", "10-01", "11-01"]


def test_after_the_move_the_new_day_counts() -> None:
    run_on = ("2026-08-20", "2026-09-20", "2026-10-01")
    assert days("2026-12-01", *run_on) == ["08-20", "09-20", "10-01", "11-01"]
    assert days("2026-11-10", "2026-08-20", "2026-09-20") == ["08-20", "09-20", "11-10"]


def test_a_late_payer_is_no_moved_billing_day() -> None:
    assert days("2026-12-01", "2026-09-14", since="2026-09-01") == ["09-01", "10-01", "11-01"]
    run_on = ("2026-09-01", "2026-09-13", "2026-10-01", "2026-10-13")
    assert days("2026-12-01", *run_on, since="2026-09-01") == ["09-01", "10-01", "11-01"]


def test_paid_drafts_before_the_billing_day_was_moved_are_not_missing() -> None:
    assert open_items("2026-12-20", "2026-09-01", "2026-10-01", "2026-11-01") == []
    assert open_items("2026-12-01", "2026-07-20", "2026-08-20", "2026-09-20", "2026-11-01") == []


def test_a_draft_that_did_not_come_is_missing_on_either_side_of_the_move() -> None:
    assert open_items("2026-12-20", "2026-08-01", "2026-09-01") == ["M1:2026-10-01", "M1:2026-11-01"]
    later = open_items("2027-01-20", "2026-08-01", "2026-09-01", "2026-10-20", today="2026-12-30")
    assert later == ["M1:2026-11-20", "M1:2026-12-20"]
