"""A surcharge is no payment: only the net of it pays, the ledger may show either, a refund gives both back (DOMAIN §3)."""

from datetime import UTC, datetime

import pytest

from core.dues.posting_problems import match_ledger, posting_problems
from core.ledger.facts import EntryFacts
from core.overview.receipts import receipts
from core.payments.facts import net_by_payment, pending_cents
from core.plans.rules import judge_plan
from core.postings.rules import Verdict, judge, lines_of, pair
from tests.money_facts import day, monthly, payment, plan, refund

AS_OF = datetime(2026, 11, 21, 15, tzinfo=UTC)


def paid(on="2026-11-10", **other):
    return payment(on, 153_47, surcharge_cents=4_47, order_id="O1", **other)


def row(cents, kind="payment", **other):
    facts = EntryFacts(1, "L1", day("2026-11-10"), kind, "patient", cents, None, None, None, 1)
    return facts._replace(**other)


def test_only_the_net_counts_also_on_its_way():
    assert net_by_payment([one := paid()]) == {one.id: 149_00}
    assert pending_cents([paid(status="pending")]) == 149_00


@pytest.mark.parametrize("cents", [[153_47], [149_00], [76_73, 76_74], [50_00, 50_00, 53_47]])
def test_a_refund_of_the_whole_gives_both_back(cents):
    one = paid()
    back = [refund(one, "2026-11-12", each) for each in cents]
    assert sum(net_by_payment([one, *back]).values()) == 0


def test_a_part_that_is_given_back_takes_the_fee_s_share_with_it():
    one = paid()
    assert sum(net_by_payment([one, refund(one, "2026-11-12", 51_50)]).values()) == 149_00 - 50_00
    told = refund(one, "2026-11-12", 51_50, surcharge_cents=1_50)
    assert sum(net_by_payment([one, told]).values()) == 149_00 - 50_00


def test_an_instalment_is_paid_by_the_net_alone():
    found = judge_plan(
        plan(), monthly(), [payment("2026-01-01", 206_00, surcharge_cents=6_00)], day("2026-02-10")
    )
    assert (found.paid_cents, found.arrears_cents) == (200_00, 200_00)


@pytest.mark.parametrize("shown", [153_47, 149_00])
def test_the_ledger_shows_it_with_its_fee_or_without(shown):
    one = paid()._replace(order_id=None)
    entries = [row(shown)]
    matched = match_ledger([one], entries, AS_OF)
    assert (matched.unposted, [row for row in entries if row.id not in matched.rows]) == ((), [])
    twice = [row(shown, order_id="O1"), row(shown, order_id="O1", id=2, external_id="L2")]
    assert [problem.amount_cents for problem in posting_problems([paid()], twice, AS_OF)] == [shown]


def test_what_came_in_is_told_without_the_fee():
    one = paid()._replace(order_id=None)
    back = refund(one, "2026-11-12", 51_50)
    rows = [row(149_00), row(51_50, "refund", id=2, external_id="L2")]
    nets = net_by_payment([one, back])
    assert [found.cents for found in receipts([one, back], nets, rows, ())] == [99_00]


def test_the_net_is_posted_and_found_in_the_ledger_either_way():
    one = paid(method="card")
    lines = lines_of([one, refund(one, "2026-11-12")])
    assert [line.cents for line in lines] == [149_00, -149_00]
    for shown in (153_47, 149_00):
        assert [one.verdict for one in judge(lines[:1], pair(lines[:1], [row(shown)]))] == [Verdict.THERE]
