"""A load can be taken back within a day; what a person answered is kept for the next one."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from core import clock
from core.errors import BadInput, NotAllowed
from core.jobs.ehr_exports.undo import loads_to_undo, undo_load
from core.jobs.housekeeping import tidy
from core.jobs.practice_files.rows import table_of
from core.own_exports.commands import kept_profile, profile_as_file, profile_from_file
from core.own_exports.models import ExportLoadRow
from core.permissions import Role
from core.store.engine import reader, transaction
from tests.ehr_shapes import JANE, write_export
from tests.jobs.ehr_exports.test_load import NOW, load, rows
from tests.plans.made import someone


def there(engine: Engine, file: str) -> dict[str, str]:
    """Rows that are not gone, with what can be told apart of them."""
    with reader(engine) as session:
        table = table_of(file)
        found = session.execute(select(table).where(table.c.gone_at.is_(None))).mappings()
        return {row["external_id"]: str(row.get("status") or row.get("email") or "") for row in found}


def undo(engine: Engine) -> tuple[int, int, int]:
    owner = someone(engine, "owner")
    with clock.frozen(NOW), transaction(engine) as session:
        (newest, *_others) = loads_to_undo(session)
        return tuple(undo_load(session, owner, newest.id or 0))


def test_a_first_load_undone_leaves_nothing_on_the_screen(store: Engine, tmp_path: Path) -> None:
    load(store, write_export(tmp_path, JANE))
    removed, restored, left = undo(store)
    assert (removed > 10, restored, left) == (True, 0, 0)
    assert [there(store, file) for file in ("patients", "appointments", "ledger", "locations")] == [{}] * 4


def test_a_second_load_undone_gives_back_what_was_before(store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, JANE)
    load(store, folder)
    before = {file: rows(store, file) for file in ("patients", "appointments", "ledger")}
    for path in folder.glob("*.csv"):
        path.write_text(
            path.read_text()
            .replace("nadia@mail.example", "other@mail.example")
            .replace(",booked,", ",no_show,")
        )
    (visits,) = folder.glob("*_Appointments_*")
    visits.write_text(
        visits.read_text()
        + "9099,Hill Clinic,2026-11-27 09:00:00 -0700,2026-11-27 09:20:00 -0700,hill-1,Adjustment,Dr. Uma Prior,booked,,\n"
    )
    load(store, folder)
    assert there(store, "patients")["hill-1"] == "other@mail.example"
    assert undo(store) == (1, 3, 0)
    assert {file: rows(store, file) for file in ("patients", "ledger")} == {
        file: before[file] for file in ("patients", "ledger")
    }
    assert there(store, "appointments") == {key: row["status"] for key, row in before["appointments"].items()}


def test_what_has_changed_since_stays_as_it_is(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, JANE)
    load(sqlite_store, folder)
    (people,) = folder.glob("*_Patients_*")
    people.write_text(people.read_text().replace("nadia@mail.example", "newer@mail.example"))
    load(sqlite_store, folder)
    owner = someone(sqlite_store, "owner")
    with clock.frozen(NOW), transaction(sqlite_store) as session:
        first = loads_to_undo(session)[-1]
        done = undo_load(session, owner, first.id or 0)
    assert done.left == 2
    assert set(there(sqlite_store, "patients")) == {"hill-1", "hill-2"}


def test_a_load_is_undone_once_within_a_day_and_by_those_who_may(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, write_export(tmp_path, JANE))
    owner = someone(sqlite_store, "owner")
    with clock.frozen(NOW), transaction(sqlite_store) as session:
        load_id = loads_to_undo(session)[0].id or 0
        with pytest.raises(NotAllowed):
            undo_load(session, replace(owner, role=Role.FRONT_DESK), load_id)
        undo_load(session, owner, load_id)
        with pytest.raises(BadInput, match="undone already"):
            undo_load(session, owner, load_id)
    load(sqlite_store, tmp_path)
    with clock.frozen(NOW + timedelta(days=2)), transaction(sqlite_store) as session:
        assert loads_to_undo(session) == []
        with pytest.raises(BadInput, match="more than a day"):
            undo_load(session, owner, load_id + 1)


def test_what_is_written_down_for_undoing_is_dropped_after_a_day(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, write_export(tmp_path, JANE))
    with clock.frozen(NOW + timedelta(days=2)):
        assert tidy(sqlite_store)["rows of old loads"] > 10
    with reader(sqlite_store) as session:
        assert session.execute(select(func.count()).select_from(ExportLoadRow)).scalar_one() == 0


def test_an_answer_given_once_need_not_be_given_again(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, JANE)
    load(sqlite_store, folder, {"time_zone": "America/Denver", "state.reserved": "confirmed"})
    again = load(sqlite_store, folder, {})
    assert (again.questions, sum(counts.stored for counts in again.files.values())) == ({}, 0)


def test_a_profile_is_taken_along_with_its_answers(sqlite_store: Engine, tmp_path: Path) -> None:
    load(
        sqlite_store,
        write_export(tmp_path, JANE),
        {"time_zone": "America/Denver", "state.reserved": "confirmed"},
    )
    owner = someone(sqlite_store, "owner")
    with transaction(sqlite_store) as session:
        kept = kept_profile(session, "jane")
        assert kept is not None
        came = profile_from_file(
            session, owner, profile_as_file(kept).replace('"profile": "jane"', '"profile": "ours"')
        )
        assert (came.name, came.answers["state.reserved"]) == ("ours", "confirmed")
        with pytest.raises(BadInput, match="no profile"):
            profile_from_file(session, owner, "[]")


def test_what_a_whole_load_found_gone_comes_back(sqlite_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    people = "".join(f"{number},Ada{number},Byron\n" for number in range(10))
    path = tmp_path / "x" / "Patients-1.csv"
    path.write_text("Patient ID,First Name,Last Name\n" + people)
    load(sqlite_store, tmp_path / "x")
    path.write_text("Patient ID,First Name,Last Name\n" + people.replace("9,Ada9,Byron\n", "10,New,Comer\n"))
    result = load(sqlite_store, tmp_path / "x", whole=True)
    assert result.files["Patients-1.csv"].gone == 1
    assert "9" not in there(sqlite_store, "patients")
    assert undo(sqlite_store) == (1, 1, 0)
    assert set(there(sqlite_store, "patients")) == {str(number) for number in range(10)}
