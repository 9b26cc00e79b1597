"""What the roll-ups hold is what a plain reading of the practice files adds up to, day by day, on generated practices."""

import os
from collections import Counter
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.jobs.practice_files.load import import_folder
from core.jobs.roll_up import roll_up_all
from core.overview.month_reads import counted_places
from core.overview.periods import Span
from core.overview.roll_ups import Counted, counted
from core.store.engine import open_store, reader
from data.sandbox.practice import write_files
from tests.conftest import fresh_sqlite
from tests.oracle import overview as oracle
from tests.oracle.practices import practice
from tests.oracle.reading import UNSURE, Clinic


class Told:
    """A generated practice, what the roll-ups say of it, and what the oracle knows."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.files, as_of = practice(seed)
        self.clinic = Clinic(self.files, as_of)
        engine = open_store(fresh_sqlite(folder))
        write_files(self.files, folder / "files")
        with clock.frozen(as_of.astimezone(UTC)):
            assert not import_folder(engine, folder / "files").errors
            roll_up_all(engine)
        self.days = read_days(engine)
        engine.dispose()

    def sums(self, column: str) -> dict[date, int]:
        return {day: cents for day, one in self.days.items() if (cents := getattr(one, column))}

    def within(self, sums: dict[date, int]) -> dict[date, int]:
        """The oracle's days that the roll-ups reach, without those of nothing."""
        return {day: cents for day, cents in sums.items() if cents and day in self.days}


def read_days(engine: Engine) -> dict[date, Counted]:
    with reader(engine) as session:
        keys = [place.id for place in counted_places(session)]
        return counted(session, keys, Span(date.min, date.max))


NIGHT = os.environ.get("HUDDLE_NIGHT") == "1"
FEW, MANY = 4, 40
SEEDS = [
    *range(FEW),
    *(pytest.param(seed, marks=pytest.mark.night) for seed in range(FEW, MANY if NIGHT else FEW)),
]


@pytest.fixture(scope="module", params=SEEDS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(request.param, tmp_path_factory.mktemp("told"))


def test_every_dollar_is_collected_once_on_its_day(told: Told) -> None:
    expected: Counter[date] = Counter()
    for one in oracle.receipts(told.clinic):
        expected[one["day"]] += one["cents"]
    assert told.sums("collected_cents") == told.within(expected)


def test_instalments_are_expected_on_their_day(told: Told) -> None:
    assert told.sums("expected_plans_cents") == told.within(oracle.instalments_due(told.clinic))


def test_visits_are_paid_at_the_time_of_service_or_not(told: Told) -> None:
    sums = oracle.at_service(told.clinic, oracle.receipts(told.clinic))
    due, collected = ({day: both[place] for day, both in sums.items()} for place in (0, 1))
    assert told.sums("service_due_cents") == told.within(due)
    assert told.sums("service_collected_cents") == told.within(collected)


def test_arrears_stood_in_the_past_as_the_definition_says(told: Told) -> None:
    today = told.clinic.today
    for back in (0, 1, 20, 33, 61, 95, 150, 400):
        day = today - timedelta(days=back)
        if (one := told.days.get(day)) is not None:
            known = dict(zip(("d1_30", "d31_60", "d61_90", "over_90"), one.ages, strict=True))
            ages = {age: cents for age, cents in known.items() if cents}
            said = oracle.arrears_on(told.files, told.clinic, day)
            assert said is UNSURE or ages == said, day
