"""Rollover with cap and expiry (DOMAIN §5, CONTRACTS §3)."""

from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from core.dates import month_on
from core.memberships.facts import BenefitFacts, ExtraFacts
from core.memberships.rollover import Lot, carried, carry_on
from tests.memberships.wellness import judge, visit, visits


def test_unused_visits_roll_over_up_to_the_cap():
    assert carried(carry_on((), 0, given=4, committed=1, cap=2, lifetime=1)) == 2
    assert carried(carry_on((), 0, given=4, committed=3, cap=2, lifetime=1)) == 1
    assert carry_on((), 0, given=4, committed=6, cap=2, lifetime=1) == ()


def test_the_oldest_expiring_are_used_first():
    lots = (Lot(1, 1), Lot(2, 2))
    assert carry_on(lots, 1, given=4, committed=2, cap=9, lifetime=2) == (Lot(2, 1), Lot(3, 4))


def test_a_visit_expires_after_its_periods():
    lots = carry_on((), 0, given=2, committed=0, cap=4, lifetime=2)
    lots = carry_on(lots, 1, given=0, committed=0, cap=4, lifetime=2)
    assert carried(lots) == 2
    assert carry_on(lots, 2, given=0, committed=0, cap=4, lifetime=2) == ()


def test_above_the_cap_the_oldest_expiring_go():
    lots = (Lot(4, 1), Lot(5, 1))
    assert carry_on(lots, 3, given=1, committed=0, cap=2, lifetime=3) == (Lot(5, 1), Lot(6, 1))


def test_without_a_cap_nothing_rolls_and_without_an_expiry_nothing_expires():
    assert carry_on((), 0, given=4, committed=0, cap=None, lifetime=3) == ()
    lots = carry_on((), 0, given=1, committed=0, cap=4, lifetime=None)
    for number in range(1, 50):
        lots = carry_on(lots, number, given=0, committed=0, cap=4, lifetime=None)
    assert carried(lots) == 1


ROLLS = {"start_date": date(2026, 9, 1), "rollover_cap": 2, "rollover_periods": 1}


def test_october_leftovers_are_computed_for_november_and_no_further():
    october = visits("2026-10-05", "2026-10-12", "2026-10-19")
    (november,) = judge(october, **(ROLLS | {"start_date": date(2026, 10, 1)})).lines
    assert (november.allowance, november.rollover) == (5, 1)


def test_what_september_handed_on_is_used_before_octobers_own_visits():
    """September hands on 2; October's three visits take those and one of its own 4; 3 are left, the cap is 2."""
    (november,) = judge(visits("2026-10-05", "2026-10-12", "2026-10-19"), **ROLLS).lines
    assert november.rollover == 2


def test_rollover_given_by_the_ehr_is_taken_as_it_stands():
    given = [ExtraFacts("X", date(2026, 11, 1), "adjustment", "rollover", 1)]
    assert judge([], extras=given, **ROLLS).lines[0].rollover == 1


def test_bookings_of_this_period_are_taken_off_before_anything_rolls_into_the_next():
    booked = visits("2026-11-03", "2026-11-10", "2026-11-24", "2026-12-01")
    first = ROLLS | {"start_date": date(2026, 11, 1)}
    assert [line.rollover for line in judge(booked, **first).lines] == [0, 1]


def test_add_ons_belong_to_their_period_and_come_after_the_base():
    added = [ExtraFacts("X", date(2026, 11, 1), "adjustment", "add_on", 2)]
    (line,) = judge(visits(*(f"2026-11-{day:02}" for day in (3, 10, 17, 24, 26))), extras=added).lines
    assert (line.base, line.add_ons, line.allowance, line.over) == (4, 2, 6, 0)


def test_a_period_frozen_from_end_to_end_neither_gives_nor_lets_lapse():
    frozen = ROLLS | {"frozen_from": date(2026, 10, 1), "frozen_to": date(2026, 10, 31)}
    booked = visits("2026-09-01", "2026-09-08", "2026-09-15")
    assert judge(booked, **frozen).lines[0].rollover == 1


def test_counting_starts_where_the_visits_are_known():
    assert judge([], since=date(2026, 11, 1), **ROLLS).lines[0].rollover == 0
    assert judge([], since=date(2026, 10, 1), **ROLLS).lines[0].rollover == 2
    assert judge([], since=date(2026, 10, 2), **ROLLS).lines[0].rollover == 0


def test_recent_visits_that_settle_the_rollover_need_no_older_ones():
    """October's two visits leave the whole cap unused, whatever September handed on."""
    recent = judge(visits("2026-10-05", "2026-10-12"), since=date(2026, 10, 1), **ROLLS)
    assert (recent.lines[0].rollover, recent.unsure) == (2, False)


def test_recent_visits_that_leave_it_open_say_so():
    october = visits("2026-10-05", "2026-10-12", "2026-10-19")
    assert judge(october, since=date(2026, 10, 1), **ROLLS).unsure
    assert not judge(october, **ROLLS).unsure


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    months=st.lists(st.integers(0, 7), min_size=4, max_size=10),
    known=st.integers(1, 4),
    cap=st.integers(1, 5),
    lifetime=st.none() | st.integers(0, 3),
    base=st.integers(0, 5),
)
def test_what_is_sure_from_recent_visits_is_what_all_visits_say(
    months: list[int], known: int, cap: int, lifetime: int | None, base: int
):
    starts = [month_on(date(2026, 11, 1), back - len(months)) for back in range(len(months))]
    booked = [
        visit(f"{start:%Y-%m}-{10 + k}")
        for start, came in zip(starts, months, strict=True)
        for k in range(came)
    ]
    terms = {"start_date": starts[0], "rollover_cap": cap, "rollover_periods": lifetime, "benefits": [BenefitFacts("B", "adjustment", base)]}  # fmt: skip
    since = starts[-known]
    recent = [one for one in booked if one.starts_at.date() >= since]
    few, every = judge(recent, since=since, **terms), judge(booked, **terms)
    assert not every.unsure
    assert few.unsure or few.lines == every.lines


def test_a_visit_typed_into_the_year_9999_is_a_booking_like_any_other():
    finding = judge(visits("9999-12-30"), as_of=datetime(2026, 11, 21, 18, tzinfo=UTC))
    assert finding.lines[-1].booked == 1
