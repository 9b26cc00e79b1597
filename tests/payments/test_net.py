"""DOMAIN §0: what is left of a payment."""

import pytest

from core.payments.facts import net_by_payment, pending_cents
from tests.money_facts import payment, refund


@pytest.mark.parametrize(
    ("status", "net"),
    [
        ("approved", 100_00),
        ("pending", 0),
        ("declined", 0),
        ("returned", 0),
        ("refunded", 0),
        ("voided", 0),
        ("charged_back", 0),
        ("something new", 0),
    ],
)
def test_only_an_accepted_payment_counts(status, net):
    one = payment("2026-11-01", 100_00, status)
    assert net_by_payment([one]) == {one.id: net}


def test_refunds_take_from_their_payment():
    one = payment("2026-11-01", 100_00)
    back = [refund(one, "2026-11-02", 30_00), refund(one, "2026-11-03", 20_00)]
    assert net_by_payment([*back, one]) == {one.id: 50_00, back[0].id: 0, back[1].id: 0}


def test_a_refund_beyond_its_payment_is_not_lost():
    one = payment("2026-11-01", 100_00)
    back = refund(one, "2026-11-02", 130_00)
    assert net_by_payment([one, back]) == {one.id: 0, back.id: -30_00}


def test_a_refund_of_a_payment_given_back_whole_takes_nothing_twice():
    one = payment("2026-11-01", 100_00, "refunded")
    back = refund(one, "2026-11-02")
    assert net_by_payment([one, back]) == {one.id: 0, back.id: 0}


def test_a_refund_of_money_on_its_way_takes_from_that_and_not_from_what_was_paid():
    paid, coming = payment("2026-11-01", 100_00), payment("2026-12-01", 100_00, "pending")
    back = refund(coming, "2026-12-03", 40_00)
    assert net_by_payment([paid, coming, back]) == {paid.id: 100_00, coming.id: 0, back.id: 0}
    assert pending_cents([paid, coming, back]) == 60_00


def test_a_refund_that_was_declined_gives_nothing_back():
    one = payment("2026-11-01", 100_00)
    back = refund(one, "2026-11-02", status="declined")
    assert net_by_payment([one, back])[one.id] == 100_00


def test_the_same_id_at_another_processor_is_another_payment():
    one = payment("2026-11-01", 100_00, connection_id=1)
    back = refund(one, "2026-11-02", connection_id=2)
    assert net_by_payment([one, back]) == {one.id: 100_00, back.id: -100_00}
