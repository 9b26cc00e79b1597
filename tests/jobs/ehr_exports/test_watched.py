"""A folder that an EHR exports into: read when its files are whole, once, and stopped when their shape has changed."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.connections.commands import connect
from core.jobs.ehr_exports.watched import holds_export
from core.jobs.one_sync import RunResult
from core.jobs.sync import sync_by_name
from core.own_exports.commands import kept_profile, save_profile
from core.store.engine import reader, transaction
from tests.a_practice import write_practice
from tests.ehr_books import write_book
from tests.ehr_shapes import JANE, write_export
from tests.jobs.ehr_exports.test_load import DENVER, NOW, load, rows


@pytest.fixture
def folder(sqlite_store: Engine, tmp_path: Path) -> Path:
    """A watched folder with an export that was loaded by hand once, so that its questions are answered."""
    load(sqlite_store, write_export(tmp_path / "once", JANE), DENVER | {"state.reserved": "confirmed"})
    watched = write_export(tmp_path / "watched", JANE)
    with transaction(sqlite_store) as session:
        connect(session, kind="practice_files", name="Exports", settings={"folder": str(watched)}, secrets={})
    return watched


def sync(engine: Engine, *, full: bool = False) -> list[RunResult]:
    with clock.frozen(NOW):
        return sync_by_name(engine, "Exports", full=full)


def stored(results: list[RunResult]) -> int:
    assert [result.error for result in results if result.error] == []
    return sum(result.stored for result in results)


def test_a_watched_export_is_loaded_once_with_the_answers_there_are(
    sqlite_store: Engine, folder: Path
) -> None:
    first, again = sync(sqlite_store), sync(sqlite_store)
    assert stored(first) > 5
    assert stored(again) == 0
    assert [(one.resource, one.rows_in, one.quarantined) for one in again] == [
        (one.resource, one.rows_in, one.quarantined) for one in first
    ]
    with reader(sqlite_store) as session:
        kept = kept_profile(session, "jane")
        assert kept is not None
        assert kept.connection_id is not None


def test_a_changed_file_is_read_again(sqlite_store: Engine, folder: Path) -> None:
    sync(sqlite_store)
    (people,) = folder.glob("*_Patients_*")
    people.write_text(people.read_text().replace("nadia@mail.example", "newer@mail.example"))
    assert stored(sync(sqlite_store)) == 2


def test_a_file_that_is_still_being_written_is_left_alone(sqlite_store: Engine, folder: Path) -> None:
    (people,) = folder.glob("*_Patients_*")
    whole = people.read_text()
    people.write_text(whole[: len(whole) // 2])
    assert sync(sqlite_store) == []
    people.write_text(whole)
    write_book(folder / "Hill_Appointments_9.xlsx", {"Export": [["id"], ["1"]]})
    assert sync(sqlite_store) == []
    long_ago = time.time() - 60
    os.utime(folder / "Hill_Appointments_9.xlsx", (long_ago, long_ago))
    assert stored(sync(sqlite_store)) > 5


def test_a_changed_shape_stops_with_the_difference(sqlite_store: Engine, folder: Path) -> None:
    sync(sqlite_store)
    before = rows(sqlite_store, "patients")
    (people,) = folder.glob("*_Patients_*")
    people.write_text(people.read_text().replace("Mobile Phone", "Main Phone").replace("nadia@", "newer@"))
    (result,) = sync(sqlite_store)
    assert "has no column “Mobile Phone” any more." in result.error
    assert "has a new column “Main Phone”." in result.error
    assert "Your own export" in result.error
    assert rows(sqlite_store, "patients") == before
    load(sqlite_store, folder)  # a person has looked at it
    assert stored(sync(sqlite_store)) > 0


def test_a_column_its_signature_needs_is_named_when_it_is_gone(sqlite_store: Engine, folder: Path) -> None:
    sync(sqlite_store)
    (visits,) = folder.glob("*_Appointments_*")
    visits.write_text(visits.read_text().replace("state,", "status_word,"))
    (result,) = sync(sqlite_store)
    assert "has no column “state” any more." in result.error


def test_practice_files_in_a_folder_are_read_as_practice_files(tmp_path: Path) -> None:
    assert not holds_export(write_practice(tmp_path / "ours"))
    (tmp_path / "empty").mkdir()
    assert not holds_export(tmp_path / "empty")
    assert holds_export(write_export(tmp_path / "jane", JANE))


def test_another_answer_is_reason_to_read_the_same_files_again(sqlite_store: Engine, folder: Path) -> None:
    sync(sqlite_store)
    with reader(sqlite_store) as session:
        kept = kept_profile(session, "jane")
    assert kept is not None
    with transaction(sqlite_store) as session:
        save_profile(session, None, kept.profile, answers={"state.reserved": "cancelled"})
    assert stored(sync(sqlite_store)) == 1
