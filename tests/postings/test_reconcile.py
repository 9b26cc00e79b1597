"""Processor against ledger by day: what agrees, what is missing, doubled or different, to the cent."""

from datetime import timedelta

import pytest

from core.postings.reconcile import Books, Finding, reconcile
from core.postings.rules import PostingLine, pair
from core.store.engine import reader
from tests.dues.test_posting_problems import posted
from tests.money_facts import payment
from tests.postings.office import NOW, TODAY, Office


def books(office: Office, days: int = 7, **also: int) -> Books:
    with reader(office.store) as session:
        return reconcile(
            session, practice_id=1, first=TODAY - timedelta(days=days), last=TODAY, as_of=NOW, **also
        )


def findings(found: Books) -> dict[str, tuple[str, int, int]]:
    return {line.order_id: (line.kind, line.processor_cents, line.ledger_cents) for line in found.lines}


def test_each_day_is_added_up_and_the_difference_is_to_the_cent(office: Office) -> None:
    office.pay(10_01)
    office.pay(20_02)
    office.pay(30_03, days_ago=2)
    office.ledger(10_01, order_id="O1")
    office.ledger(30_03, order_id="O3", days_ago=1)
    found = books(office)
    assert [(day.day, day.processor_cents, day.difference_cents) for day in found.days] == [
        (TODAY, 30_03, 20_02),
        (TODAY - timedelta(days=2), 30_03, 0),
    ]
    assert (found.processor_cents, found.ledger_cents, found.difference_cents) == (60_06, 40_04, 20_02)


def test_every_kind_of_finding(office: Office) -> None:
    for cents in (10_00, 20_00, 30_00, 40_00):
        office.pay(cents)
    office.ledger(10_00, order_id="O1")
    office.ledger(20_00, order_id="O2")
    office.ledger(20_00, order_id="O2")
    office.ledger(33_00, order_id="O3")
    office.ledger(99_00, patient_id=2, external_id="cash")
    found = books(office)
    assert findings(found) == {
        "O1": (Finding.MATCHED, 10_00, 10_00),
        "O2": (Finding.TWICE, 20_00, 40_00),
        "O3": (Finding.DIFFERS, 30_00, 33_00),
        "O4": (Finding.NOT_POSTED, 40_00, 0),
        "cash": (Finding.LEDGER_ONLY, 0, 99_00),
    }
    assert found.difference_cents == 17_00
    assert found.ledger_only_cents == 99_00
    assert [line.kind for line in found.lines] == list(Finding)


def test_one_payment_split_over_two_rows_agrees(office: Office) -> None:
    office.pay(50_00)
    office.ledger(30_00, order_id="O1")
    office.ledger(20_00, order_id="O1")
    assert findings(books(office)) == {"O1": (Finding.MATCHED, 50_00, 50_00)}


def test_two_payments_of_one_order_take_the_rows_that_fit_them(office: Office) -> None:
    office.pay(50_00, order_id="same")
    office.pay(70_00, order_id="same")
    office.ledger(70_00, order_id="same")
    found = books(office)
    assert sorted((line.kind, line.processor_cents) for line in found.lines) == [
        (Finding.NOT_POSTED, 50_00),
        (Finding.MATCHED, 70_00),
    ]


def test_a_payment_taken_back_counts_as_nothing_and_so_should_its_rows(office: Office) -> None:
    taken = office.pay(80_00, status="charged_back")
    office.ledger(80_00, order_id="O1")
    (line,) = books(office).lines
    assert (line.kind, line.difference_cents) == (Finding.DIFFERS, -80_00)
    assert line.what == "It was charged back; the ledger still shows $80.00 (Nov 22)."
    office.ledger(80_00, order_id="O1", kind="refund")
    assert [(line.kind, line.difference_cents) for line in books(office).lines] == [(Finding.MATCHED, 0)]
    assert taken.amount_cents == 80_00


def test_what_failed_stands_first_with_its_sentence(office: Office) -> None:
    office.pay(10_00, patient_id=None)
    office.pay(20_00)
    office.turn_on()
    office.sandbox.control({"faults": [{"kind": "drop", "at": "genesis", "match": {"method": "POST"}}]})
    office.post()
    first, second = books(office).lines
    assert (first.order_id, first.posting_state, first.urgent) == ("O2", "unknown", True)
    assert first.what.startswith("In doubt: Genesis did not answer")
    assert second.what.startswith("Nobody knows whose payment this is.")


def test_what_genesis_said_but_the_ledger_does_not_show_is_told(office: Office) -> None:
    office.pay()
    office.turn_on()
    office.post()
    assert [line.kind for line in books(office).lines] == [Finding.MATCHED]
    office.forget_the_ledger()
    (line,) = books(office).lines
    assert line.what == "Genesis said it is entry GL000001, but the ledger does not show it."


def test_a_row_that_genesis_and_the_files_both_show_stands_once(office: Office) -> None:
    office.pay(50_00)
    office.turn_on()
    office.post()
    office.ledger(50_00, external_id="GL000001", order_id="O1")
    assert findings(books(office)) == {"O1": (Finding.MATCHED, 50_00, 50_00)}
    office.ledger(50_00, external_id="X9", order_id="O1")
    assert findings(books(office)) == {"O1": (Finding.TWICE, 50_00, 100_00)}


def test_posted_twice_at_genesis_is_seen_though_the_files_show_it_once(office: Office) -> None:
    office.pay(50_00)
    office.turn_on()
    office.post()
    office.ledger(50_00, external_id="E1", order_id="O1")
    state = office.sandbox.state
    with state.transaction() as db:
        db.execute(
            "INSERT INTO genesis_entries (key, patient_id, order_id, kind, amount, posted_on, description, clerk,"
            " changed) SELECT key, patient_id, order_id, kind, amount, posted_on, description, clerk, changed"
            " FROM genesis_entries"
        )
    office.post(NOW + timedelta(minutes=5))
    assert findings(books(office)) == {"O1": (Finding.TWICE, 50_00, 100_00)}


def test_of_one_location_only_its_patients_are_counted(office: Office) -> None:
    office.pay(50_00)
    assert len(books(office, location_id=1).lines) == 1
    assert books(office, location_id=2).lines == ()


@pytest.mark.parametrize(
    ("row", "mine"),
    [
        (posted(1, "2026-11-10", 20_00, "O1"), True),
        (posted(1, "2026-11-21"), True),
        (posted(1, "2026-11-22"), False),
        (posted(1, patient_id=2), False),
        (posted(1, kind="refund"), False),
    ],
)
def test_a_row_is_found_by_order_id_or_by_patient_amount_and_day(row, mine) -> None:  # type: ignore[no-untyped-def]
    line = PostingLine(payment("2026-11-20", 50_00, order_id="O1"), 50_00, "k")
    assert ("k" in pair([line], [row]).rows) is mine
