"""Bad rows are kept once, masked and mended; runs add up; freshness is of the oldest resource."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from core import clock
from core.connections.models import Connection, QuarantinedRow, SyncRun
from core.connections.quarantine import quarantine, resolve
from core.connections.reports import quarantined, runs, sources
from core.connections.runs import add_counts, fail_run, finish_run, start_run
from core.integrations.fortis.client import RESOURCES
from core.integrations.records import Rejected
from core.practice.models import Practice

BAD = Rejected(
    "P7", 12, "birth_date", "“31.02.1980” is not a date", {"patient_id": "P7", "birth_date": "31.02.1980"}
)


@pytest.fixture
def connection_id(session: Session) -> int:
    session.add(Practice(id=1))
    session.flush()
    connection = Connection(kind="fortis", name="Fortis", created_at=clock.now())
    session.add(connection)
    session.flush()
    return connection.id or 0


def test_the_same_bad_row_again_is_the_same_row(session: Session, connection_id: int) -> None:
    first = clock.now()
    with clock.frozen(first):
        assert quarantine(session, connection_id, "patients", [BAD, BAD]) == 2
    with clock.frozen(first + timedelta(hours=1)):
        quarantine(session, connection_id, "patients", [BAD._replace(line=14)])
    (row,) = quarantined(session)
    assert (row.line, row.first_seen_at, row.last_seen_at) == (14, first, first + timedelta(hours=1))
    assert row.raw == BAD.raw


def test_a_row_stored_later_is_mended_and_a_relapse_opens_it_again(
    session: Session, connection_id: int
) -> None:
    quarantine(session, connection_id, "patients", [BAD])
    assert resolve(session, connection_id, "tokens", ["P7"]) == 0
    assert resolve(session, connection_id, "patients", ["P1", "P7"]) == 1
    assert quarantined(session) == []
    quarantine(session, connection_id, "patients", [BAD])
    assert len(quarantined(session)) == 1


def test_no_card_number_gets_into_quarantine(session: Session, connection_id: int) -> None:
    raw = {
        "note": "card 4242 4242 4242 4242",
        "deep": [{"number": 4242424242424242}],
        "nul": "a\0b",
        "odd": "\ud800",
    }
    told = Rejected("4242424242424242", None, "note", "“4242-4242-4242-4242” is no date", raw)
    quarantine(session, connection_id, "tokens", [told])
    row = session.exec(select(QuarantinedRow)).one()
    kept = "".join(c for c in row.model_dump_json() if c.isalnum())
    assert "4242424242424242" not in kept


def test_a_run_always_adds_up(session: Session, connection_id: int) -> None:
    run_id = start_run(session, connection_id, "tokens")
    add_counts(session, run_id, rows_in=3, stored=1, unchanged=1, quarantined=1)
    add_counts(session, run_id, rows_in=2, stored=2)
    with pytest.raises(ValueError, match="accounted for"):
        add_counts(session, run_id, rows_in=2, stored=1)
    finish_run(session, run_id)
    (run,) = runs(session)
    assert (run.rows_in, run.stored, run.unchanged, run.quarantined, run.state) == (5, 3, 1, 1, "done")


def test_a_failed_run_leaves_freshness_and_keeps_its_sentence(session: Session, connection_id: int) -> None:
    begun = clock.now()
    for resource in RESOURCES:
        with clock.frozen(begun if resource != "tokens" else begun - timedelta(minutes=30)):
            finish_run(session, start_run(session, connection_id, resource))
    fail_run(session, start_run(session, connection_id, "tokens"), "Card 4242424242424242 broke it.")
    (source,) = sources(session, now=begun + timedelta(minutes=10))
    assert (source.synced_at, source.stale) == (begun - timedelta(minutes=30), False)
    assert source.sentence == "Fortis: synced 40 minutes ago."
    (source,) = sources(session, now=begun + timedelta(minutes=31))
    assert source.stale
    assert (
        "4242424242424242" not in session.exec(select(SyncRun.error).where(SyncRun.state == "failed")).one()
    )
