"""DOMAIN §3: missing payments and why."""

import pytest

from core.dues.missing import DueItem, MissingReason, missing_payments
from core.dues.possible_matches import possible_matches
from core.ledger.facts import EntryFacts
from core.severity import Severity
from tests.money_facts import day, payment

TODAY = day("2026-11-21")


def item(*attempts, due="2026-11-15", cents=149_00, allocated=0, kind="instalment", retry_on=None):
    return DueItem(kind, "IN1", day(due), cents, 0, allocated, attempts, retry_on)


def only(one, today=TODAY, cash=()):
    [found] = missing_payments([one], today, possible_matches([one], cash))
    return found


def tried(status, code=None, on="2026-11-15", cents=149_00):
    return payment(on, cents, status, reason_code=code)


@pytest.mark.parametrize(
    ("attempts", "allocated", "reason"),
    [
        ([tried("declined", "1616"), tried("returned"), tried("charged_back")], 0, "CHARGEBACK"),
        ([tried("declined", "1622"), tried("returned", "2101")], 0, "RETURNED"),
        ([tried("declined", "1622"), tried("refunded")], 0, "REVERSED"),
        ([tried("declined", "1616"), tried("declined", "1622")], 0, "DECLINED_HARD"),
        ([tried("declined", "1616"), tried("approved", cents=50_00)], 50_00, "DECLINED_SOFT"),
        ([tried("approved", cents=50_00)], 50_00, "PARTIAL"),
        ([tried("pending")], 0, "PENDING"),
        ([], 0, "NOT_ATTEMPTED"),
    ],
)
def test_the_first_reason_that_fits(attempts, allocated, reason):
    assert only(item(*attempts, allocated=allocated)).reason == reason


def test_a_decline_is_told_with_its_day_and_words():
    found = only(item(tried("declined", "1616")))
    assert found.sentence == "Declined on Nov 15, not enough funds."
    assert found.advice == "Ask for $149 or a new card."


def test_a_paid_or_waived_item_is_not_missing():
    assert missing_payments([item(allocated=149_00), item()._replace(waived_cents=149_00)], TODAY) == []


@pytest.mark.parametrize(
    ("today", "missing"),
    [("2026-11-20", False), ("2026-11-21", False), ("2026-11-23", False), ("2026-11-24", True)],
)
def test_untried_friday_money_is_missing_from_tuesday(today, missing):
    assert bool(missing_payments([item(due="2026-11-20")], day(today))) is missing


def test_after_a_decline_there_is_no_day_of_grace():
    declined = item(tried("declined", "1616", on="2026-11-20"), due="2026-11-20")
    assert missing_payments([declined], day("2026-11-20")) == []
    assert only(declined, day("2026-11-21")).open_cents == 149_00


def test_a_planned_retry_is_shown_calmly():
    found = only(item(tried("declined", "1616"), retry_on=day("2026-11-25")))
    assert (found.severity, found.retry_on) == (Severity.NOTE, day("2026-11-25"))
    assert found.advice == "It is tried again by itself on Nov 25."


def test_a_chargeback_stops_reminders():
    found = only(item(tried("charged_back")))
    assert (found.reminders_stopped, found.severity) == (True, Severity.HIGH)


def test_money_on_its_way_is_only_a_note():
    found = only(item(tried("pending")))
    assert (found.severity, found.pending_cents) == (Severity.NOTE, 149_00)


def cash(on, cents=149_00):
    return EntryFacts(1, "L1", day(on), "payment", "patient", cents, None, None, None)


@pytest.mark.parametrize(
    ("on", "offered"),
    [("2026-11-11", False), ("2026-11-12", True), ("2026-11-25", True), ("2026-11-26", False)],
)
def test_cash_of_the_same_amount_is_offered_as_a_possible_match(on, offered):
    found = only(item(), day("2026-12-01"), [cash(on)])
    assert (found.possible_match is not None) is offered
    assert found.reason is MissingReason.NOT_ATTEMPTED


def test_one_cash_row_matches_one_item_only():
    items = [item(), item(due="2026-11-16")._replace(id="IN2")]
    found = missing_payments(items, TODAY, possible_matches(items, [cash("2026-11-16")]))
    assert [one.possible_match is not None for one in found] == [True, False]


def test_the_oldest_stands_first_and_the_rows_are_named():
    found = missing_payments([item(due="2026-11-10")._replace(id="IN2"), item(due="2026-11-03")], TODAY)
    assert [one.id for one in found] == ["IN1", "IN2"]
    assert found[0].evidence == (("instalment", "IN1"),)


def test_a_disputed_amount_stays_loud_even_with_a_retry_ahead():
    assert only(item(tried("charged_back"), retry_on=day("2026-11-25"))).severity is Severity.HIGH
