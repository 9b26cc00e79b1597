"""The job that keeps the overview's days: late news, days of 23 and 25 hours, several locations, a process that died."""

import os
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.models import Lease
from core.jobs.crashpoints import ROLL_UP_POINTS
from core.jobs.roll_up import roll_up_all, roll_up_for
from core.overview.roll_ups import progress
from core.store.engine import open_store, reader, transaction
from tests.conftest import fresh_sqlite
from tests.forks import FORKS
from tests.overview.counting import (
    NOON,
    count_at,
    days_of,
    entry,
    everything,
    money_of,
    payment,
    waiting,
)
from tests.reports.practice import BASE, load, visit

TWO_PLACES = [
    {"location_id": "L1", "name": "Elm Street", "time_zone": "America/Denver"},
    {"location_id": "L2", "name": "Oak Street", "time_zone": "America/New_York"},
]


def test_a_payment_given_back_later_is_taken_off_its_own_day(store: Engine, tmp_path: Path) -> None:
    with clock.frozen(NOON):
        load(store, tmp_path / "a", payments=[payment("Y1", "2026-06-03T10:00", "80.00")])
    count_at(store)
    assert money_of(store) == {date(2026, 6, 3): 80_00}
    with clock.frozen(NOON + timedelta(minutes=5)):
        load(store, tmp_path / "b", payments=[payment("Y1", "2026-06-03T10:00", "80.00", status="refunded")])
    count_at(store, NOON + timedelta(minutes=6))
    assert money_of(store) == {}


def test_only_months_from_the_news_on_are_counted_again(sqlite_store: Engine, tmp_path: Path) -> None:
    early, late = payment("Y1", "2025-02-03T10:00", "1.00"), payment("Y2", "2026-09-03T10:00", "2.00")
    with clock.frozen(NOON - timedelta(hours=2)):
        load(sqlite_store, tmp_path / "a", payments=[early])
    assert count_at(sqlite_store).months == 22
    assert count_at(sqlite_store).months == 0
    with clock.frozen(NOON + timedelta(hours=2)):
        load(sqlite_store, tmp_path / "b", payments=[early, late])
    assert count_at(sqlite_store, NOON + timedelta(hours=2)).months == 3
    assert money_of(sqlite_store) == {date(2025, 2, 3): 1_00, date(2026, 9, 3): 2_00}


def test_a_new_day_counts_everything_again_and_changes_nothing(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path / "a", payments=[payment("Y1", "2026-06-03T10:00", "80.00")])
    count_at(sqlite_store)
    before = everything(sqlite_store)["RollUpMoney"]
    assert count_at(sqlite_store, NOON + timedelta(days=1)).months == 6
    assert everything(sqlite_store)["RollUpMoney"] == before


