"""`huddle report memberships` (CONTRACTS §2) from practice files, on both stores."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, update
from sqlmodel import select

from core import clock
from core.findings.gather import gather
from core.findings.judge import judge
from core.findings.setting import setting_of
from core.jobs.practice_files.load import import_folder
from core.memberships.models import MembershipPlan
from core.patients.models import Patient
from core.patients.reports import active_patients
from core.practice.reports import locations
from core.reports.as_file import dumps
from core.reports.by_name import report_by_name
from core.reports.memberships import memberships
from core.store.engine import reader, transaction
from data.sandbox.practice import generate, whole_files, write_files
from tests.memberships.booked import (
    AS_OF,
    BENEFITS,
    MEMBER,
    NOVEMBER,
    PLANS,
    load_member,
    rows,
    rows_as_json,
    said,
)

KEYS = {
    "membership_id", "patient_id", "patient", "period_start", "period_end", "service_class", "allowance", "used",
    "booked", "committed", "over", "excess_appointment_ids", "state", "severity", "last_visit", "next_visit",
}  # fmt: skip


@pytest.mark.both_stores
def test_the_vector_of_the_definitions(store: Engine, tmp_path: Path) -> None:
    load_member(store, tmp_path / "files")
    (row,) = rows_as_json(store)
    assert row.keys() >= KEYS
    assert (row["state"], row["severity"], row["service_class"]) == ("OVER_SCHEDULED", "medium", "adjustment")
    assert (row["allowance"], row["used"], row["booked"], row["committed"], row["over"]) == (4, 3, 3, 6, 2)
    assert row["excess_appointment_ids"] == ["A4", "A5"]
    assert (row["period_start"], row["period_end"]) == ("2026-11-01", "2026-11-30")
    assert (row["last_visit"], row["next_visit"]) == (
        "2026-11-17T09:00:00-07:00",
        "2026-11-24T09:00:00-07:00",
    )


def test_one_rollover_visit_leaves_one_over(store: Engine, tmp_path: Path) -> None:
    extra = {"extra_id": "X1", "membership_id": "M1", "period_start": "2026-11-01", "service_class": "adjustment", "kind": "rollover", "visits": "1"}  # fmt: skip
    load_member(store, tmp_path / "files", membership_extras=[extra])
    assert said(store) == [("OVER_SCHEDULED", 1, ("A5",))]


def test_nothing_booked_is_one_row_of_the_current_period_without_a_class(
    store: Engine, tmp_path: Path
) -> None:
    load_member(store, tmp_path / "files", "2026-11-03")
    found = {row["state"]: row for row in rows_as_json(store)}
    assert found.keys() == {"NOT_SCHEDULED", "UNDER_BOOKED"}
    assert found["NOT_SCHEDULED"]["service_class"] is None
    assert found["NOT_SCHEDULED"]["period_start"] == "2026-11-01"
    assert (found["UNDER_BOOKED"]["lapsing"], found["UNDER_BOOKED"]["lapses_on"]) == (3, "2026-11-30")


def test_what_cannot_be_judged_is_unknown_with_null_numbers_and_a_reason(
    store: Engine, tmp_path: Path
) -> None:
    load_member(store, tmp_path / "files", membership_benefits=[BENEFITS[1]])
    (row,) = rows_as_json(store)
    assert (row["state"], row["severity"]) == ("UNKNOWN", "unknown")
    assert [row[key] for key in ("period_start", "allowance", "used", "over")] == [None] * 4
    assert row["excess_appointment_ids"] == []
    assert "no benefits" in row["reason"]


def test_the_last_visit_is_told_however_long_ago_it_was(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files", "2024-03-05", "2024-01-02")
    row = next(row for row in rows(sqlite_store) if row.state == "NOT_SCHEDULED")
    assert row.last_visit is not None
    assert f"{row.last_visit:%Y-%m-%d}" == "2024-03-05"


def test_an_old_visit_counts_where_a_package_runs_since_then(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(
        sqlite_store, tmp_path / "files", "2026-02-03", "2026-05-05", "2026-07-07", "2026-08-04", "2026-11-24"
    )
    with transaction(sqlite_store) as session:
        session.execute(update(MembershipPlan).values(period="package"))  # practice files have no such word
    assert said(sqlite_store) == [("OVER_SCHEDULED", 1, ("A4",))]


def test_rollover_is_computed_from_visits_of_long_ago(sqlite_store: Engine, tmp_path: Path) -> None:
    plan = PLANS[0] | {"rollover_cap": "2", "rollover_periods": "1"}
    load_member(sqlite_store, tmp_path / "files", *NOVEMBER, membership_plans=[plan, PLANS[1]])
    found = rows(sqlite_store)
    assert [(row.state, row.allowance, row.rollover) for row in found] == [("USED_UP", 6, 2)]


def test_an_anchor_on_the_31st_clamps_and_returns(sqlite_store: Engine, tmp_path: Path) -> None:
    plan = PLANS[0] | {"period": "anchor"}
    load_member(
        sqlite_store, tmp_path / "files", "2026-10-31", "2026-11-29", "2026-11-30", "2026-12-30", "2026-12-31",
        membership_plans=[plan, PLANS[1]], memberships=[MEMBER | {"anchor_day": "31"}],
        membership_benefits=[BENEFITS[0] | {"visits": "1"}, BENEFITS[1]],
    )  # fmt: skip
    found = [(row.period_start, row.period_end, row.over) for row in rows(sqlite_store) if row.over]
    assert found == [
        (date(2026, 10, 31), date(2026, 11, 29), 1),
        (date(2026, 11, 30), date(2026, 12, 30), 1),
    ]


def test_a_visit_late_on_the_last_evening_belongs_to_its_local_day(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    """23:45 in Denver on 30 November is 1 December in UTC."""
    from tests.reports.practice import visit

    late = [visit("A9", "P1", "2026-11-30T23:45"), visit("A8", "P1", "2026-12-01T00:00")]
    load_member(
        sqlite_store,
        tmp_path / "files",
        appointments=late,
        membership_benefits=[BENEFITS[0] | {"visits": "1"}],
    )
    found = [(row.period_start, row.booked) for row in rows(sqlite_store) if row.state == "USED_UP"]
    assert sorted(found) == [(date(2026, 11, 1), 1), (date(2026, 12, 1), 1)]


def test_of_two_memberships_each_visit_counts_once(sqlite_store: Engine, tmp_path: Path) -> None:
    second = MEMBER | {"membership_id": "M2", "start_date": "2026-11-25"}
    first = MEMBER | {"end_date": "2026-11-24"}
    load_member(sqlite_store, tmp_path / "files", *NOVEMBER, memberships=[first, second])
    assert [(row.membership_id, row.state) for row in rows(sqlite_store) if row.over] == []


def test_a_membership_that_is_gone_upstream_or_whose_patient_is_says_nothing(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load_member(sqlite_store, tmp_path / "files")
    with transaction(sqlite_store) as session:
        session.execute(update(Patient).values(gone_at=clock.now()))
    assert rows(sqlite_store) == ()


def test_an_inactive_patient_who_goes_on_paying_is_told_of(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files")
    with transaction(sqlite_store) as session:
        session.execute(update(Patient).values(active=False))
    assert [row.state for row in rows(sqlite_store)] == ["OVER_SCHEDULED"]


def test_worst_comes_first_and_a_location_shows_its_own(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files", memberships=[MEMBER | {"status": "past_due"}])
    with reader(sqlite_store) as session:
        found = report_by_name(session, "memberships", as_of="2026-11-21T11:00", location="L1")
    assert [row.severity for row in found.rows] == sorted(
        (row.severity for row in found.rows), key=["critical", "high", "medium", "unknown", "note"].index
    )
    assert (found.location, found.rows[0].state) == ("L1", "PROVISIONAL")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    from core.store.engine import open_store
    from tests.conftest import fresh_sqlite

    folder = tmp_path_factory.mktemp("generated")
    write_files(whole_files(generate(11, date(2026, 11, 21), 250)), folder / "files")
    engine = open_store(fresh_sqlite(folder))
    import_folder(engine, folder / "files")
    return engine


MOMENTS = [
    AS_OF,
    AS_OF + timedelta(days=4),
    datetime(2026, 11, 30, 23, tzinfo=UTC),
    datetime(2026, 12, 1, 12, tzinfo=UTC),
]


@pytest.mark.parametrize("as_of", MOMENTS, ids=str)
def test_what_sql_leaves_out_changes_nothing(generated: Engine, as_of: datetime) -> None:
    narrowed = rows(generated, as_of)
    assert len(narrowed) > 20
    assert narrowed == rows(generated, as_of, whole=True)


def test_the_report_and_the_patient_card_say_the_same(generated: Engine) -> None:
    with reader(generated) as session:
        told = memberships(session, location_id=None, as_of=AS_OF).rows
        (place,) = locations(session)
        setting = setting_of(session, place, AS_OF)
        judged = [
            judge(facts, setting)
            for ids in active_patients(session, place, first=True)
            for facts in gather(session, ids, as_of=AS_OF, time_zone=place.time_zone, whole=True).values()
        ]
        active = set(session.exec(select(Patient.id).where(Patient.active)))
        assert session.exec(select(func.count()).select_from(Patient)).one() > 200
    expected = [
        (finding.membership.external_id, said.state, said.reason, said.line.excess if said.line else ())
        for one in judged
        for _, finding in one.memberships
        for said in finding.states
    ]
    ours = [
        (row.membership_id, row.state, row.reason, row.excess_appointment_ids)
        for row in told
        if row.key in active
    ]
    assert sorted(ours) == sorted(
        (key, state, reason, tuple(visit.external_id for visit in excess))
        for key, state, reason, excess in expected
    )


def test_a_day_later_only_the_calendar_has_moved(generated: Engine) -> None:
    """Overnight, rows of periods that start after tomorrow change neither bookings nor excess."""
    horizon = date(2026, 11, 22)

    def later(as_of: datetime) -> set:
        return {
            (
                row.membership_id,
                row.period_start,
                row.service_class,
                row.booked,
                row.over,
                row.excess_appointment_ids,
            )
            for row in rows(generated, as_of)
            if row.state == "OVER_SCHEDULED" and row.period_start and row.period_start > horizon
        }

    assert later(AS_OF) == later(AS_OF + timedelta(days=1))


def test_a_long_report_is_the_same_json_only_written_faster() -> None:
    document = {"report": "memberships", "sources": [], "rows": [{"n": n, "list": []} for n in range(600)]}
    written = dumps(document)
    assert json.loads(written) == document
    assert len(written.splitlines()) < 610
