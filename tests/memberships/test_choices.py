"""What the desk decided about visits beyond a membership, judged again whenever something changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.memberships.choices import ChoiceFacts, ChoiceKind, ChoiceStanding
from core.memberships.facts import Cover, ExtraFacts, MembershipFinding, MembershipState
from core.schedule.rules import VisitFacts
from core.severity import Severity
from tests.memberships.wellness import AS_OF, judge, said, visit, visits

NOVEMBER = ("2026-11-03", "2026-11-10", "2026-11-17", "2026-11-24", "2026-11-26", "2026-11-28")
HOLDS, LAPSED = ChoiceStanding.HOLDS, ChoiceStanding.LAPSED


def chosen(kind: ChoiceKind, about: VisitFacts, **more: object) -> ChoiceFacts:
    made = ChoiceFacts(about.id, 1, about.id, kind.value, about.starts_at, AS_OF, "Dana", "asked for it")
    return made._replace(**more)  # type: ignore[arg-type]


def standings(finding: MembershipFinding) -> list[str]:
    return [one.stands.value for line in finding.lines for one in line.decisions]


def days(found: tuple[VisitFacts, ...]) -> list[str]:
    return [f"{one.starts_at:%d}" for one in found]


@pytest.mark.parametrize("kind", [ChoiceKind.DROP_IN, ChoiceKind.EXTRA, ChoiceKind.MOVE])
def test_each_choice_settles_one_of_two_visits(kind: ChoiceKind) -> None:
    booked = visits(*NOVEMBER)
    finding = judge(booked, choices=[chosen(kind, booked[4])])
    (line,) = finding.lines
    assert (line.over, days(line.excess)) == (1, ["28"])
    assert said(finding) == ["OVER_SCHEDULED", "DECIDED"]
    assert "the visit on Nov 28 is over" in finding.reason


def test_with_both_decided_nothing_is_flagged_and_a_note_says_what_was_decided() -> None:
    booked = visits(*NOVEMBER)
    choices = [chosen(ChoiceKind.DROP_IN, booked[4], cents=5500), chosen(ChoiceKind.MOVE, booked[5])]
    finding = judge(booked, choices=choices)
    assert (said(finding), finding.severity) == (["DECIDED"], Severity.NOTE)
    assert finding.reason == "Decided: Nov 26 is a drop-in, $55; Nov 28 is to be moved."
    assert [finding.covers(one).cover for one in booked[3:]] == [Cover.COVERED, Cover.DROP_IN, Cover.TO_MOVE]


def test_a_granted_visit_raises_the_allowance() -> None:
    booked = visits(*NOVEMBER)
    (line,) = judge(booked, choices=[chosen(ChoiceKind.EXTRA, booked[4])]).lines
    assert (line.allowance, line.granted, line.committed, line.over) == (5, 1, 6, 1)


def test_a_granted_visit_that_the_ehr_shows_meanwhile_counts_once() -> None:
    booked = visits(*NOVEMBER)
    posted = [ExtraFacts("X1", date(2026, 11, 1), "adjustment", "add_on", 1)]
    finding = judge(booked, choices=[chosen(ChoiceKind.EXTRA, booked[4])], extras=posted)
    assert (finding.lines[0].allowance, finding.lines[0].over) == (5, 1)
    assert standings(finding) == ["DONE"]


def test_of_two_granted_visits_the_ehr_shows_the_first_one_first() -> None:
    booked = visits(*NOVEMBER)
    later = {"chosen_at": AS_OF + timedelta(minutes=1)}
    choices = [chosen(ChoiceKind.EXTRA, booked[4]), chosen(ChoiceKind.EXTRA, booked[5], **later)]
    posted = [ExtraFacts("X1", date(2026, 11, 1), "adjustment", "add_on", 1)]
    finding = judge(booked, choices=choices, extras=posted)
    assert (finding.lines[0].allowance, standings(finding)) == (6, ["DONE", "HOLDS"])


def test_a_bigger_plan_settles_all_it_allows_until_it_is_forgotten() -> None:
    booked = visits(*NOVEMBER)
    asked = chosen(ChoiceKind.UPGRADE, booked[4], plan_id=2, plan_name="Wellness 8", visits=8)
    finding = judge(booked, choices=[asked])
    assert (finding.lines[0].allowance, said(finding)) == (8, ["DECIDED"])
    forgotten = asked._replace(chosen_at=AS_OF - timedelta(days=32))
    finding = judge(booked, choices=[forgotten])
    assert (finding.lines[0].over, standings(finding)) == (2, ["LAPSED"])
    assert finding.reason.endswith("Asked for and not done: Nov 26.")


def test_a_bigger_plan_that_is_still_too_small_leaves_the_rest_over() -> None:
    booked = visits(*NOVEMBER)
    (line,) = judge(booked, choices=[chosen(ChoiceKind.UPGRADE, booked[4], plan_id=2, visits=5)]).lines
    assert (line.allowance, line.over, days(line.excess)) == (5, 1, ["28"])


def test_the_plan_that_the_ehr_shows_meanwhile_needs_no_choice_any_more() -> None:
    booked = visits(*NOVEMBER)
    asked = chosen(ChoiceKind.UPGRADE, booked[4], plan_id=2, visits=8)
    assert standings(judge(booked, choices=[asked], membership_plan_id=2)) == ["DONE"]


def test_when_a_booking_is_cancelled_the_choice_is_not_needed_any_more() -> None:
    booked = visits(*NOVEMBER[:5])
    choice = chosen(ChoiceKind.DROP_IN, booked[4])
    assert standings(judge(booked, choices=[choice])) == ["HOLDS"]
    cancelled = [*booked[:3], booked[3]._replace(status="cancelled"), booked[4]]
    finding = judge(cancelled, choices=[choice])
    assert (standings(finding), finding.covers(booked[4]).words) == (["NOT_NEEDED"], "visit 4 of 4")
    assert finding.reason == "Decided: Nov 26 needs nothing any more."


def test_when_a_booking_is_added_the_new_one_is_over_and_the_choice_stays() -> None:
    booked = visits(*NOVEMBER[:5], "2026-11-25")
    finding = judge(booked, choices=[chosen(ChoiceKind.DROP_IN, booked[4])])
    assert (days(finding.lines[0].excess), standings(finding)) == (["25"], ["HOLDS"])


def test_a_visit_that_was_moved_on_leaves_the_period_and_the_choice_is_done() -> None:
    booked = visits(*NOVEMBER[:5], "2026-12-02")
    before = visit("2026-11-28")
    moved = chosen(ChoiceKind.MOVE, booked[5], starts_at=before.starts_at)
    finding = judge(booked, choices=[moved, chosen(ChoiceKind.DROP_IN, booked[4])])
    assert [(line.period_start.month, line.over) for line in finding.lines] == [(11, 0), (12, 0)]
    assert standings(finding) == ["HOLDS", "DONE"]


def test_a_visit_that_was_to_be_moved_and_still_stands_is_told_again_on_its_day() -> None:
    booked = visits(*NOVEMBER[:5])
    asked = chosen(ChoiceKind.MOVE, booked[4])
    eve, morning = (datetime(2026, 11, day, 15, tzinfo=UTC) for day in (25, 26))
    came = [one._replace(status="completed") for one in booked[:4]] + [booked[4]]
    assert said(judge(came, choices=[asked], as_of=eve)) == ["DECIDED"]
    finding = judge(came, choices=[asked], as_of=morning)
    assert (standings(finding), finding.severity) == (["LAPSED"], Severity.HIGH)
    today = asked._replace(chosen_at=morning)
    assert standings(judge(came, choices=[today], as_of=morning)) == ["HOLDS"]
    arrived = [*came[:4], booked[4]._replace(status="arrived")]
    assert standings(judge(arrived, choices=[today], as_of=morning)) == ["LAPSED"]


def test_rollover_into_the_next_period_is_what_it_was_without_the_choice() -> None:
    booked = visits(*NOVEMBER, "2026-12-01")
    rolls = {"rollover_cap": 2, "rollover_periods": 1, "start_date": date(2026, 11, 1)}
    with_choice = judge(booked, choices=[chosen(ChoiceKind.DROP_IN, booked[4])], **rolls)
    assert [line.rollover for line in with_choice.lines] == [
        line.rollover for line in judge(booked, **rolls).lines
    ]


kinds = st.sampled_from(list(ChoiceKind))


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    picks=st.lists(st.tuples(st.integers(0, 8), kinds), max_size=5, unique_by=lambda one: one[0]),
    count=st.integers(0, 9),
    add_ons=st.integers(0, 3),
)
def test_whatever_is_chosen_the_sums_hold_and_no_choice_does_too_much(
    picks: list[tuple[int, ChoiceKind]], count: int, add_ons: int
) -> None:
    booked = visits(*(f"2026-11-{20 + n}" for n in range(count)))
    extras = [ExtraFacts("X", date(2026, 11, 1), "adjustment", "add_on", add_ons)]
    choices = [chosen(kind, booked[n], plan_id=2, visits=6) for n, kind in picks if n < count]
    plain, finding = (judge(booked, extras=extras, choices=some) for some in ((), choices))
    before, line = plain.lines[0], finding.lines[0]
    holding = [one for one in line.decisions if one.stands is HOLDS]
    assert line.committed == line.used + line.booked == len(line.counted)
    assert line.allowance is not None
    assert line.over == max(0, line.committed - line.allowance) <= before.over
    assert list(line.excess) == list(line.counted)[len(line.counted) - line.over :]
    upgraded = any(one.choice.kind == ChoiceKind.UPGRADE for one in holding)
    assert upgraded or before.over - line.over == len(holding)
    assert (MembershipState.OVER_SCHEDULED in line.says) is (line.over > 0)
    assert all(finding.covers(one).cover is not Cover.EXCESS for one in booked if one not in line.excess)