def test_a_day_that_began_late_or_ended_late_keeps_its_own_money(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    minutes = [
        "2026-03-07T23:59",
        "2026-03-08T00:01",
        "2026-03-08T23:59",
        "2026-11-01T00:00",
        "2026-11-01T23:59",
    ]
    rows = [payment(f"Y{n}", minute, f"{n + 1}.00") for n, minute in enumerate(minutes)]
    load(sqlite_store, tmp_path / "a", payments=rows)
    count_at(sqlite_store)
    assert money_of(sqlite_store) == {
        date(2026, 3, 7): 1_00,
        date(2026, 3, 8): 5_00,
        date(2026, 11, 1): 9_00,
    }


def test_every_dollar_stands_at_one_location(sqlite_store: Engine, tmp_path: Path) -> None:
    patient = BASE["patients"][0]
    patients = [patient, {**patient, "patient_id": "P2", "location_id": "L2"}]
    rows = [
        payment("Y1", "2026-11-03T05:30:00Z", "10.00"),  # 22:30 of the day before in Denver
        payment("Y2", "2026-11-03T05:30:00Z", "20.00", patient_id="P2"),  # 0:30 in New York
        payment("Y3", "2026-11-04T17:00:00Z", "5.00", patient_id=""),  # nobody's: with the first location
    ]
    load(sqlite_store, tmp_path / "a", locations=TWO_PLACES, patients=patients, payments=rows)
    count_at(sqlite_store)
    assert money_of(sqlite_store, 0) == {date(2026, 11, 2): 10_00, date(2026, 11, 4): 5_00}
    assert money_of(sqlite_store, 1) == {date(2026, 11, 3): 20_00}
    assert sum(money_of(sqlite_store).values()) == 35_00


def test_cash_that_only_the_desk_posted_is_money_and_a_posted_card_payment_is_not_twice(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    ledger = [
        entry("G1", "2026-11-03", "payment", "30.00", order_id="O1"),
        entry("G2", "2026-11-03", "payment", "25.00"),
        entry("G3", "2026-11-05", "refund", "5.00"),
    ]
    paid = [payment("Y1", "2026-11-03T10:00", "30.00", order_id="O1")]
    load(sqlite_store, tmp_path / "a", payments=paid, ledger=ledger)
    count_at(sqlite_store)
    money = days_of(sqlite_store)[date(2026, 11, 3)].money
    assert {method: cents for (method, _), cents in money.items()} == {"card": 30_00, "posted": 25_00}
    assert money_of(sqlite_store)[date(2026, 11, 5)] == -5_00


def test_what_is_paid_a_day_late_was_not_collected_at_the_time_of_service(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    visits = [
        visit("A1", "P1", "2026-11-03T09:00", "completed"),
        visit("A2", "P1", "2026-11-05T09:00", "completed"),
    ]
    ledger = [
        entry("G1", "2026-11-03", "charge", "50.00", appointment_id="A1"),
        entry("G2", "2026-11-05", "charge", "50.00", appointment_id="A2"),
    ]
    paid = [payment("Y1", "2026-11-04T10:00", "50.00"), payment("Y2", "2026-11-05T23:50", "70.00")]
    load(sqlite_store, tmp_path / "a", appointments=visits, ledger=ledger, payments=paid)
    count_at(sqlite_store)
    days = days_of(sqlite_store)
    served = [
        (days[date(2026, 11, d)].service_due_cents, days[date(2026, 11, d)].service_collected_cents)
        for d in (3, 4, 5)
    ]
    assert served == [(50_00, 0), (0, 0), (50_00, 50_00)]
    assert days[date(2026, 11, 5)].on_part("balance") == 20_00


def test_the_newest_months_come_first_and_the_page_knows_how_far_it_is(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, tmp_path / "a", payments=[payment("Y1", "2026-08-03T10:00", "80.00")])
    with clock.frozen(NOON):
        assert roll_up_for(sqlite_store, 0.0).left
    assert waiting(sqlite_store) == [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]
    with reader(sqlite_store) as session:
        assert progress(session, [1], date(2026, 11, 21)).sentence.startswith(
            "Still being counted (21 of 111 days)."
        )
        assert not progress(session, [1, 2], date(2026, 11, 21)).done


def test_killed_anywhere_the_next_run_ends_with_the_same_rows(tmp_path: Path) -> None:
    calm = _practice(tmp_path)
    roll_up_all(calm)
    killed = []
    for point in [f"{name}:{nth}" for name in ROLL_UP_POINTS for nth in (1, 3)]:
        engine = _practice(tmp_path)
        process = FORKS.Process(target=_die, args=(engine.url.render_as_string(False), point))
        process.start()
        killed.append((point, engine, process))
    for point, engine, process in killed:
        process.join(60)
        assert process.exitcode == -9, point
        assert everything(engine) != everything(calm), point
        with transaction(engine) as session:  # what a minute of waiting does
            for lease in session.exec(select(Lease)):
                session.delete(lease)
        roll_up_all(engine)
        assert everything(engine) == everything(calm), point


def _practice(folder: Path) -> Engine:
    engine = open_store(fresh_sqlite(folder))
    load(engine, folder / "files", payments=[payment("Y1", "2026-08-03T10:00", "80.00")])
    return engine


def _die(url: str, point: str) -> None:
    os.environ["HUDDLE_CRASHPOINT"] = point
    roll_up_all(open_store(url))
