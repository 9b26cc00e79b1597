"""A membership's due items are the drafts that are really run (DOMAIN §3), at whatever interval."""

from datetime import timedelta

import pytest

from core.dues.drafts import MembershipDrafts, upcoming_drafts
from core.dues.membership_items import lower_drafts, membership_dues, membership_items
from core.dues.missing import missing_payments
from tests.money_facts import day, payment, recurring, refund

TODAY = day("2026-12-03")
START = day("2025-01-10")
PRICE = 149_00


def member(**other):
    return MembershipDrafts(3, "M1", PRICE, None, 1, "active")._replace(**other)


def paid(on, cents=PRICE, status="approved", **other):
    return payment(on, cents, status, membership_id=3, **other)


def runs(next_run_on, every, unit, cents=PRICE, **other):
    return recurring(next_run_on, cents, interval=every, interval_unit=unit, membership_id=3, **other)


def due(payments, one=None, start=START, today=TODAY, drafts=()):
    items = membership_items(one or member(), start, payments, today, recurrings=drafts)
    found = missing_payments(items, today)
    return [(item.due_on.isoformat(), item.open_cents, item.reason.value) for item in found]


@pytest.mark.parametrize(
    ("next_run_on", "every", "unit", "paid_on"),
    [
        ("2027-03-10", 12, "month", ["2026-03-10"]),
        ("2026-12-10", 3, "month", ["2026-03-10", "2026-06-10", "2026-09-10"]),
        ("2027-02-28", 6, "month", ["2026-02-28", "2026-08-31"]),
        ("2026-12-28", 4, "week", ["2026-10-05", "2026-11-02", "2026-11-30"]),
        ("2026-12-11", 2, "week", ["2026-10-30", "2026-11-13", "2026-11-27"]),
        ("2026-12-05", 1, "week", ["2026-11-14", "2026-11-21", "2026-11-28"]),
        ("2026-12-12", 10, "day", ["2026-11-12", "2026-11-22", "2026-12-02"]),
        ("2026-12-03", 1, "day", ["2026-11-30", "2026-12-01", "2026-12-02"]),
    ],
)
def test_nothing_is_due_between_the_drafts_that_are_run(next_run_on, every, unit, paid_on):
    drafts = [runs(next_run_on, every, unit)]
    assert due([paid(on) for on in paid_on], drafts=drafts) == []
    lost = [*map(paid, paid_on[:-1]), paid(paid_on[-1], status="declined", reason_code="1616")]
    assert due(lost, drafts=drafts) == [(paid_on[-1], PRICE, "DECLINED_SOFT")]


def test_thirteen_drafts_a_year_leave_no_surplus_that_swallows_a_decline():
    first = day("2025-10-06")
    every = [paid((first + timedelta(weeks=4 * n)).isoformat()) for n in range(15)]
    no = paid("2026-11-30", status="declined", reason_code="1616")
    assert due([*every, no], drafts=[runs("2026-12-28", 4, "week")]) == [
        ("2026-11-30", PRICE, "DECLINED_SOFT")
    ]


def test_without_a_recurring_the_plan_s_own_interval_counts():
    yearly = member(billing_every=12, next_draft_on=day("2027-03-10"))
    assert due([paid("2026-03-10")], yearly) == []
    weekly = member(billing_every=2, billing_unit="week", next_draft_on=day("2026-12-11"))
    assert due([paid("2026-11-13")], weekly) == [("2026-11-27", PRICE, "NOT_ATTEMPTED")]
    quarterly = member(billing_every=3)
    assert due([paid("2026-03-10")], quarterly, start=day("2026-03-10")) == [
        ("2026-06-10", PRICE, "NOT_ATTEMPTED"),
        ("2026-09-10", PRICE, "NOT_ATTEMPTED"),
    ]


def test_from_the_anchor_day_where_no_draft_is_told():
    found = due([paid("2026-10-15")], member(anchor_day=15), start=day("2026-10-02"))
    assert found == [("2026-11-15", PRICE, "NOT_ATTEMPTED")]


@pytest.mark.parametrize("cents", [74_50, 0, 139_00, 153_47, 159_00])
def test_what_was_charged_on_the_draft_s_day_was_agreed_that_day(cents):
    monthly = member(next_draft_on=day("2027-01-01"))
    rows = [paid("2026-10-01", cents), paid("2026-11-01"), paid("2026-12-01")]
    assert due(rows, monthly) == []
    without = [rows[0], rows[1], paid("2026-12-01", status="declined", reason_code="1616")]
    assert due(without, monthly) == [("2026-12-01", PRICE, "DECLINED_SOFT")]


