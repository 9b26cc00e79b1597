"""DOMAIN §6: what is owed, since when, why not yet; and what to collect now."""

from core.dues.askable import Held, askable
from core.dues.collect import collect_now
from core.dues.missing import DueItem
from core.ledger.facts import EntryFacts
from core.ledger.rules import Waiting, judge_balance
from tests.money_facts import day, payment

TODAY = day("2026-11-21")


def entry(key, on, kind, cents, part="patient", **other):
    return EntryFacts(key, f"L{key}", day(on), kind, part, cents, None, None, None)._replace(**other)


def balance(entries, past_due=0, today=0, at_visit=0, pending=0, **also):
    return judge_balance(
        entries,
        today=TODAY,
        past_due_cents=past_due,
        due_today_cents=today,
        expected_at_visit_cents=at_visit,
        pending_cents=pending,
        **also,
    )


def test_charges_less_payments_less_adjustments_and_refunds_raise():
    rows = [
        entry(1, "2026-09-01", "charge", 100_00),
        entry(2, "2026-10-01", "charge", 60_00),
        entry(3, "2026-10-02", "payment", 90_00),
        entry(4, "2026-10-03", "adjustment", 20_00),
        entry(5, "2026-10-04", "refund", 5_00),
        entry(6, "2026-10-05", "adjustment", -10_00),
    ]
    found = balance(rows)
    assert (found.patient_owes_cents, found.since) == (65_00, day("2026-10-01"))


def test_the_insurer_s_part_stands_beside_it():
    rows = [
        entry(1, "2026-11-01", "charge", 80_00, "insurer"),
        entry(2, "2026-11-02", "payment", 30_00, "insurer"),
    ]
    found = balance(rows)
    assert (found.patient_owes_cents, found.insurance_pending_cents) == (0, 50_00)
    assert found.why_not_yet == "$50 is with the insurance."


def test_what_is_posted_after_today_is_left_out():
    assert balance([entry(1, "2026-11-22", "charge", 80_00)]).patient_owes_cents == 0


def test_due_now_adds_what_is_due_and_takes_off_what_is_on_its_way():
    found = balance([], past_due=100_00, today=20_00, at_visit=40_00, pending=50_00)
    assert (found.due_now_cents, found.what) == (
        110_00,
        "$110 due now: $100 past due, $20 due today, $40 for today's visit.",
    )


def test_more_on_its_way_than_due_asks_for_nothing():
    assert balance([], past_due=10_00, pending=50_00).due_now_cents == 0


def test_a_negative_account_is_a_credit():
    found = balance([entry(1, "2026-11-01", "payment", 30_00)])
    assert (found.patient_owes_cents, found.credit_cents, found.unapplied_cents) == (-30_00, 30_00, 30_00)
    assert found.what == "Has a credit of $30."


def test_a_plan_s_future_instalments_are_owed_but_not_due():
    found = balance([entry(1, "2026-11-01", "charge", 500_00, plan_id=7)], past_due=100_00)
    assert found.why_not_yet == "$400 is not due yet."


def test_what_is_paid_and_not_posted_yet_says_so_and_never_not_due_yet():
    rows = [entry(1, "2026-11-20", "charge", 48_00)]
    found = balance(rows, waiting=Waiting(48_00, "2:47 pm"))
    assert found.why_not_yet == "Paid 2:47 pm, waiting to post."
    found = balance(rows, past_due=20_00, waiting=Waiting(18_00, "30 Oct"))
    assert found.why_not_yet == "$18 of it paid 30 Oct, waiting to post. $10 is not due yet."


def asking(status, retry_on=None, account=0):
    tried = payment("2026-11-10", 100_00, status, reason_code="1616")
    item = DueItem("instalment", "IN1", day("2026-11-10"), 100_00, 0, 0, (tried,), retry_on)
    return askable([item], Held(TODAY), account_cents=account)


def test_a_disputed_amount_is_not_collected():
    found = collect_now(balance([], past_due=100_00, at_visit=40_00), asking("charged_back", account=40_00))
    assert (found.cents, found.left_out_cents) == (40_00, 100_00)
    assert found.why == "Not asked for: $100 is disputed."


def test_an_amount_that_is_tried_again_by_itself_is_not_collected():
    assert collect_now(balance([], past_due=100_00), asking("declined", day("2026-11-25"))).cents == 0
    assert collect_now(balance([], past_due=100_00), asking("declined")).cents == 100_00


def test_a_disputed_amount_with_a_retry_ahead_is_left_out_once():
    found = collect_now(
        balance([], past_due=100_00, at_visit=40_00),
        asking("charged_back", day("2026-11-25"), account=40_00),
    )
    assert found.cents == 40_00
