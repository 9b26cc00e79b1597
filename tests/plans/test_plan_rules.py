"""DOMAIN §4, sentence by sentence."""

from datetime import timedelta

import pytest

from core.plans.facts import InstalmentState, PlanFinding, PlanState
from core.plans.rules import contract_price, judge_plan
from core.plans.wording import what_happened
from core.severity import Severity
from tests.money_facts import day, monthly, payment, plan, refund

AS_OF = day("2026-04-15")
JAN, FEB, MAR = payment("2026-01-01", 200_00), payment("2026-02-01", 200_00), payment("2026-03-02", 120_00)


def behind(payments=(JAN, FEB, MAR), as_of=AS_OF, instalments=None, **changes) -> PlanFinding:
    return judge_plan(plan(**changes), instalments or monthly(), payments, as_of)


def test_the_vector_of_three_payments_and_a_late_april():
    found = behind()
    assert (found.expected_cents, found.paid_cents, found.arrears_cents) == (800_00, 520_00, 280_00)
    assert (found.days_past_due, found.missed_count) == (45, 2)
    assert found.aging == (200_00, 80_00, 0, 0)
    assert (found.state, found.remaining_cents) == (PlanState.BEHIND, 1880_00)


def test_the_vector_after_february_was_given_back():
    found = behind([JAN, FEB, MAR, refund(FEB, "2026-04-10")])
    assert (found.paid_cents, found.arrears_cents, found.days_past_due) == (320_00, 480_00, 73)
    assert found.aging == (200_00, 200_00, 80_00, 0)
    assert [i.open_cents for i in found.instalments[:4]] == [0, 80_00, 200_00, 200_00]


def test_before_the_refund_happened_it_is_not_known():
    given_back = [JAN, FEB, MAR, refund(FEB, "2026-04-10")]
    assert behind(given_back, day("2026-04-09")).arrears_cents == 280_00


def test_due_today_is_not_late():
    found = behind(as_of=day("2026-04-01"), payments=[JAN, FEB, payment("2026-03-01", 200_00)])
    assert (found.state, found.arrears_cents, found.due_today_cents) == (PlanState.DUE_TODAY, 0, 200_00)
    assert found.severity is Severity.NOTE


def test_money_tied_to_an_instalment_goes_there_and_the_rest_to_the_oldest():
    tied = payment("2026-04-02", 250_00, instalment_id=4)
    found = behind([JAN, tied])
    assert [i.open_cents for i in found.instalments[:5]] == [0, 150_00, 200_00, 0, 200_00]


def test_a_payment_tied_to_a_later_instalment_leaves_the_earlier_ones_late():
    found = behind([JAN, FEB, MAR, payment("2026-04-02", 200_00, instalment_id=12)])
    assert (found.paid_cents, found.arrears_cents) == (720_00, 280_00)


def test_a_pending_bank_payment_lowers_no_arrears():
    found = behind([JAN, FEB, MAR, payment("2026-04-14", 280_00, "pending")])
    assert (found.arrears_cents, found.pending_cents) == (280_00, 280_00)


def test_what_is_waived_is_not_owed():
    waived = [i._replace(waived_cents=200_00) if i.id == 4 else i for i in monthly()]
    found = behind(instalments=waived)
    assert (found.arrears_cents, found.remaining_cents) == (80_00, 1680_00)
    assert found.instalments[3].state is InstalmentState.WAIVED


def test_instalments_inside_a_pause_are_not_due_both_days_included():
    found = behind(paused_from=day("2026-03-01"), paused_to=day("2026-04-01"))
    assert (found.expected_cents, found.arrears_cents, found.ahead_cents) == (400_00, 0, 120_00)
    shorter = behind(paused_from=day("2026-03-02"), paused_to=day("2026-03-31"))
    assert shorter.arrears_cents == 280_00


@pytest.mark.parametrize(
    ("ends", "state"), [(None, PlanState.PAUSED), ("2026-04-15", PlanState.PAUSED), ("2026-04-14", "AHEAD")]
)
def test_a_pause_runs_through_its_last_day_and_an_open_one_goes_on(ends, state):
    found = behind(paused_from=day("2026-03-01"), paused_to=day(ends) if ends else None)
    assert found.state == state


def test_a_plan_paused_without_dates_has_nothing_due():
    assert behind([JAN], status="paused").state is PlanState.PAUSED


def test_a_chargeback_reopens_and_stops_reminders():
    found = behind([JAN, FEB._replace(status="charged_back"), MAR])
    assert (found.arrears_cents, found.reminders_stopped, found.severity) == (480_00, True, "high")


