"""What was due: instalments, membership drafts, visit charges."""

from core.dues.drafts import MembershipDrafts
from core.dues.due_items import instalment_items, visit_items
from core.dues.membership_items import membership_items
from core.dues.missing import missing_payments
from core.ledger.facts import EntryFacts
from core.plans.rules import judge_plan
from tests.money_facts import day, monthly, payment, plan, recurring

TODAY = day("2026-11-21")
START = day("2025-01-10")


def member(**other):
    one = MembershipDrafts(3, "M1", 149_00, day("2026-12-01"), 1, "active", anchor_day=1)
    return one._replace(**other)


def paid(on, cents=149_00, status="approved", **other):
    return payment(on, cents, status, membership_id=3, **other)


def due(payments, one=None, **other):
    items = membership_items(one or member(), START, payments, TODAY, **other)
    return [(item.id, item.due_on.isoformat(), item.amount_cents - item.allocated_cents) for item in items]


def test_the_late_instalments_of_a_plan_carry_what_was_tried():
    no = payment("2026-03-01", 200_00, "declined", reason_code="1622", instalment_id=3)
    found = judge_plan(plan(), monthly(), [payment("2026-01-01", 400_00), no], day("2026-03-20"))
    [item] = instalment_items(found)
    assert (item.id, item.attempts) == ("IN3", (no,))


def test_a_plan_ended_early_has_no_missing_payments():
    found = judge_plan(plan(status="cancelled"), monthly(), [], day("2026-03-20"))
    assert instalment_items(found) == []


def test_membership_drafts_paid_each_month_leave_nothing_due():
    assert due([paid("2026-09-01"), paid("2026-10-01"), paid("2026-11-01")]) == []


def test_years_before_the_first_known_payment_are_nobody_s_debt():
    assert due([paid("2026-10-01")]) == [("M1:2026-11-01", "2026-11-01", 149_00)]


def test_a_declined_draft_is_due_with_its_decline():
    no = paid("2026-11-01", status="declined", reason_code="1616")
    items = membership_items(member(), START, [paid("2026-10-01"), no], TODAY)
    assert [item.attempts for item in items] == [(no,)]
    assert missing_payments(items, TODAY)[0].sentence == "Declined on Nov 1, not enough funds."


def test_without_any_payment_only_a_draft_date_that_has_passed_is_due():
    assert due([]) == []
    assert due([], member(next_draft_on=day("2026-08-01"))) == [("M1:2026-08-01", "2026-08-01", 149_00)]


def test_months_in_a_freeze_or_after_the_end_are_not_due():
    payments = [paid("2026-08-01")]
    frozen = member(frozen_from=day("2026-09-01"), frozen_to=day("2026-10-31"))
    assert due(payments, frozen) == [("M1:2026-11-01", "2026-11-01", 149_00)]
    assert due(payments, member(end_date=day("2026-08-31"))) == []


def test_a_regular_lower_amount_was_the_price_back_then():
    old = [paid("2026-07-01", 99_00), paid("2026-08-01", 99_00), paid("2026-09-01"), paid("2026-10-01")]
    assert due([*old, paid("2026-11-01")]) == []


def test_a_lower_payment_of_another_day_or_of_the_desk_is_a_part_payment():
    part = [("M1:2026-11-01", "2026-11-01", 49_00)]
    assert due([paid("2026-10-01"), paid("2026-11-04", 100_00)]) == part
    assert due([paid("2026-10-01"), paid("2026-11-01", 100_00, method="cash")]) == part
    assert due([paid("2026-10-01"), paid("2026-11-01", 100_00)]) == []


def test_the_draft_s_own_amount_is_the_price():
    one = recurring("2026-12-01", 120_00, membership_id=3)
    assert due([paid("2026-10-01", 120_00), paid("2026-11-01", 120_00)], recurrings=[one]) == []


def test_a_payment_on_joining_does_not_pay_the_first_draft():
    joined = membership_items(
        member(), day("2026-09-10"), [paid("2026-09-10", 90_00), paid("2026-10-01")], TODAY
    )
    assert [item.id for item in joined] == ["M1:2026-11-01"]


