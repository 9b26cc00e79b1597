"""DOMAIN §5, sentence by sentence."""

from datetime import UTC, date, datetime

import pytest

from core.memberships.facts import BenefitFacts, Cover, Covered, ExtraFacts, MembershipState
from core.memberships.rules import covered_elsewhere
from core.severity import Severity
from tests.memberships.wellness import AS_OF, FOUR, MEMBER, PLAN, ZONE, judge, said, visit, visits

NOVEMBER = ["2026-11-03", "2026-11-10", "2026-11-17", "2026-11-24", "2026-11-26", "2026-11-28"]


def starts(found: tuple) -> list[str]:
    return [f"{visit.starts_at:%m-%d}" for visit in found]


def test_three_done_and_three_booked_of_four_is_over_by_two():
    finding = judge(visits(*NOVEMBER))
    (line,) = finding.lines
    assert (line.used, line.booked, line.committed, line.over) == (3, 3, 6, 2)
    assert starts(line.excess) == ["11-26", "11-28"]
    assert said(finding)[0] == "OVER_SCHEDULED"
    assert "the visits on Nov 26 and Nov 28 are over" in finding.reason


def test_one_rollover_visit_leaves_one_over():
    (line,) = judge(
        visits(*NOVEMBER), extras=[ExtraFacts("X1", date(2026, 11, 1), "adjustment", "rollover", 1)]
    ).lines
    assert (line.allowance, line.rollover, line.over) == (5, 1, 1)
    assert starts(line.excess) == ["11-28"]


def test_visits_after_the_next_draft_are_measured_against_their_own_period():
    finding = judge(visits(*NOVEMBER, "2026-12-01", "2026-12-03"))
    november, december = finding.lines
    assert (november.over, december.committed, december.over) == (2, 2, 0)
    assert december.state is MembershipState.OK
    assert {row.line.period_start for row in finding.states if row.line} == {date(2026, 11, 1)}


def test_on_the_day_the_excess_visit_is_named_five_of_four():
    booked = visits(*NOVEMBER[:4], "2026-11-21T14:00")
    finding = judge(booked, at_hand=booked[-2])
    covered = finding.covers(booked[-2])
    assert (covered.cover, covered.words) == (Cover.EXCESS, "visit 5 of 4")
    assert judge(booked, at_hand=booked[-1]).covers(booked[-1]).words == "visit 4 of 4"
    assert finding.reason.startswith("This is visit 5 of 4 on Wellness 4: charge $55")
    assert finding.severity is Severity.HIGH


def test_an_unlimited_class_is_never_over_nor_used_up():
    finding = judge(visits(*NOVEMBER), benefits=[BenefitFacts("B1", "adjustment", None)])
    (line,) = finding.lines
    assert (line.allowance, line.over, line.committed) == (None, 0, 6)
    assert said(finding) == []
    assert finding.covers(line.counted[5]) == Covered(Cover.COVERED, 6)


def test_each_service_class_is_counted_by_itself():
    benefits = [BenefitFacts("B1", "adjustment", 4), BenefitFacts("B2", "massage", 1)]
    booked = [
        *visits("2026-11-03"),
        visit("2026-11-24", service_class="massage"),
        visit("2026-11-26", service_class="massage"),
    ]
    finding = judge(booked, benefits=benefits)
    assert [(line.service_class, line.over) for line in finding.lines] == [("adjustment", 0), ("massage", 1)]
    assert finding.covers(visit("2026-11-24", service_class="x-ray")).cover is Cover.NOT_COVERED


def test_a_rescheduled_copy_a_cancelled_and_a_presumed_missed_visit_count_nowhere():
    booked = [
        visit("2026-11-05", "rescheduled"),
        visit("2026-11-06", "cancelled"),
        visit("2026-11-20", "scheduled"),
        visit("2026-11-06", "no_show"),
    ]
    (line,) = judge(booked).lines
    assert (line.used, line.booked) == (0, 0)


def test_a_no_show_is_used_only_where_the_plan_forfeits_it():
    booked = [visit("2026-11-05", "no_show"), *visits("2026-11-24")]
    assert judge(booked).lines[0].used == 0
    assert judge(booked, no_show_forfeits=True).lines[0].used == 1


def test_somebody_who_arrived_is_booked_however_late_it_gets():
    (line,) = judge([visit("2026-11-21T08:00", "arrived")]).lines
    assert (line.used, line.booked) == (0, 1)


