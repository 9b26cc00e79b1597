"""A small practice in a store, counted at a given moment, and its days read back."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, select

from core import clock
from core.jobs.roll_up import RolledUp, roll_up_all
from core.overview.models import (
    CardStanding,
    DraftForecast,
    RollUpDay,
    RollUpMoney,
    RollUpMonth,
    SeenCards,
    SeenDay,
)
from core.overview.month_reads import counted_places
from core.overview.periods import Span
from core.overview.roll_ups import Counted, counted
from core.store.base import table_of
from core.store.engine import reader

NOON = datetime(2026, 11, 21, 19, tzinfo=UTC)  # 12:00 in Denver
COUNTED = (RollUpDay, RollUpMoney, SeenDay, SeenCards, CardStanding, DraftForecast)


def count_at(engine: Engine, moment: datetime = NOON) -> RolledUp:
    with clock.frozen(moment):
        return roll_up_all(engine)


def days_of(engine: Engine, location: int | None = None) -> dict[date, Counted]:
    """Every counted day of a location (by its place in the order of names), or of all."""
    with reader(engine) as session:
        keys = [place.id for place in counted_places(session)]
        if location is not None:
            keys = [keys[location]]
        return counted(session, keys, Span(date.min, date.max))


def money_of(engine: Engine, location: int | None = None) -> dict[date, int]:
    """Net cents by day, days of nothing left out."""
    return {day: one.collected_cents for day, one in days_of(engine, location).items() if one.money}


def everything(engine: Engine) -> dict[str, list[Any]]:
    """All that was counted and seen, without the moments at which it was."""
    with reader(engine) as session:
        return {
            model.__name__: sorted(tuple(row) for row in session.execute(select(*table_of(model).c)).all())
            for model in COUNTED
        }


def waiting(engine: Engine) -> list[date]:
    with reader(engine) as session:
        table = table_of(RollUpMonth)
        return sorted(session.execute(select(table.c.month).where(table.c.stale)).scalars())


def payment(key: str, happened_at: str, amount: str, **cells: str) -> dict[str, str]:
    """One row of payments.csv: an accepted card payment of the first patient."""
    row = {"payment_id": key, "patient_id": "P1", "status": "approved", "method": "card"}
    return {**row, "happened_at": happened_at, "amount": amount, **cells}


def entry(key: str, posted_on: str, kind: str, amount: str, **cells: str) -> dict[str, str]:
    """One row of ledger.csv: of the patient's part, on the first patient's account."""
    row = {"entry_id": key, "patient_id": "P1", "part": "patient"}
    return {**row, "posted_on": posted_on, "kind": kind, "amount": amount, **cells}