def test_a_draft_on_the_31st_falls_on_month_ends():
    on_31st = member(anchor_day=31, next_draft_on=day("2026-11-30"))
    assert due([paid("2026-08-31"), paid("2026-09-30")], on_31st) == [("M1:2026-10-31", "2026-10-31", 149_00)]


def charge(key, on, cents, **other):
    row = EntryFacts(key, f"L{key}", day(on), "charge", "patient", cents, key, None, None)
    return row._replace(**other)


def credit(key, on, cents, kind="payment", **other):
    return charge(key, on, cents, kind=kind, appointment_id=None)._replace(**other)


def left(entries, unposted=()):
    items = visit_items(entries, unposted, TODAY)
    return {item.id: item.amount_cents - item.allocated_cents for item in items}


def test_a_payment_goes_to_its_own_visit_first_then_to_the_oldest():
    rows = [charge(1, "2026-10-01", 50_00), charge(2, "2026-10-08", 50_00)]
    assert left([*rows, credit(3, "2026-10-08", 50_00, appointment_id=2)]) == {"L1": 50_00}
    assert left([*rows, credit(3, "2026-10-08", 70_00, appointment_id=2)]) == {"L1": 30_00}
    assert left([*rows, credit(3, "2026-10-08", 70_00)]) == {"L2": 30_00}


def test_charges_of_plans_insurers_and_products_are_no_visit_items():
    rows = [
        charge(1, "2026-10-01", 50_00, plan_id=7),
        charge(2, "2026-10-01", 50_00, part="insurer"),
        charge(3, "2026-10-01", 50_00, appointment_id=None),
    ]
    assert left(rows) == {}


def test_refunds_and_negative_adjustments_open_charges_again():
    rows = [charge(1, "2026-10-01", 50_00), credit(2, "2026-10-01", 50_00, appointment_id=1)]
    assert left([*rows, credit(3, "2026-10-05", 20_00, "refund")]) == {"L1": 20_00}
    assert left([*rows, credit(3, "2026-10-05", -15_00, "adjustment", appointment_id=1)]) == {"L3": 15_00}


def test_money_taken_but_not_posted_is_not_asked_for_again():
    rows = [charge(1, "2026-11-20", 50_00)]
    assert left(rows, [payment("2026-11-20", 50_00)]) == {}
    assert left(rows, [payment("2026-11-20", 50_00, plan_id=7)]) == {"L1": 50_00}


def test_a_posted_payment_that_the_bank_took_back_opens_its_visit_again():
    rows = [charge(1, "2026-11-02", 50_00), credit(2, "2026-11-02", 50_00, appointment_id=1, order_id="O1")]
    lost = payment("2026-11-02", 50_00, "charged_back", order_id="O1")
    [item] = visit_items(rows, [lost], TODAY)
    [found] = missing_payments([item], TODAY)
    assert (found.reason, found.open_cents, found.reminders_stopped) == ("CHARGEBACK", 50_00, True)


def test_what_the_ledger_took_back_itself_is_not_taken_twice():
    rows = [charge(1, "2026-11-02", 50_00), credit(2, "2026-11-02", 50_00, appointment_id=1, order_id="O1")]
    corrected = [*rows, credit(3, "2026-11-09", 50_00, "refund", appointment_id=1)]
    assert left(corrected, [payment("2026-11-02", 50_00, "returned", order_id="O1")]) == {"L1": 50_00}
    again = [*corrected, credit(4, "2026-11-10", 50_00, appointment_id=1)]
    assert left(again, [payment("2026-11-02", 50_00, "returned", order_id="O1")]) == {}


def test_an_old_decline_does_not_explain_a_new_visit():
    rows = [charge(1, "2026-09-01", 50_00), credit(2, "2026-09-02", 50_00), charge(3, "2026-11-10", 50_00)]
    [item] = visit_items(rows, [payment("2026-09-01", 50_00, "declined")], TODAY)
    assert (item.id, item.attempts) == ("L3", ())