def test_a_family_pool_sums_its_members():
    mother, child = visits("2026-11-24", "2026-11-25", "2026-11-26"), visits("2026-11-24", "2026-11-25")
    pooled = [*mother, *(one._replace(patient_id=2) for one in child)]
    assert judge(pooled).lines[0].over == 1


@pytest.mark.parametrize(
    ("last", "severity"),
    [
        ("2026-11-15", Severity.NOTE),
        ("2026-11-13", Severity.MEDIUM),
        ("2026-11-06", Severity.MEDIUM),
        ("2026-11-05", Severity.HIGH),
    ],
)
def test_nothing_booked_is_worse_the_longer_ago_the_last_visit(last: str, severity: Severity):
    """30 days ÷ 4 visits: every 7½ days; 6 days ago is calm, 8 is over one interval, 15 just two, 16 over two."""
    finding = judge(visits(last))
    (row,) = (row for row in finding.states if row.state is MembershipState.NOT_SCHEDULED)
    assert row.severity is severity
    assert row.line is not None
    assert row.line.service_class is None
    assert row.line.period_start == date(2026, 11, 1)


def test_exactly_one_interval_is_not_over_it():
    finding = judge(visits("2026-11-06"), benefits=[BenefitFacts("B1", "adjustment", 2)])
    assert finding.states[-1].severity is Severity.NOTE


def test_todays_visit_is_not_the_next_one():
    today = visit("2026-11-21T14:00")
    for at_hand in (today, None):  # on the morning list, and where no visit is at hand
        assert "NOT_SCHEDULED" in said(judge([today], at_hand=at_hand))
        assert "NOT_SCHEDULED" not in said(judge([today, *visits("2026-11-24")], at_hand=at_hand))


def test_a_visit_the_membership_does_not_cover_is_no_next_visit_of_it():
    finding = judge([visit("2026-11-24", service_class="massage")])
    assert "NOT_SCHEDULED" in said(finding)
    assert finding.next_visit is not None
    assert finding.next_covered is None


def test_a_member_who_never_came_is_measured_from_the_start():
    (row,) = (
        r for r in judge([], start_date=date(2026, 11, 1)).states if r.state is MembershipState.NOT_SCHEDULED
    )
    assert row.severity is Severity.HIGH
    assert "never been in" in row.reason


def test_a_last_visit_from_before_the_visits_read_still_counts():
    finding = judge([], last_done=datetime(2026, 11, 16, 16, tzinfo=UTC))
    assert finding.days_since_last_visit == 5
    assert finding.states[-1].severity is Severity.NOTE


@pytest.mark.parametrize(("day", "speaks"), [(19, False), (20, True), (30, True)])
def test_unbooked_visits_lapse_within_ten_days_of_the_end(day: int, speaks: bool):
    booked = [visit("2026-11-03"), visit("2026-12-01")]
    finding = judge(booked, as_of=datetime(2026, 11, day, 18, tzinfo=UTC))
    assert ("UNDER_BOOKED" in said(finding)) is speaks


def test_what_can_still_roll_over_does_not_lapse():
    finding = judge(visits("2026-12-01"), rollover_cap=4, rollover_periods=1, start_date=date(2026, 11, 1))
    assert "UNDER_BOOKED" not in said(finding)
    finding = judge(visits("2026-12-01"), rollover_cap=3, rollover_periods=1, start_date=date(2026, 11, 1))
    (row,) = (row for row in finding.states if row.state is MembershipState.UNDER_BOOKED)
    assert row.line is not None
    assert row.line.lapsing == 1


def test_nothing_rolls_out_of_a_membership_that_ends():
    ending = {
        "rollover_cap": 4,
        "rollover_periods": 1,
        "start_date": date(2026, 11, 1),
        "end_date": date(2026, 11, 25),
    }
    assert "UNDER_BOOKED" in said(judge(visits("2026-11-24"), **ending))


def test_four_of_four_is_used_up_and_only_a_note():
    finding = judge(visits("2026-11-03", "2026-11-10", "2026-11-17", "2026-11-24"))
    assert (said(finding), finding.severity) == (["USED_UP"], Severity.NOTE)


