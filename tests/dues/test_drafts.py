"""Which drafts are coming."""

import pytest

from core.dues.drafts import MembershipDrafts, PlanInstalments, plan_instalments, upcoming_drafts
from core.plans.rules import judge_plan
from tests.money_facts import day, monthly, payment, plan, recurring

TODAY = day("2026-11-21")


def coming(recurrings=(), plans=(), members=(), days=60):
    drafts = upcoming_drafts(list(recurrings), list(plans), list(members), TODAY, days)
    return [(draft.on.isoformat(), draft.cents) for draft in drafts]


def of_plan(*dues, **other):
    one = PlanInstalments(
        7, "PL1", 1, True, True, False, None, None, tuple((day(due), 200_00) for due in dues)
    )
    return one._replace(**other)


def member(**other):
    one = MembershipDrafts(3, "M1", 149_00, day("2026-12-01"), 1, "active")
    return one._replace(**other)


def test_a_recurring_repeats_for_sixty_days():
    assert coming([recurring("2026-12-01")]) == [("2026-12-01", 149_00), ("2027-01-01", 149_00)]
    weekly = recurring("2026-11-20", interval=2, interval_unit="week")
    assert [on for on, _ in coming([weekly], days=30)] == ["2026-12-04", "2026-12-18"]
    assert [on for on, _ in coming([recurring("2026-11-21", interval=30, interval_unit="day")])] == [
        "2026-11-21", "2026-12-21", "2027-01-20",
    ]  # fmt: skip


def test_month_ends_clamp_and_return():
    found = coming([recurring("2026-12-31")], days=150)
    assert [on for on, _ in found] == ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]


def test_held_and_ended_recurrings_draft_nothing():
    assert coming([recurring("2026-12-01", status="on_hold"), recurring("2026-12-01", status="ended")]) == []


def test_an_interval_nobody_can_repeat_runs_once():
    assert (
        len(coming([recurring("2026-12-01", interval=0), recurring("2026-12-02", interval_unit="moon")])) == 2
    )


def test_a_plan_s_recurring_runs_next_and_then_with_the_plan_s_instalments():
    one = recurring("2026-12-05", 200_00, plan_id=7)
    found = coming([one], [of_plan("2026-12-05", "2027-01-05")], days=200)
    assert found == [("2026-12-05", 200_00), ("2027-01-05", 200_00)]


def test_a_plan_s_recurring_never_drafts_past_the_end_of_a_paid_plan():
    one = recurring("2026-12-05", 200_00, plan_id=7)
    assert coming([one], [of_plan()]) == []
    assert len(coming([one], [of_plan(scheduled=False)])) == 2


def test_a_plan_with_a_card_and_no_recurring_is_drafted_at_its_instalments():
    dues = ("2026-11-01", "2026-12-01")
    assert coming(plans=[of_plan(*dues)]) == [("2026-12-01", 200_00)]
    assert coming(plans=[of_plan(*dues, drafted=False)]) == []
    assert coming([recurring("2026-12-01", plan_id=7, status="on_hold")], [of_plan(*dues)]) == []


FROZEN = {"frozen_from": day("2026-12-01"), "frozen_to": day("2026-12-31")}
IN_DECEMBER = {"paused_from": day("2026-12-01"), "paused_to": day("2026-12-31")}
BOTH = [("2026-12-01", 149_00), ("2027-01-01", 149_00)]


def test_a_freeze_and_a_pause_have_no_drafts_of_their_own_inside():
    assert coming(members=[member(**FROZEN)]) == BOTH[1:]
    assert coming(plans=[of_plan("2027-01-01", **IN_DECEMBER)]) == [("2027-01-01", 200_00)]


@pytest.mark.parametrize(
    "standing", [FROZEN, {"status": "paused"}, {"status": "cancelled"}, {"end_date": day("2026-11-30")}]
)
def test_what_the_processor_has_scheduled_runs_even_where_the_membership_rests_or_ended(standing):
    assert coming([recurring("2026-12-01", membership_id=3)], members=[member(**standing)]) == BOTH


def test_what_the_processor_has_scheduled_runs_through_a_plan_s_pause():
    one = recurring("2026-12-01", plan_id=7)
    assert coming([one], [of_plan("2027-01-01", **IN_DECEMBER)]) == BOTH
    assert coming([one], [of_plan(stopped=True)]) == BOTH


def test_a_membership_without_recurring_is_drafted_monthly_until_it_ends():
    assert coming(members=[member()]) == [("2026-12-01", 149_00), ("2027-01-01", 149_00)]
    assert coming(members=[member(end_date=day("2026-12-31"))]) == [("2026-12-01", 149_00)]
    assert coming(members=[member(status="cancelled")]) == []


def test_a_membership_with_its_own_recurring_is_not_drafted_twice():
    assert len(coming([recurring("2026-12-01", membership_id=3)], members=[member()])) == 2


def test_drafts_name_what_they_pay():
    one = recurring("2026-12-01", membership_id=3)
    [draft, *_] = upcoming_drafts([one], [], [member()], TODAY)
    assert (draft.kind, draft.source_id, draft.card_id) == ("membership", "M1", one.card_id)


def test_a_judged_plan_gives_its_open_instalments():
    found = judge_plan(plan(card_id=5), monthly(), [payment("2026-01-01", 2000_00)], TODAY)
    drafts = plan_instalments(plan(card_id=5), found, names_card=True)
    assert drafts.open == ((day("2026-11-01"), 200_00), (day("2026-12-01"), 200_00))
    assert coming(plans=[drafts]) == [("2026-12-01", 200_00)]


def test_a_plan_ended_early_is_drafted_only_by_what_still_runs_at_the_processor():
    ended = plan(status="cancelled", card_id=5)
    drafts = plan_instalments(ended, judge_plan(ended, monthly(), [], TODAY), names_card=True)
    assert (
        coming(plans=[drafts]) == coming([recurring("2026-12-01", plan_id=7, status="ended")], [drafts]) == []
    )
    assert coming([recurring("2026-12-01", plan_id=7)], [drafts]) == BOTH


def test_a_draft_of_today_is_still_coming():
    assert coming([recurring("2026-11-21")], days=10) == [("2026-11-21", 149_00)]
    assert coming([recurring("2026-10-21")], days=10) == [("2026-11-21", 149_00)]


def test_a_draft_a_little_before_its_due_date_pays_that_instalment():
    one = recurring("2026-11-30", 200_00, plan_id=7)
    assert coming([one], [of_plan("2026-12-01", "2027-01-01")]) == [
        ("2026-11-30", 200_00),
        ("2027-01-01", 200_00),
    ]