def test_a_free_first_month_without_a_row_is_not_due():
    monthly = member(next_draft_on=day("2027-01-01"))
    assert due([paid("2026-11-01"), paid("2026-12-01")], monthly, start=day("2026-10-01")) == []


def test_a_price_that_was_raised_twice_is_nobody_s_debt():
    drafts = [runs("2027-01-01", 1, "month", 169_00)]
    rows = [
        paid("2026-09-01", 149_00),
        paid("2026-10-01", 159_00),
        paid("2026-11-01", 159_00),
        paid("2026-12-01", 169_00),
    ]
    assert due(rows, drafts=drafts) == []
    late = [*rows[:2], paid("2026-11-01", 159_00, "declined", reason_code="1616"), rows[3]]
    assert due(late, drafts=drafts) == [("2026-11-01", 159_00, "DECLINED_SOFT")]


def test_a_run_that_names_its_recurring_settles_one_draft_and_no_older_one():
    drafts = [runs("2027-01-01", 1, "month", id=90)]
    no = paid("2026-10-01", status="declined", reason_code="1616", recurring_ref="rec-90")
    later = [paid(on, 180_00, recurring_ref="rec-90") for on in ("2026-11-01", "2026-12-01")]
    assert due([no, *later], drafts=drafts) == [("2026-10-01", PRICE, "DECLINED_SOFT")]


def test_the_processor_s_own_retry_settles_the_draft_that_failed():
    drafts = [runs("2027-01-01", 1, "month", id=91)]
    no = paid("2026-11-01", status="declined", reason_code="1616", recurring_ref="rec-91")
    again = paid("2026-11-06", 140_00, recurring_ref="rec-91")
    assert due([no, again, paid("2026-12-01", recurring_ref="rec-91")], drafts=drafts) == []
    weeks_later = paid("2026-12-02", recurring_ref="rec-91")
    assert due([no, paid("2026-12-01", recurring_ref="rec-91"), weeks_later], drafts=drafts) == []


def test_a_planned_retry_is_no_new_billing_day():
    no = paid("2026-12-01", status="declined", reason_code="1616")
    assert due([no], drafts=[runs("2026-12-05", 1, "month")]) == [("2026-12-01", PRICE, "DECLINED_SOFT")]
    twice = [paid("2026-11-01"), no, paid("2026-12-03", status="declined", reason_code="1616")]
    assert due(twice, drafts=[runs("2026-12-06", 1, "month")]) == [("2026-12-01", PRICE, "DECLINED_SOFT")]


@pytest.mark.parametrize(
    "part",
    [
        paid("2026-12-02", 50_00),
        paid("2026-12-01", 50_00, method="cash"),
        paid("2026-12-01", 50_00, invoice_ref="inv-1"),
    ],
)
def test_a_part_of_another_day_or_by_another_way_leaves_the_rest_open(part):
    monthly = member(next_draft_on=day("2027-01-01"))
    assert due([paid("2026-11-01"), part], monthly) == [("2026-12-01", 99_00, "PARTIAL")]


def test_a_part_after_a_failed_try_of_the_same_day_leaves_the_rest_open():
    no = paid("2026-12-01", status="declined", reason_code="1616")
    rows = [paid("2026-11-01"), no, paid("2026-12-01", 50_00)]
    assert due(rows, member(next_draft_on=day("2027-01-01"))) == [("2026-12-01", 99_00, "DECLINED_SOFT")]


def test_a_weekend_s_draft_runs_on_monday():
    rows = [paid("2026-10-01", 139_00), paid("2026-11-02", 139_00), paid("2026-12-01")]  # Nov 1 is a Sunday
    assert due(rows, member(next_draft_on=day("2027-01-01"))) == []


def test_a_coupon_that_is_given_back_is_owed_as_it_was_agreed():
    coupon = paid("2026-11-01", 74_50)
    rows = [coupon, refund(coupon, "2026-11-20", membership_id=3), paid("2026-12-01")]
    assert due(rows, member(next_draft_on=day("2027-01-01"))) == [("2026-11-01", 74_50, "REVERSED")]


def test_only_the_net_of_a_surcharge_pays():
    monthly = member(next_draft_on=day("2026-12-01"))
    rows = [paid(on, 153_47, surcharge_cents=4_47) for on in ("2026-10-01", "2026-11-04")]
    no = paid("2026-12-01", 153_47, "declined", reason_code="1616", surcharge_cents=4_47)
    assert due([*rows, no], monthly) == [("2026-12-01", PRICE, "DECLINED_SOFT")]
    part = paid("2026-12-02", 51_50, surcharge_cents=1_50, method="card")
    assert due([*rows, no, part], monthly) == [("2026-12-01", 99_00, "DECLINED_SOFT")]


