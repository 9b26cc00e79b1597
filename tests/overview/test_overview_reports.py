"""What the overview says of a generated practice: sentences, periods, and the patients that make up every number."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from core import clock
from core.jobs.practice_files.load import import_folder
from core.jobs.roll_up import roll_up_all
from core.links.models import Link
from core.overview.charts import Chart, Key, Overview
from core.overview.drill_down import behind
from core.overview.export import chart_csv
from core.overview.periods import Period, Span
from core.overview.reports import overview
from core.reports.arrears import arrears
from core.store.engine import open_store, reader, transaction
from data.sandbox.practice import generate, whole_files, write_files
from tests.conftest import fresh_sqlite
from tests.overview.counting import NOON, count_at, payment
from tests.reports.practice import BASE, load

TODAY = date(2026, 11, 20)
AS_OF = datetime(2026, 11, 20, 23, tzinfo=UTC)  # 17:00 in Chicago
ROLL_UPS = {
    "roll_up_day",
    "roll_up_money",
    "roll_up_month",
    "roll_up_state",
    "seen_day",
    "seen_cards",
    "draft_forecast",
}


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("overview")
    write_files(whole_files(generate(11, TODAY, 90, 2)), folder / "files")
    engine = open_store(fresh_sqlite(folder))
    with clock.frozen(AS_OF):
        import_folder(engine, folder / "files")
        roll_up_all(engine)
    yield engine
    engine.dispose()


def asked(engine: Engine, period: Period = Period.QUARTER, location_id: int | None = None) -> Overview:
    with reader(engine) as session:
        return overview(session, location_id=location_id, period=period, as_of=AS_OF)


def sums(found: Overview) -> dict[tuple[str, str], int]:
    """Sums of what adds up over days and locations."""
    flows = (Key.COLLECTED, Key.SERVICE, Key.DRAFTS, Key.METHODS)
    return {
        (key, head.key): found.chart(key).total(head.key)
        for key in flows
        for head in found.chart(key).heads
        if head.key != "rate"
    }


def test_both_locations_together_are_the_whole(practice: Engine) -> None:
    both = [sums(asked(practice, location_id=key)) for key in (1, 2)]
    whole = sums(asked(practice))
    assert whole == {key: sum(one.get(key, 0) for one in both) for key in whole}
    assert whole[Key.COLLECTED, "collected"] > 0


@pytest.mark.parametrize("period", list(Period))
def test_however_finely_it_is_drawn_the_numbers_stay_the_same(practice: Engine, period: Period) -> None:
    found = asked(practice, period)
    chart = found.chart(Key.COLLECTED)
    assert chart.steps[0].span.first == found.span.first
    assert chart.steps[-1].span.last == found.span.last
    by_day = asked_days(practice, found.span)
    assert chart.total("collected") == sum(chart.total("collected") for chart in by_day)


def asked_days(engine: Engine, span: Span) -> list[Chart]:
    """The chart of collected money of each hundred days of a span, drawn day by day."""
    charts, first = [], span.first
    while first <= span.last:
        part = Span(first, min(first + timedelta(days=99), span.last))
        with reader(engine) as session:
            found = overview(session, location_id=None, period=Period.CUSTOM, custom=part, as_of=AS_OF)
        charts.append(found.chart(Key.COLLECTED))
        first = part.last + timedelta(days=1)
    return charts


def test_every_number_is_the_sum_of_the_patients_behind_it(practice: Engine) -> None:
    found = asked(practice, Period.DAYS_30)
    for chart in found.charts:
        steps = chart.steps if chart.key is Key.DRAFTS else chart.steps[-3:]
        for step in steps[:8]:
            for head, value in zip(chart.heads, step.values, strict=True):
                if value is None or head.key == "rate":
                    continue
                with reader(practice) as session:
                    point = behind(
                        session, key=chart.key, column=head.key, span=step.span, location_id=None, as_of=AS_OF
                    )
                got = len(point.rows) if chart.key is Key.CARDS else point.total
                assert got == value, (chart.key, head.key, step.span)


def test_todays_arrears_are_those_of_the_plans_report(practice: Engine) -> None:
    with reader(practice) as session:
        owed = sum(row.arrears_cents for row in arrears(session, location_id=None, as_of=AS_OF).rows)
    found = asked(practice, Period.DAYS_30).chart(Key.ARREARS)
    assert sum(value or 0 for value in found.steps[-1].values) == owed > 0


def test_only_roll_up_rows_are_read(practice: Engine) -> None:
    read: list[str] = []
    event.listen(practice, "before_cursor_execute", lambda *given: read.append(given[2]))
    asked(practice, Period.TWO_YEARS)
    tables = {
        word for sql in read for word in sql.replace("\n", " ").split() if "_" in word and "." not in word
    }
    assert {name for name in tables if name.startswith(("roll", "seen", "draft"))} <= ROLL_UPS
    assert not any(
        f"FROM {name}" in sql
        for sql in read
        for name in ("payment", "appointment", "ledger_entry", "patient")
    )
    assert len(read) < 12


def test_the_sentences_are_in_words(practice: Engine) -> None:
    found = asked(practice, Period.LAST_MONTH)
    assert found.chart(Key.COLLECTED).sentence.startswith("Collected $")
    assert found.chart(Key.COLLECTED).compared.startswith("In the month before: collected $")
    assert found.chart(Key.ARREARS).compared.startswith("On Sep 30 it was $")
    assert found.chart(Key.CARDS).empty == (
        "No cards were seen in this time",
        "They are seen day by day since Nov 20, 2026.",
    )
    assert found.chart(Key.RECOVERED).empty is not None


def test_the_chart_as_a_file_holds_cents_and_leaves_the_unknown_empty(practice: Engine) -> None:
    lines = chart_csv(asked(practice, Period.DAYS_30).chart(Key.USE)).splitlines()
    assert lines[0] == "first_day,last_day,used,booked,over,allowance"
    assert lines[1].startswith("2026-10-22,2026-10-22,")
    assert lines[1].split(",")[3:5] == ["", ""]


def test_where_nothing_was_due_there_is_no_rate(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path / "a", payments=[payment("Y1", "2026-11-03T10:00", "80.00")])
    count_at(sqlite_store)
    with reader(sqlite_store) as session:
        found = overview(session, location_id=None, period=Period.THIS_MONTH, as_of=NOON)
    assert found.chart(Key.SERVICE).sentence.startswith("Collected at the time of service: –.")
    assert {step.values[2] for step in found.chart(Key.SERVICE).steps} == {None}
    assert found.chart(Key.COLLECTED).sentence == "Collected $80; nothing was expected in this time."


def test_before_the_first_count_the_overview_says_so(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path / "a")
    with reader(sqlite_store) as session:
        found = overview(session, location_id=None, period=Period.DAYS_30, as_of=NOON)
    assert (
        found.progress.sentence
        == "The overview is not counted yet; the first days appear within a minute or two."
    )


def test_money_that_answers_a_link_is_recovered_on_the_day_it_came(store: Engine, tmp_path: Path) -> None:
    paid = [
        payment("Y1", "2026-11-03T10:00", "80.00", invoice_id="LINK1"),
        payment("Y2", "2026-11-04T10:00", "5.00"),
        payment("Y3", "2026-11-05T10:00", "30.00", refund_of="Y1"),
    ]
    with clock.frozen(NOON):
        load(store, tmp_path / "a", payments=paid)
        with transaction(store) as session:
            session.add(
                Link(
                    kind="payment", key="k1", form="f1", patient_id=1, connection_id=1, external_id="LINK1",
                    created_at=NOON, sent_at=NOON - timedelta(days=19), state="paid",
                )
            )  # fmt: skip
    count_at(store)
    with reader(store) as session:
        found = overview(session, location_id=None, period=Period.THIS_MONTH, as_of=NOON)
    assert (
        found.chart(Key.RECOVERED).sentence
        == "Patients paid $50 on links that were sent to them, or by a charge of their card."
    )
    days = {step.span.first: step.values[0] for step in found.chart(Key.RECOVERED).steps}
    assert (days[date(2026, 11, 3)], days[date(2026, 11, 4)]) == (50_00, 0)


def test_from_the_first_link_on_nothing_recovered_is_a_nought(sqlite_store: Engine, tmp_path: Path) -> None:
    with clock.frozen(NOON - timedelta(hours=3)):
        load(sqlite_store, tmp_path / "a", payments=[payment("Y1", "2026-11-03T10:00", "80.00")])
    count_at(sqlite_store, NOON - timedelta(hours=1))
    with transaction(sqlite_store) as session:
        session.add(
            Link(kind="payment", key="k", form="f", patient_id=1, created_at=NOON, sent_at=NOON, state="sent")
        )
    count_at(sqlite_store, NOON + timedelta(minutes=1))
    with reader(sqlite_store) as session:
        found = overview(session, location_id=None, period=Period.DAYS_30, as_of=NOON)
    assert (
        found.chart(Key.RECOVERED).sentence
        == "Patients paid $0 on links that were sent to them, or by a charge of their card."
    )


def test_nobody_behind_on_a_plan_is_good_news(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path / "a", patients=BASE["patients"])
    count_at(sqlite_store)
    with reader(sqlite_store) as session:
        found = overview(session, location_id=None, period=Period.DAYS_30, as_of=NOON)
    assert found.chart(Key.ARREARS).sentence == "Nobody is behind on a plan."
