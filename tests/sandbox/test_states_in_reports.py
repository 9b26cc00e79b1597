"""Every state of DOMAIN §1–§5 occurs in the samples and in the demo's practice, as the reports tell it, not as it was meant."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from core import clock
from core.findings.gather import gather
from core.findings.judge import Judged, judge
from core.findings.setting import setting_of
from core.jobs.practice_files.load import import_folder
from core.patients.reports import active_patients
from core.practice.reports import locations
from core.reports.as_file import as_json
from core.reports.by_name import report_by_name
from core.store.engine import open_store, reader
from data.sandbox.practice import generate, whole_files, write_files
from data.sandbox.practice.samples import SAMPLES
from tests.conftest import fresh_sqlite

EIGHT = datetime(2026, 11, 23, 14, tzinfo=UTC)  # 8:00 in Chicago
PLANS = {"BEHIND", "DUE_TODAY", "ON_TRACK", "AHEAD", "PAUSED", "SETTLEMENT", "COMPLETED_OWING", "COMPLETED"}
INSTALMENTS = {"PAID", "WAIVED", "LATE", "DUE_TODAY", "COMING", "PAUSED", "FROZEN"}
AGING = {"d1_30", "d31_60", "d61_90", "over_90"}
MEMBERSHIPS = {
    "OVER_SCHEDULED", "NOT_SCHEDULED", "UNDER_BOOKED", "USED_UP", "PROVISIONAL", "BOOKED_WHILE_FROZEN", "OUTSIDE_TERM",
}  # fmt: skip
CARDS = {"EXPIRED", "EXPIRING", "INVALID", "UNKNOWN", "NONE"}
ON_FILE = {"HAS_CARD", "VIA_GUARANTOR", "BANK_ONLY", "EXPIRED_ONLY", "NONE", "UNKNOWN"}


@pytest.fixture(scope="module", params=["samples", "demo"])
def practice(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "demo":
        write_files(whole_files(generate(20261123, date(2026, 11, 23))), folder / "files")
    engine = open_store(fresh_sqlite(folder))
    with clock.frozen(EIGHT):
        result = import_folder(engine, SAMPLES if request.param == "samples" else folder / "files")
    assert (result.errors, result.quarantine) == ([], [])
    yield engine
    engine.dispose()


def judged(engine: Engine) -> Iterator[Judged]:
    with clock.frozen(EIGHT), reader(engine) as session:
        for place in locations(session):
            setting = setting_of(session, place, EIGHT)
            for keys in active_patients(session, place, first=True):
                for facts in gather(session, keys, as_of=EIGHT, time_zone=setting.time_zone).values():
                    yield judge(facts, setting)


def states(engine: Engine, name: str) -> Counter[str]:
    with clock.frozen(EIGHT), reader(engine) as session:
        document = json.loads(json.dumps(as_json(report_by_name(session, name, as_of=EIGHT.isoformat()))))
    return Counter(row["state"] for row in document["rows"])


def test_every_state_of_a_plan_and_of_an_instalment_occurs(practice: Engine) -> None:
    found = [plan for one in judged(practice) for plan in one.plans]
    assert {plan.finding.state for plan in found} >= PLANS
    assert {one.state for plan in found for one in plan.finding.instalments} >= INSTALMENTS
    buckets = {name for plan in found for name, cents in plan.finding.aging._asdict().items() if cents}
    assert buckets == AGING
    assert any(plan.finding.reminders_stopped for plan in found)
    assert {plan.family for plan in found} == {True, False}
    assert states(practice, "arrears").keys() >= {"BEHIND", "COMPLETED_OWING"}


def test_every_state_of_a_membership_occurs(practice: Engine) -> None:
    assert states(practice, "memberships").keys() >= MEMBERSHIPS
    lines = [line for one in judged(practice) for _, finding in one.memberships for line in finding.lines]
    assert any(line.rollover for line in lines)
    assert any(line.add_ons for line in lines)
    assert any(line.allowance is None for line in lines)
    ahead = [line for line in lines if line.over and line.period_start > date(2026, 11, 23)]
    assert ahead, "nobody is booked too often in a later period"


def test_every_state_of_a_card_occurs(practice: Engine) -> None:
    assert states(practice, "cards").keys() >= CARDS
    assert {one.card.on_file for one in judged(practice)} >= ON_FILE