def test_a_booking_in_the_freeze_is_named_and_both_frozen_days_belong_to_it():
    frozen = {"frozen_from": date(2026, 11, 24), "frozen_to": date(2026, 11, 26)}
    finding = judge(visits("2026-11-23", "2026-11-24", "2026-11-26", "2026-11-27"), **frozen)
    (row,) = (row for row in finding.states if row.state is MembershipState.BOOKED_WHILE_FROZEN)
    assert row.line is not None
    assert starts(row.line.excess) == ["11-24", "11-26"]
    assert finding.lines[0].booked == 2
    assert finding.covers(row.line.counted[0]).cover is Cover.FROZEN


def test_a_frozen_member_has_no_other_flags():
    finding = judge(visits(*NOVEMBER[:3]), frozen_from=date(2026, 11, 20), frozen_to=date(2027, 1, 31))
    assert (finding.state, said(finding)) == (MembershipState.FROZEN, [])
    assert judge([], status="paused").state is MembershipState.FROZEN


def test_a_period_that_begins_in_the_freeze_still_allows_its_visits():
    booked = visits("2026-12-15", "2026-12-16", "2026-12-17", "2026-12-18", "2026-12-19")
    finding = judge(booked, frozen_from=date(2026, 11, 1), frozen_to=date(2026, 12, 10))
    assert [(line.period_start.month, line.allowance, line.over) for line in finding.lines] == [
        (11, 0, 0),
        (12, 4, 1),
    ]


def test_while_frozen_only_what_is_still_to_come_can_be_too_much():
    done = visits(*(f"2026-11-{day:02}" for day in (2, 3, 4, 5, 6)))
    frozen = {"frozen_from": date(2026, 11, 20), "frozen_to": date(2026, 11, 23)}
    assert said(judge(done, **frozen)) == []
    assert said(judge([*done, *visits("2026-11-24")], **frozen)) == ["OVER_SCHEDULED"]


def test_five_done_of_four_is_over_with_nothing_booked():
    finding = judge(visits(*(f"2026-11-{day:02}" for day in (2, 3, 4, 5, 6))))
    assert (said(finding)[0], finding.lines[0].over) == ("OVER_SCHEDULED", 1)


def test_a_period_frozen_from_end_to_end_allows_nothing():
    booked = visits("2026-12-03")
    finding = judge(booked, frozen_from=date(2026, 12, 1), frozen_to=date(2026, 12, 31))
    (row,) = (row for row in finding.states if row.state is MembershipState.BOOKED_WHILE_FROZEN)
    assert row.line is not None
    assert (row.line.allowance, row.line.over) == (0, 1)


def test_past_due_visits_are_provisional_and_the_payment_comes_first():
    booked = visits(*NOVEMBER[:4])
    finding = judge(booked, status="past_due")
    assert finding.state is MembershipState.PROVISIONAL
    assert finding.covers(booked[3]).cover is Cover.PROVISIONAL
    assert judge(booked).state is MembershipState.USED_UP
    assert judge(booked, status="past_due").state is MembershipState.PROVISIONAL


def test_a_past_due_member_hears_of_the_payment_and_not_of_visits_to_lose():
    assert said(judge(visits("2026-11-03"), status="past_due")) == ["PROVISIONAL"]
    assert said(judge(visits("2026-12-03"), status="past_due")) == ["PROVISIONAL", "PROVISIONAL"]


def test_bookings_after_the_end_are_outside_the_term():
    booked = visits("2026-11-24", "2026-11-26", "2026-12-02")
    finding = judge(booked, end_date=date(2026, 11, 24))
    outside = [row.line for row in finding.states if row.state is MembershipState.OUTSIDE_TERM]
    assert [starts(line.counted) for line in outside if line] == [["11-26"], ["12-02"]]
    assert [finding.covers(one).cover.value for one in booked] == ["COVERED", "OUTSIDE_TERM", "OUTSIDE_TERM"]


def test_a_membership_that_ended_long_ago_is_only_a_note():
    assert judge(visits("2026-11-24"), end_date=date(2026, 9, 22)).severity is Severity.MEDIUM
    assert judge(visits("2026-11-24"), end_date=date(2026, 9, 21)).severity is Severity.NOTE


def test_what_was_done_after_the_end_is_no_booking():
    assert said(judge(visits("2026-11-10"), end_date=date(2026, 11, 5))) == []