def test_a_changed_interval_leaves_the_former_drafts_alone():
    weekly = [paid((day("2026-06-01") + timedelta(weeks=n)).isoformat(), 37_25) for n in range(13)]
    rows = [*weekly, paid("2026-09-01"), paid("2026-10-01"), paid("2026-11-01")]
    monthly = member(next_draft_on=day("2026-12-01"))
    assert due(rows, monthly) == [("2026-12-01", PRICE, "NOT_ATTEMPTED")]
    monthly_before = [paid(f"2025-{month:02d}-10") for month in range(4, 13)]
    yearly = [runs("2027-01-10", 12, "month", 1490_00)]
    now = [*monthly_before, paid("2026-01-10", 1490_00)]
    assert due(now, drafts=yearly) == []
    assert due(now, drafts=yearly, today=day("2027-01-12")) == [("2027-01-10", 1490_00, "NOT_ATTEMPTED")]


def test_a_former_recurring_of_another_interval_is_not_billed_on():
    yearly = runs(None, 12, "month", 1490_00, status="ended", id=80)
    monthly = runs("2026-12-10", 1, "month", id=81)
    rows = [paid("2025-09-10", 1490_00, recurring_ref="rec-80"), paid("2026-10-10", recurring_ref="rec-81")]
    assert due(rows, drafts=[yearly, monthly]) == [("2026-11-10", PRICE, "NOT_ATTEMPTED")]


def test_an_ended_recurring_still_gives_the_interval():
    ended = runs("2027-03-10", 12, "month", 1490_00, status="ended")
    assert due([paid("2026-03-10", 1490_00)], drafts=[ended]) == []


def test_what_is_on_hold_is_not_run():
    held = runs("2026-11-01", 1, "month", status="on_hold")
    assert due([paid("2026-09-01"), paid("2026-10-01")], drafts=[held]) == []
    no = paid("2026-10-01", status="declined", reason_code="1616")
    assert due([paid("2026-09-01"), no], drafts=[held]) == [("2026-10-01", PRICE, "DECLINED_SOFT")]


def test_two_recurrings_of_one_membership_are_two_drafts():
    one, other = runs("2027-01-01", 1, "month", 100_00, id=70), runs("2026-12-15", 1, "month", 49_00, id=71)
    rows = [
        paid("2026-11-01", 100_00, recurring_ref="rec-70"),
        paid("2026-11-15", 49_00, recurring_ref="rec-71"),
        paid("2026-12-01", 100_00, "declined", reason_code="1616", recurring_ref="rec-70"),
    ]
    assert due(rows, drafts=[one, other]) == [("2026-12-01", 100_00, "DECLINED_SOFT")]
    same_day = [one, runs("2027-01-01", 1, "month", 49_00, id=71)]
    both = [row._replace(happened_on=day("2026-11-01")) for row in rows[:2]]
    assert due(both, drafts=same_day) == [("2026-12-01", PRICE, "NOT_ATTEMPTED")]


def test_a_prepaid_package_is_due_once_when_it_starts():
    package = member(period="package", price_cents=600_00, next_draft_on=None)
    begun = day("2026-10-05")
    assert due([], package, start=begun) == [("2026-10-05", 600_00, "NOT_ATTEMPTED")]
    assert due([paid("2026-10-05", 600_00)], package, start=begun) == []
    assert due([paid("2026-10-05", 200_00)], package, start=begun) == [("2026-10-05", 400_00, "PARTIAL")]
    assert due([], package, start=day("2026-12-20")) == []


def test_coming_drafts_follow_the_plan_s_own_interval():
    def ahead(**other):
        found = upcoming_drafts([], [], [member(next_draft_on=day("2026-12-10"), **other)], TODAY)
        return [draft.on.isoformat() for draft in found]

    assert ahead() == ["2026-12-10", "2027-01-10"]
    assert ahead(billing_every=12) == ["2026-12-10"]
    assert ahead(billing_every=3, billing_unit="week") == ["2026-12-10", "2026-12-31", "2027-01-21"]
    assert ahead(period="package") == ["2026-12-10"]


def test_a_lower_draft_is_a_quiet_note_with_its_day():
    monthly = member(next_draft_on=day("2027-01-01"))
    rows = [paid("2026-10-01", 74_50), paid("2026-11-01", 153_47), paid("2026-12-01")]
    assert lower_drafts(monthly, START, rows, TODAY) == [(day("2026-10-01"), 74_50, PRICE)]
    assert [one.owed_cents for one in membership_dues(monthly, START, rows, TODAY)] == [74_50, PRICE, PRICE]