def test_a_chargeback_made_good_later_stops_nothing_new():
    lost = payment("2026-01-01", 200_00, "charged_back")
    made_good = [lost, payment("2026-01-20", 200_00), FEB, payment("2026-03-01", 200_00)]
    found = behind(made_good)
    assert (found.arrears_cents, found.reminders_stopped) == (200_00, False)


def test_a_chargeback_paid_over_by_later_drafts_still_explains_what_is_open():
    later = [FEB, payment("2026-03-01", 200_00), payment("2026-04-01", 200_00)]
    found = behind([payment("2026-01-01", 200_00, "charged_back"), *later])
    assert (found.oldest_due_on, found.reminders_stopped) == (day("2026-04-01"), True)


def test_ended_early_is_a_settlement_frozen_the_day_after_its_end():
    found = behind(status="cancelled", end_date=day("2026-03-15"))
    assert (found.state, found.arrears_cents, found.days_past_due) == (PlanState.SETTLEMENT, 80_00, 15)
    assert found.instalments[3].state is InstalmentState.FROZEN


@pytest.mark.parametrize("changes", [{"status": "completed"}, {"end_date": day("2026-04-14")}])
def test_a_term_over_with_debt_is_still_aged(changes):
    found = behind(**changes)
    assert (found.state, found.days_past_due) == (PlanState.COMPLETED_OWING, 45)
    assert found.severity is Severity.HIGH


def test_a_term_over_and_paid_is_completed():
    paid = behind([payment("2026-01-01", 2400_00)], status="completed")
    assert (paid.state, paid.severity, paid.remaining_cents) == (PlanState.COMPLETED, None, 0)


def test_care_given_against_money_taken():
    found = judge_plan(plan(), monthly(), [JAN, FEB, MAR], AS_OF, done_visits=8)
    assert (found.exposure_cents, found.unearned_cents) == (280_00, 0)
    early = judge_plan(plan(), monthly(), [JAN, FEB, MAR], AS_OF, done_visits=2)
    assert (early.exposure_cents, early.unearned_cents) == (0, 320_00)
    assert behind().exposure_cents is None


def test_the_last_visit_takes_the_rounding():
    prices = [contract_price(plan(visits=3), n, 100_00) for n in range(1, 5)]
    assert prices == [33_33, 33_33, 33_34, 0]


def test_a_family_contract_stands_at_the_payer():
    assert behind(payer_id=99).family
    assert not behind(payer_id=1).family


@pytest.mark.parametrize(
    ("instalments", "changes", "says"),
    [
        ([], {}, "no instalments"),
        (monthly(), {"end_date": day("2025-01-01")}, "ends before it starts"),
        (monthly(), {"paused_from": day("2026-03-01"), "paused_to": day("2026-02-01")}, "pause ends before"),
        (monthly(cents=-5), {}, "negative amount"),
    ],
)
def test_a_plan_nobody_can_judge_is_unknown_with_the_reason(instalments, changes, says):
    found = judge_plan(plan(**changes), instalments, [JAN], AS_OF)
    assert (found.state, found.severity, found.known) == (PlanState.UNKNOWN, Severity.UNKNOWN, False)
    assert says in found.reason
    assert found.paid_cents == 200_00


def test_a_cancelled_plan_with_the_last_day_of_the_calendar_does_not_break():
    assert behind(status="cancelled", end_date=day("9999-12-31")).arrears_cents == 280_00


def test_each_instalment_tells_its_story():
    no = payment("2026-04-01", 200_00, "declined", reason_code="1616")
    found = behind([JAN, FEB, MAR, no])
    told = [what_happened(one, AS_OF) for one in found.instalments[:6]]
    assert told == [
        "paid Jan 1",
        "paid Feb 1",
        "partly paid Mar 2",
        "declined Apr 1, not enough funds",
        "due in 16 days",
        "due in 47 days",
    ]


def test_the_sentence_says_how_much_and_since_when():
    assert (
        behind().reason == "Behind $280 on Care plan: 2 instalments, the oldest from Mar 1, 45 days past due."
    )


@pytest.mark.parametrize(
    ("days", "bucket"), [(1, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (400, 3)]
)
def test_the_aging_buckets_end_at_thirty_sixty_and_ninety_days(days, bucket):
    found = behind([], as_of=day("2026-01-01") + timedelta(days=days), instalments=monthly(count=1))
    assert found.aging[bucket] == found.arrears_cents == 200_00


def test_on_the_last_day_of_its_term_a_plan_is_not_over():
    assert behind(end_date=AS_OF).state is PlanState.BEHIND


def test_prices_that_round_up_never_deliver_more_than_the_contract():
    found = judge_plan(plan(total_cents=5, visits=10), monthly(), [], AS_OF, done_visits=9)
    assert found.exposure_cents == 5