def test_a_freeze_without_a_first_day_runs_up_to_its_last():
    booked = visits("2026-11-24", "2026-11-27")
    finding = judge(booked, frozen_to=date(2026, 11, 24))
    assert [finding.covers(one).cover.value for one in booked] == ["FROZEN", "COVERED"]


def test_a_cancelled_membership_without_an_end_covers_nothing_from_today_on():
    finding = judge(visits("2026-11-24"), status="cancelled")
    assert said(finding) == ["OUTSIDE_TERM"]
    assert "is cancelled" in finding.reason


def test_an_old_membership_does_not_complain_of_visits_the_new_one_covers():
    booked = visits("2026-11-24")
    old = {"end_date": date(2026, 10, 31)}
    assert said(judge(booked, **old)) == ["OUTSIDE_TERM"]
    assert said(judge(booked, elsewhere={booked[0].id}, **old)) == []


def test_of_two_memberships_each_visit_is_counted_by_one():
    old = MEMBER._replace(end_date=date(2026, 11, 24))
    new = MEMBER._replace(id=2, external_id="M2", start_date=date(2026, 11, 24))
    booked = visits("2026-11-03", "2026-11-24", "2026-11-26")
    elsewhere = covered_elsewhere([(new, PLAN, FOUR), (old, PLAN, FOUR)], booked, AS_OF, ZONE)
    assert elsewhere == {1: {booked[2].id}, 2: {booked[0].id, booked[1].id}}


def test_a_membership_that_has_not_begun_has_its_bookings_measured():
    booked = visits("2026-11-24", *(f"2026-12-{day:02}" for day in range(1, 6)))
    finding = judge(booked, start_date=date(2026, 12, 1))
    assert said(finding) == ["OVER_SCHEDULED"]
    assert [line.period_start for line in finding.lines] == [date(2026, 12, 1)]
    assert finding.covers(booked[0]).cover is Cover.OUTSIDE_TERM


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"benefits": []}, "no benefits"),
        ({"period": "anchor", "anchor_day": 0}, "billing day"),
        ({"period": "anchor", "anchor_day": 32}, "billing day"),
        ({"period": "fortnight"}, "fortnight"),
        ({"end_date": date(2025, 12, 31)}, "ends before it starts"),
        ({"frozen_from": date(2026, 5, 2), "frozen_to": date(2026, 5, 1)}, "freeze"),
        ({"status": "on hold"}, "on hold"),
        ({"benefits": [BenefitFacts("B", "adjustment", -1)]}, "negative"),
    ],
)
def test_what_cannot_be_judged_is_unknown_with_its_reason(wrong: dict, word: str):
    finding = judge(visits(*NOVEMBER), **wrong)
    assert (finding.state, finding.severity, finding.lines) == (MembershipState.UNKNOWN, Severity.UNKNOWN, ())
    assert word in finding.reason
    assert finding.covers(visit("2026-11-24")).cover is Cover.UNKNOWN


def test_a_visit_of_last_months_day_is_still_counted_in_its_own_period():
    october = visits("2026-10-06", "2026-10-13", "2026-10-20", "2026-10-27", "2026-10-30")
    finding = judge(october, at_hand=october[-1])
    assert finding.covers(october[-1]).words == "visit 5 of 4"
    assert [line.period_start for line in finding.lines] == [date(2026, 10, 1), date(2026, 11, 1)]


def test_where_they_should_be_today_is_an_even_pace():
    assert judge([]).lines[0].should_be == 3  # day 21 of 30, four visits: 2.8
    assert judge([], as_of=datetime(2026, 11, 30, 18, tzinfo=UTC)).lines[0].should_be == 4


def test_a_prepaid_package_has_one_period_its_whole_term():
    booked = visits("2026-02-03", "2026-07-01", "2026-11-24", "2026-12-01", "2027-01-05")
    (line,) = judge(booked, period="package").lines
    assert (line.used, line.booked, line.over) == (2, 3, 1)
    assert starts(line.excess) == ["01-05"]


def test_every_row_names_what_it_rests_on():
    booked = visits(*NOVEMBER)
    row = judge(booked).states[0]
    assert row.evidence[:2] == (("membership", "M1"), ("membership_plan", "MP1"))
    assert [name for _, name in row.evidence[2:]] == [one.external_id for one in booked]
    assert row.kind == "OVER_SCHEDULED"
    assert AS_OF.tzinfo is UTC
