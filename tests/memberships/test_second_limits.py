"""A limit per week beside that of the period, family pools, prepaid packages, and memberships that are over (DOMAIN §5)."""

from datetime import UTC, date, datetime

import pytest

from core.memberships.choices import ChoiceFacts, ChoiceKind
from core.memberships.facts import BenefitFacts, Cover, Covered, Member
from core.memberships.offers import offers
from core.memberships.pools import Mate
from core.memberships.terms import terms_of
from core.memberships.weeks import week_of
from tests.memberships.wellness import AS_OF, FOUR, MEMBER, PLAN, judge, said, visit, visits

WEEKLY = [BenefitFacts("B1", "adjustment", 4, 1)]
MONDAY, SUNDAY = 0, 6


def dates(found: tuple) -> list[str]:
    return [one.starts_at.date().isoformat() for one in found]


def over(finding, state="OVER_SCHEDULED"):
    return [
        (row.line.over, dates(row.line.excess), row.reason) for row in finding.states if row.state == state
    ]


def test_two_visits_in_a_week_are_over_where_one_a_week_is_allowed():
    booked = visits("2026-11-03", "2026-11-10", "2026-11-24", "2026-11-26")
    [(count, days, reason)] = over(judge(booked, benefits=WEEKLY))
    assert (count, days) == (1, ["2026-11-26"])
    assert reason == "At most 1 adjustment visit a week on Wellness 4: the visit on Nov 26 is over."
    assert over(judge(booked)) == []


def test_the_period_decides_where_it_is_the_stricter_one():
    booked = visits("2026-11-02", "2026-11-10", "2026-11-16", "2026-11-24", "2026-11-30")
    [(count, days, reason)] = over(judge(booked, benefits=WEEKLY))
    assert (count, days) == (1, ["2026-11-30"])
    assert (
        reason == "5 adjustment visits for 4 on Wellness 4 from Nov 1 to Nov 30: the visit on Nov 30 is over."
    )


def test_both_limits_together_leave_over_what_the_stricter_one_does():
    booked = visits("2026-11-03", "2026-11-10", "2026-11-17", "2026-11-24", "2026-11-25", "2026-11-26")
    [(count, days, reason)] = over(judge(booked, benefits=WEEKLY))
    assert (count, days) == (2, ["2026-11-25", "2026-11-26"])
    assert reason.startswith("At most 1 adjustment visit a week")
    more = [*booked, *visits("2026-11-30")]
    [(count, days, reason)] = over(judge(more, benefits=WEEKLY))
    assert (count, days) == (3, ["2026-11-25", "2026-11-26", "2026-11-30"])
    assert "7 adjustment visits for 4" in reason
    assert "at most 1 a week" in reason


def test_a_week_reaches_over_the_end_of_its_period():
    booked = visits("2026-11-30", "2026-12-03", "2026-12-08")
    [(count, days, _)] = over(judge(booked, benefits=WEEKLY))
    assert (count, days) == (1, ["2026-12-03"])
    before = visits("2026-10-31", "2026-11-01")  # a Saturday and a Sunday
    assert over(judge(before, benefits=WEEKLY, first_weekday=SUNDAY)) == []
    [(_, days, _)] = over(judge(before, benefits=WEEKLY, first_weekday=MONDAY))
    assert days == ["2026-11-01"]


def test_an_unlimited_plan_may_still_have_a_limit_per_week():
    benefits = [BenefitFacts("B1", "adjustment", None, 2)]
    booked = visits("2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25")
    finding = judge(booked, benefits=benefits)
    assert [(count, days) for count, days, _ in over(finding)] == [(2, ["2026-11-24", "2026-11-25"])]
    assert finding.covers(booked[3]) == Covered(Cover.EXCESS, 4, 2, in_week=True)
    assert finding.covers(booked[3]).words == "visit 4 of 2 in its week"
    assert finding.covers(booked[1]).cover is Cover.COVERED


def test_at_the_desk_the_week_is_named():
    here = visit("2026-11-21T13:00")
    finding = judge([*visits("2026-11-18"), here], benefits=WEEKLY, at_hand=here)
    [(_, _, reason)] = over(finding)
    assert (
        reason
        == "This is visit 2 of 1 in its week on Wellness 4: charge $55, use an extra visit, or move it."
    )


def test_the_choices_for_a_visit_beyond_its_week():
    booked = visits("2026-11-24", "2026-11-26")
    finding = judge(booked, benefits=WEEKLY)
    [line] = [one for one in finding.lines if one.over]
    made = offers(finding, line, booked[1], [], AS_OF)
    assert [(one.kind.value, one.possible) for one in made] == [
        ("drop_in", True), ("extra", True), ("move", True), ("upgrade", False)
    ]  # fmt: skip
    for kind in (ChoiceKind.DROP_IN, ChoiceKind.EXTRA, ChoiceKind.MOVE):
        choice = ChoiceFacts(1, 1, booked[1].id, kind.value, booked[1].starts_at, AS_OF, "Dana", "asked")
        decided = judge(booked, benefits=WEEKLY, choices=[choice])
        assert (over(decided), said(decided).count("DECIDED")) == ([], 1)


@pytest.mark.parametrize(("day", "first", "week"), [("2026-11-29", SUNDAY, "2026-11-29"), ("2026-11-29", MONDAY, "2026-11-23"), ("2026-11-28", SUNDAY, "2026-11-22")])  # fmt: skip
def test_a_week_begins_on_the_practice_s_first_weekday(day, first, week):
    assert week_of(date.fromisoformat(day), first) == date.fromisoformat(week)


