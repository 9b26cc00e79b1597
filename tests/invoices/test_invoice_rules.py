"""What may be invoiced: the patient's own open part, and not a cent of anybody else's."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dues.due_items import open_charges
from core.errors import BadInput
from core.invoices.models import InvoiceLine
from core.invoices.replacing import choices_left
from core.invoices.rules import (
    Ask,
    Charge,
    Choice,
    DraftLine,
    ServiceChoice,
    clean_note,
    invoiceable,
    lines_of,
    live_asks,
    total_cents,
)
from core.ledger.facts import EntryFacts

TODAY = date(2026, 11, 21)
VISIT = Charge(1, "G1", date(2026, 11, 3), "Adjustment", 6_500, 6_500, 10)
LATER = Charge(2, "G2", date(2026, 11, 10), "Massage", 9_000, 4_000, 11)
LIST = [ServiceChoice(10, "98941", "Adjustment", 6_500), ServiceChoice(12, "", "Orthotics", None)]


def lines(*choices: Choice) -> list[DraftLine]:
    return lines_of(choices, [VISIT, LATER], LIST, insurer_entries=frozenset({9}), today=TODAY)


def refused(*choices: Choice) -> str:
    with pytest.raises(BadInput) as error:
        lines(*choices)
    return error.value.sentence


def test_empty_means_all_that_is_open() -> None:
    both = lines(Choice(1), Choice(2))
    assert [(line.name, line.cents, line.left_cents) for line in both] == [
        ("Adjustment", 6_500, 0),
        ("Massage", 4_000, 0),
    ]
    assert total_cents(both) == 10_500


def test_a_custom_amount_leaves_the_rest_open() -> None:
    (line,) = lines(Choice(1, cents=2_000))
    assert (line.cents, line.left_cents, line.advance) == (2_000, 4_500, False)


def test_services_of_the_list_cost_their_price_or_what_is_typed() -> None:
    priced, typed = lines(Choice(service_id=10), Choice(service_id=12, cents=12_000))
    assert (priced.cents, priced.entry_id, typed.cents) == (6_500, None, 12_000)


def test_more_than_is_open_only_as_an_advance() -> None:
    assert "$70 is more than the $65 that is open" in refused(Choice(1, cents=7_000))
    (line,) = lines(Choice(1, cents=7_000, advance=True))
    assert (line.cents, line.advance) == (7_000, True)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(1, cents=0), "an amount of $0 cannot be invoiced"),
        (Choice(1, cents=-500), "below zero"),
        (Choice(9), "the insurer's part"),
        (Choice(7), "paid or invoiced already"),
        (Choice(service_id=12), "has no price"),
        (Choice(service_id=99), "not in the service list"),
        (Choice(service_id=12, cents=1_000_000_000), "more than one invoice can ask for"),
    ],
)
def test_what_cannot_be_invoiced_is_said_in_one_sentence(choice: Choice, said: str) -> None:
    sentence = refused(choice)
    assert said in sentence
    assert sentence.endswith(".")


def test_nothing_ticked_and_one_thing_ticked_twice() -> None:
    assert refused() == "Tick at least one service to invoice."
    assert "ticked twice" in refused(Choice(1), Choice(1, cents=100))


def test_a_card_number_in_the_note_is_kept_out() -> None:
    assert clean_note(" See you\nsoon ") == "See you soon"
    with pytest.raises(BadInput, match="card number"):
        clean_note("use 4111 1111 1111 1111")


def test_what_stands_on_another_invoice_is_not_asked_for_twice() -> None:
    entry = EntryFacts(1, "G1", TODAY, "charge", "patient", 6_500, None, None, None)
    (left,) = invoiceable([(entry, 6_500)], [Ask(1, 4_000)], {})
    assert left.open_cents == 2_500
    assert invoiceable([(entry, 6_500)], [Ask(1, 6_500)], {}) == []


def test_an_invoice_partly_paid_still_speaks_for_what_is_unpaid_or_not_posted() -> None:
    asked = [(1, 6_500), (2, 4_000)]
    assert live_asks(asked, unpaid_cents=10_500, unposted_cents=0) == [Ask(1, 6_500), Ask(2, 4_000)]
    assert live_asks(asked, unpaid_cents=3_500, unposted_cents=0) == [Ask(2, 3_500)]
    assert live_asks(asked, unpaid_cents=3_500, unposted_cents=7_000) == [Ask(1, 6_500), Ask(2, 4_000)]


_entry: Any = st.builds(
    EntryFacts,
    st.integers(1, 30),
    st.just("G"),
    st.dates(date(2026, 9, 1), TODAY),
    st.sampled_from(["charge", "payment", "adjustment", "refund"]),
    st.sampled_from(["patient", "insurer"]),
    st.integers(-20_000, 20_000),
    st.one_of(st.none(), st.integers(1, 4)),
    st.one_of(st.none(), st.just(7)),
    st.none(),
)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(
    st.lists(_entry, max_size=12, unique_by=lambda entry: entry.id),
    st.lists(st.builds(Ask, st.integers(1, 30), st.integers(0, 9_000))),
)
def test_the_insurers_part_is_never_listed_and_no_more_than_was_charged(
    entries: list[EntryFacts], asks: list[Ask]
) -> None:
    amounts = {entry.id: abs(entry.amount_cents) for entry in entries if entry.part == "patient"}
    found = invoiceable(open_charges(entries, [], TODAY), asks, {})
    assert all(0 < charge.open_cents <= amounts[charge.entry_id] for charge in found)
    spoken = {ask.entry_id: 0 for ask in asks}
    for ask in asks:
        spoken[ask.entry_id] += ask.cents
    for charge in found:
        assert charge.open_cents + spoken.get(charge.entry_id, 0) <= amounts[charge.entry_id]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.lists(st.integers(1, 20_000), min_size=1, max_size=8), st.integers(0, 100_000), st.integers(0, 100_000)
)
def test_asks_and_what_is_left_always_sum(amounts: list[int], paid: int, posted: int) -> None:
    total = sum(amounts)
    paid, posted = min(paid, total), min(posted, paid, total)
    asks = live_asks(list(enumerate(amounts)), unpaid_cents=total - paid, unposted_cents=paid - posted)
    assert sum(ask.cents for ask in asks) == total - posted
    kept = [
        InvoiceLine(invoice_id=1, position=n, name="x", amount_cents=cents, full_cents=cents)
        for n, cents in enumerate(amounts)
    ]
    assert sum(choice.cents or 0 for choice in choices_left(kept, paid, {})) == total - paid
