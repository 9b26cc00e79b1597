"""DOMAIN §3: money the processor took and the ledger does not show, or shows twice."""

from datetime import timedelta

import pytest

from core.dues.posting_problems import posting_problems, unposted_payments
from core.ledger.facts import EntryFacts
from tests.money_facts import day, payment, refund

PAID = payment("2026-11-20", 50_00, order_id="O1")
AS_OF = PAID.happened_at + timedelta(hours=2)


def posted(key, on="2026-11-20", cents=50_00, order_id=None, kind="payment", patient_id=1):
    return EntryFacts(key, f"L{key}", day(on), kind, "patient", cents, None, None, order_id, patient_id)


def states(payments, ledger, as_of=AS_OF, **other):
    return [problem.state for problem in posting_problems(payments, ledger, as_of, **other)]


def test_a_payment_without_a_row_is_told_after_an_hour():
    assert states([PAID], [], PAID.happened_at + timedelta(minutes=60)) == []
    assert states([PAID], [], PAID.happened_at + timedelta(minutes=61)) == ["ACCEPTED_NOT_POSTED"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (posted(1, "2026-11-10", 20_00, "O1"), True),
        (posted(1, "2026-11-19"), True),
        (posted(1, "2026-11-21"), True),
        (posted(1, "2026-11-22"), False),
        (posted(1, cents=49_99), False),
        (posted(1, patient_id=2), False),
    ],
)
def test_the_row_is_found_by_order_id_or_by_patient_amount_and_day(row, found):
    assert (states([PAID], [row]) == []) is found


def test_one_row_serves_one_payment():
    again = payment("2026-11-20", 50_00)
    assert states([PAID, again], [posted(1)]) == ["ACCEPTED_NOT_POSTED"]
    assert states([again, PAID], [posted(1, order_id="O1")]) == ["ACCEPTED_NOT_POSTED"]


def test_old_given_back_or_cash_payments_are_nobody_s_problem():
    assert states([PAID], [], AS_OF + timedelta(days=91)) == []
    assert states([PAID, refund(PAID, "2026-11-20")], []) == []
    assert states([PAID._replace(method="cash"), PAID._replace(id=9, status="voided")], []) == []


def test_a_practice_whose_ledger_does_not_reach_us_hears_nothing():
    assert states([PAID], [], posts_ledger=False) == []


def test_two_rows_with_one_order_id_are_posted_twice():
    [problem] = posting_problems([PAID], [posted(1, order_id="O1"), posted(2, order_id="O1")], AS_OF)
    assert (problem.state, problem.amount_cents) == ("POSTED_TWICE", 50_00)
    assert problem.evidence == (("ledger_entry", "L1"), ("ledger_entry", "L2"))


def test_a_split_over_two_rows_and_a_corrected_double_are_no_problem():
    split = [posted(1, cents=30_00, order_id="O1"), posted(2, cents=20_00, order_id="O1")]
    assert states([PAID], split) == []
    corrected = [posted(1, order_id="O1"), posted(2, order_id="O1"), posted(3, order_id="O1", kind="refund")]
    assert states([PAID], corrected) == []


def test_what_is_not_posted_counts_with_what_is_left_of_it():
    [found] = unposted_payments([PAID, refund(PAID, "2026-11-20", 20_00)], [], AS_OF)
    assert found.amount_cents == 30_00