CHILD = MEMBER._replace(id=2, external_id="M2", patient_id=2, start_date=date(2026, 2, 1), pool_id="P")
PARENT = MEMBER._replace(pool_id="P")


def family(parent_visits, child_visits, *, child=CHILD, who="parent", **more):
    """The finding of one of two memberships of a pool, four visits a month each."""
    theirs = [one._replace(patient_id=2) for one in child_visits]
    members = {"parent": (PARENT, parent_visits), "child": (child, theirs)}
    own, others = members.pop(who), members.popitem()[1]
    mate = Mate(Member(others[0], PLAN, FOUR), terms_of(others[0], PLAN, date(2026, 11, 21)), others[1])
    return judge(own[1], mates=[mate], **{**own[0]._asdict(), **more})


def test_a_family_s_visits_are_summed():
    five, two = (
        visits(*[f"2026-11-{day:02d}" for day in (2, 4, 9, 11, 24)]),
        visits("2026-11-03", "2026-11-25"),
    )
    for who in ("parent", "child"):
        finding = family(five, two, who=who)
        [line] = [one for one in finding.lines if one.period_start == date(2026, 11, 1)]
        assert (line.allowance, line.used, line.booked, line.over) == (8, 5, 2, 0)
        assert said(finding) == (["UNDER_BOOKED"] if who == "parent" else [])


def test_one_visit_too_many_of_a_family_is_said_once_at_whose_it_is():
    five, four = (
        visits(*[f"2026-11-{day:02d}" for day in (2, 4, 9, 11, 24)]),
        visits("2026-11-03", "2026-11-05", "2026-11-25", "2026-11-26"),
    )
    assert over(family(five, four)) == []
    [(count, days, reason)] = over(family(five, four, who="child"))
    assert (count, days) == (1, ["2026-11-26"])
    assert reason.startswith("9 adjustment visits for 8 of the family on Wellness 4")


def test_what_a_family_shares_is_said_at_the_one_who_began_first():
    five, three = (
        visits(*[f"2026-11-{day:02d}" for day in (2, 4, 9, 11, 24)]),
        visits("2026-11-03", "2026-11-05", "2026-11-25"),
    )
    assert said(family(five, three)) == ["USED_UP"]
    assert said(family(five, three, who="child")) == []
    assert said(family(visits("2026-11-02"), [])) == ["NOT_SCHEDULED", "UNDER_BOOKED"]
    assert said(family(visits("2026-11-02"), [], who="child")) == []


def test_a_member_of_the_family_who_left_gives_and_takes_nothing():
    left = CHILD._replace(end_date=date(2026, 10, 31))
    booked = visits("2026-11-02", "2026-11-04", "2026-11-09", "2026-11-24", "2026-11-26")
    [(count, days, _)] = over(family(booked, visits("2026-10-05", "2026-11-03"), child=left))
    assert (count, days) == (1, ["2026-11-26"])


PACK = {"period": "package", "start_date": date(2026, 10, 5)}
TEN = [BenefitFacts("B1", "adjustment", 3)]


def test_a_package_is_over_when_more_are_booked_than_remain():
    booked = visits("2026-10-06", "2026-11-02", "2026-11-24", "2026-12-20")
    [(count, days, reason)] = over(judge(booked, benefits=TEN, **PACK))
    assert (count, days) == (1, ["2026-12-20"])
    assert reason == "4 adjustment visits for 3 on Wellness 4 since Oct 5: the visit on Dec 20 is over."


def test_a_package_that_is_used_up_asks_nobody_to_book():
    finding = judge(visits("2026-10-06", "2026-11-02", "2026-11-09"), benefits=TEN, **PACK)
    assert said(finding) == ["USED_UP"]
    [row] = finding.states
    assert (row.reason, row.line.ends_on) == (
        "All 3 adjustment visits on Wellness 4 are used or booked.",
        None,
    )
    left = judge(visits("2026-10-06"), benefits=TEN, **PACK)
    assert (said(left), left.lines[0].used) == (["NOT_SCHEDULED"], 1)


ENDED = date(2026, 11, 18)


@pytest.mark.parametrize("booked", [[], ["2026-11-02"], ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"],
                                    ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06"]])  # fmt: skip
@pytest.mark.parametrize("status", ["active", "past_due", "cancelled"])
def test_a_membership_that_is_over_says_nothing_of_its_period(booked, status):
    finding = judge(visits(*booked), end_date=ENDED, status=status)
    assert (said(finding), finding.lines, finding.state.value) == ([], (), "OUTSIDE_TERM")
    after = judge(visits(*booked, "2026-11-24"), end_date=ENDED, status=status)
    assert said(after) == ["OUTSIDE_TERM"]


def test_a_period_ends_with_the_term():
    finding = judge(visits("2026-11-02", "2026-11-24"), end_date=date(2026, 11, 25))
    [line] = finding.lines
    assert (line.period_start, line.period_end) == (date(2026, 11, 1), date(2026, 11, 25))
    assert said(finding) == ["UNDER_BOOKED"]
    last_day = datetime(2026, 11, 25, 23, tzinfo=UTC)
    assert said(judge([], as_of=last_day, end_date=date(2026, 11, 25))) == ["NOT_SCHEDULED", "UNDER_BOOKED"]


def test_which_visit_of_its_week_one_is_counts_the_week_whole_also_where_a_period_begins_in_it():
    booked = visits("2026-11-29", "2026-11-30", "2026-12-01")
    finding = judge(booked, benefits=[BenefitFacts("B1", "adjustment", 4, 2)], at_hand=booked[2])
    assert finding.covers(booked[2]) == Covered(Cover.EXCESS, 3, 2, in_week=True)
    assert "visit 3 of 2 in its week" in " ".join(row.reason for row in finding.states)
