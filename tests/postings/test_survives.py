"""Whatever fails and whoever dies, each payment stands in the ledger once, and the books agree to the cent."""

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.postings.reconcile import reconcile
from core.store.engine import reader, transaction
from tests.postings.office import NOW, TODAY, Office
from tests.postings.posting import start
from tests.sandbox.running import Sandbox

TROUBLES = [
    {"kind": "drop", "probability": 0.08, "seed": 1},  # before acting
    {"kind": "status", "status": 500, "probability": 0.05, "seed": 2},
    {"kind": "status", "status": 429, "retry_after": 1, "probability": 0.01, "seed": 3},
    {"kind": "reset", "probability": 0.08, "seed": 4},  # after acting
    {"kind": "garbage", "probability": 0.04, "seed": 5},
]


def many(office: Office, count: int) -> int:
    """Payments of four days, some refunded in part; what they come to, in cents."""
    dice, total = random.Random(5), 0  # noqa: S311 - to be replayed
    with transaction(office.store) as session:
        for number in range(count):
            cents = dice.randint(5_00, 400_00)
            paid = office.paid(session, cents, days_ago=dice.random() * 4, patient_id=1 + number % 2)
            total += cents
            if number % 25 == 0:
                back = cents // 3
                office.paid(
                    session, back, patient_id=paid.patient_id, refund_ref=paid.external_id, order_id=None
                )
                total -= back
    return total


def post_until_done(office: Office, *, passes: int = 40) -> int:
    """Passes an hour apart, so that whatever is to be looked up or tried again is due."""
    for number in range(passes):
        office.post(NOW + timedelta(hours=number))
        if not office.rows("waiting", "sending", "unknown"):
            return number + 1
    raise AssertionError(f"not everything was posted: {Counter(office.states())}")


def all_agree(office: Office, total: int) -> None:
    entries = office.at_genesis()
    assert max(Counter(order for order, _ in entries).values()) == 1
    assert sum(round(float(amount) * 100) for _, amount in entries) == total
    with reader(office.store) as session:
        books = reconcile(session, practice_id=1, first=TODAY - timedelta(days=5), last=TODAY, as_of=NOW)
    assert (books.processor_cents, books.difference_cents) == (total, 0)
    assert all(day.difference_cents == 0 for day in books.days)
    assert {line.kind for line in books.lines} == {"matched"}


def test_each_payment_is_posted_once_though_genesis_fails_and_knows_no_keys(office: Office) -> None:
    total = many(office, 150)
    office.sandbox.control({"genesis": {"honours_keys": False}})
    office.turn_on(days_ago=5)
    office.sandbox.control(
        {"faults": [{"at": "genesis", "match": {"method": "POST"}, **trouble} for trouble in TROUBLES]}
    )
    post_until_done(office)
    all_agree(office, total)


def test_on_either_store_each_payment_is_posted_once(store: Engine, sandbox: Sandbox) -> None:
    office = Office(store, sandbox)
    total = many(office, 60)
    office.turn_on(days_ago=5)
    sandbox.control(
        {"faults": [{"at": "genesis", "match": {"method": "POST"}, **trouble} for trouble in TROUBLES]}
    )
    post_until_done(office)
    all_agree(office, total)


@pytest.mark.parametrize("payments", [200, pytest.param(1_000, marks=pytest.mark.night)])
def test_hundreds_of_payments_are_posted_once_and_again_nothing(office: Office, payments: int) -> None:
    total = many(office, payments)
    office.turn_on(days_ago=5)
    office.sandbox.control(
        {"faults": [{"at": "genesis", "match": {"method": "POST"}, **trouble} for trouble in TROUBLES]}
    )
    post_until_done(office)
    all_agree(office, total)
    before = office.at_genesis()
    assert office.post(NOW + timedelta(days=2)).posted == 0
    assert office.at_genesis() == before


@pytest.mark.parametrize("point", ["posting.claimed:2", "posting.sent:7", "posting.recorded"])
def test_killed_while_posting_each_payment_is_there_once(office: Office, point: str) -> None:
    total = many(office, 70)
    office.sandbox.control({"genesis": {"honours_keys": False}})
    office.turn_on(days_ago=5)
    url = office.store.url.render_as_string(hide_password=False)
    first = start(url, crash=point)
    first.join(60)
    assert first.exitcode == -9
    second = start(url)
    second.join(60)
    assert second.exitcode == 0
    all_agree(office, total)


def lines_in(folder: Path) -> list[str]:
    return [
        line.split(",")[0]
        for path in sorted(folder.glob("payments-*.csv"))
        for line in path.read_text().splitlines()[1:]
    ]


def test_by_files_each_payment_is_written_once(sqlite_store: Engine, tmp_path: Path) -> None:
    office = Office(sqlite_store, drop=tmp_path)
    many(office, 30)
    office.turn_on(days_ago=5)
    office.post()
    office.post(NOW + timedelta(minutes=5))
    written = lines_in(tmp_path)
    assert sorted(written) == sorted(row.key for row in office.rows("posted"))
    assert len(set(written)) == len(written) == len(office.rows())


@pytest.mark.parametrize("point", ["posting.written", "posting.claimed", "posting.delivered"])
def test_killed_while_writing_files_each_payment_is_written_once(
    sqlite_store: Engine, tmp_path: Path, point: str
) -> None:
    office = Office(sqlite_store, drop=tmp_path)
    many(office, 30)
    office.turn_on(days_ago=5)
    url = sqlite_store.url.render_as_string(hide_password=False)
    first = start(url, crash=point)
    first.join(60)
    assert first.exitcode == -9
    imported = lines_in(tmp_path)  # somebody imports what is there and takes the files away
    for path in tmp_path.glob("payments-*.csv"):
        path.unlink()
    second = start(url)
    second.join(60)
    assert second.exitcode == 0
    written = imported + lines_in(tmp_path)
    assert sorted(written) == sorted(row.key for row in office.rows("posted"))
    assert len(set(written)) == len(written)


@pytest.mark.night
def test_a_large_office_is_posted_once_on_a_bad_night(office: Office, sandbox: Sandbox) -> None:
    total = many(office, 8_000)
    office.turn_on(days_ago=5)
    office.sandbox.control(
        {"faults": [{"at": "genesis", "match": {"method": "POST"}, **trouble} for trouble in TROUBLES]}
    )
    post_until_done(office, passes=400)
    all_agree(office, total)
