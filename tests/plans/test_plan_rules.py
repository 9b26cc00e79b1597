"""DOMAIN §4, sentence by sentence."""

from core.plans.rules import PlanState, judge_plan
from tests.money_facts import day, monthly, payment, plan, refund

AS_OF = day("2026-04-15")
JAN, FEB, MAR = payment("2026-01-01", 200_00), payment("2026-02-01", 200_00), payment("2026-03-02", 120_00)


def test_the_vector_of_three_payments_and_a_late_april():
    found = judge_plan(plan(), monthly(), [JAN, FEB, MAR], AS_OF)
    assert (found.expected_cents, found.paid_cents, found.arrears_cents) == (800_00, 520_00, 280_00)
    assert (found.days_past_due, found.missed_count) == (45, 2)
    assert found.aging == (200_00, 80_00, 0, 0)
    assert found.remaining_cents == 1880_00
    assert found.state is PlanState.BEHIND


def test_the_vector_after_february_was_given_back():
    found = judge_plan(plan(), monthly(), [JAN, FEB, MAR, refund(FEB, "2026-04-10")], AS_OF)
    assert (found.paid_cents, found.arrears_cents, found.days_past_due) == (320_00, 480_00, 73)
    assert found.aging == (200_00, 200_00, 80_00, 0)
    assert [i.open_cents for i in found.instalments[:4]] == [0, 80_00, 200_00, 200_00]
