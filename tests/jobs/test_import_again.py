"""Waiting rows find their parents later, watched folders are read only when they changed, files at fault stay alone."""

import os
import time
from pathlib import Path

from sqlalchemy import Engine, func, select

from core import clock
from core.cards.models import Card
from core.connections.models import Connection, QuarantinedRow, SyncRun
from core.jobs.practice_files.load import import_folder, sync_folder
from core.jobs.practice_files.result import FileCounts
from core.patients.models import Patient, ProcessorContact
from core.practice.models import Practice
from core.store.engine import reader, transaction
from tests.a_practice import FILES as TEXTS
from tests.a_practice import with_cell, write_practice
from tests.jobs.test_import import load, rows_of


def only(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def still_waiting(engine: Engine) -> int:
    with reader(engine) as session:
        return session.execute(
            select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.resolved_at.is_(None))
        ).scalar_one()


def test_rows_that_came_before_their_parents_are_stored_when_the_parents_come(
    store: Engine, tmp_path: Path
) -> None:
    children = {name: text for name, text in TEXTS.items() if name not in {"locations", "patients", "plans"}}
    early = import_folder(store, only(tmp_path / "early", **children))
    assert early.files["appointments"] == FileCounts(2, 0, 0, 2)
    assert "patient_id P1 is not in patients" in {entry.reason for entry in early.quarantine}
    parents = {name: TEXTS[name] for name in ("locations", "patients", "plans")}
    late = import_folder(store, only(tmp_path / "late", **parents))
    assert late.retried["appointments"] == 2
    assert still_waiting(store) == 0
    again = load(store, tmp_path / "all")
    assert {counts.stored for counts in again.files.values()} == {0}


def test_of_two_waiting_versions_the_later_is_stored(sqlite_store: Engine, tmp_path: Path) -> None:
    for number, status in enumerate(("scheduled", "cancelled")):
        text = with_cell("appointments", "status", status)
        import_folder(sqlite_store, only(tmp_path / f"early{number}", appointments=text))
    load(
        sqlite_store, tmp_path / "all", appointments="\n".join(TEXTS["appointments"].splitlines()[:1]) + "\n"
    )
    assert rows_of(sqlite_store, "appointments")["A1"]["status"] == "cancelled"
    assert still_waiting(sqlite_store) == 0


def test_a_row_mended_in_the_next_file_leaves_the_quarantine(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path, services=with_cell("services", "name", ""))
    assert still_waiting(sqlite_store) == 1
    assert load(sqlite_store, tmp_path).files["services"] == FileCounts(1, 1, 0, 0)
    assert still_waiting(sqlite_store) == 0


def test_a_file_that_cannot_be_used_leaves_the_others_alone(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_practice(tmp_path)
    (folder / "services.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (folder / "plans.csv").unlink()
    (folder / "plans.csv").mkdir()
    (folder / "staff.csv").write_text("a,b\n")
    result = import_folder(sqlite_store, folder)
    assert result.errors == [
        "services.csv is a picture (PNG), not a CSV file. Export it as CSV.",
        "plans.csv is a folder, not a CSV file.",
    ]
    assert "staff.csv is none of the practice files and was left out." in result.notes
    assert result.files["patients"].stored == 2
    with reader(sqlite_store) as session:
        failed = session.execute(select(SyncRun.resource, SyncRun.error).where(SyncRun.state == "failed"))
        assert dict(list(failed)) == {"services": result.errors[0], "plans": result.errors[1]}


def test_a_watched_file_with_the_same_bytes_is_counted_and_not_read(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    result = load(sqlite_store, tmp_path, services=TEXTS["services"] + "S2,1,,2.00\n")
    read: list[str] = []
    synced = sync_folder(sqlite_store, 1, tmp_path, progress=lambda file, _rows: read.append(file))
    assert read == []
    assert synced.files["services"] == FileCounts(2, 0, 1, 1)
    for file, counts in result.files.items():
        assert synced.files[file] == FileCounts(counts.rows, 0, counts.stored, counts.quarantined), file
    full = sync_folder(sqlite_store, 1, tmp_path, full=True, progress=lambda file, _rows: read.append(file))
    assert (len(read), full.files) == (17, synced.files)


def test_a_clean_file_of_the_same_bytes_is_not_read_twice_unless_something_came_since(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    def loaded(folder: str, price: str) -> list[str]:
        """The files that were read, not only counted."""
        read: list[str] = []
        texts = {"services": with_cell("services", "price", price)}
        write_practice(tmp_path / folder, **texts)
        result = import_folder(
            sqlite_store, tmp_path / folder, progress=lambda file, _rows: read.append(file)
        )
        assert all(counts.balanced and counts.rows for counts in result.files.values())
        return read

    assert len(loaded("one", "65.00")) == 17
    assert loaded("one", "65.00") == []
    assert loaded("two", "70.00") == ["services"]
    assert loaded("one", "65.00") == ["services"]
    assert rows_of(sqlite_store, "services")["S1"]["price_cents"] == 6_500
    assert loaded("told", "a lot") == ["services"]
    assert loaded("told", "a lot") == ["services"]  # what there is to tell is told again


def test_a_watched_file_is_read_again_when_what_it_rests_on_changed(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, tmp_path)
    write_practice(tmp_path, locations=with_cell("locations", "time_zone", "America/New_York"))
    synced = sync_folder(sqlite_store, 1, tmp_path)
    assert synced.files["appointments"] == FileCounts(2, 1, 1, 0)  # A2 carries its own offset
    assert rows_of(sqlite_store, "appointments")["A1"]["starts_at"].hour == 14


def test_a_file_that_breaks_off_in_mid_line_is_left_for_the_next_sync(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, tmp_path)
    (tmp_path / "payments.csv").write_text(TEXTS["payments"] + "Y3,P1,,,,,2026-11-04T10:00:00Z,1")
    early = sync_folder(sqlite_store, 1, tmp_path)
    assert early.notes == ["payments.csv is still being written; the next sync reads it."]
    assert (early.files["payments"], early.errors) == (FileCounts(), [])
    minute_ago = time.time() - 60
    os.utime(tmp_path / "payments.csv", (minute_ago, minute_ago))  # nobody writes it any more
    assert sync_folder(sqlite_store, 1, tmp_path).files["payments"] == FileCounts(3, 0, 2, 1)


def test_a_file_that_changes_while_it_is_read_is_read_again_next_time(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, tmp_path)
    longer = TEXTS["services"] + "S2,1,Two,2.00\n"
    write_practice(tmp_path, services=longer)

    def somebody_writes(file: str, _rows: int) -> None:
        if file == "services":
            (tmp_path / "services.csv").write_text(longer + "S3,1,Three,3.00\n")

    during = sync_folder(sqlite_store, 1, tmp_path, progress=somebody_writes)
    assert during.notes == ["services.csv is still being written; the next sync reads it."]
    assert sync_folder(sqlite_store, 1, tmp_path).files["services"] == FileCounts(3, 1, 2, 0)


def test_an_empty_watched_folder_is_nothing_to_do(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path / "first")
    (tmp_path / "empty").mkdir()
    assert sync_folder(sqlite_store, 1, tmp_path / "empty").files == {}


def test_a_processors_card_finds_its_patient_when_the_files_come(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    with transaction(sqlite_store) as session:
        session.add(Practice(id=1))
        session.flush()
        session.add(Connection(id=7, kind="fortis", name="Fortis", created_at=clock.now()))
        session.flush()
        session.add(ProcessorContact(connection_id=7, external_id="c1", ehr_id="P1", first_name="Zoe"))
        session.add(Card(connection_id=7, external_id="t1", contact_ref="c1", last_four="4242"))
    load(sqlite_store, tmp_path)
    with reader(sqlite_store) as session:
        owner = select(Patient.external_id).join(Card, Card.patient_id == Patient.id)
        assert session.execute(owner.where(Card.external_id == "t1")).scalar() == "P1"


def test_several_locations_need_a_patients_location(sqlite_store: Engine, tmp_path: Path) -> None:
    two = TEXTS["locations"] + "L2,Oak Street,America/Phoenix,,,\n"
    result = load(sqlite_store, tmp_path, locations=two, patients=with_cell("patients", "location_id", ""))
    assert result.quarantine[0].reason == (
        "location_id is empty and the practice has 2 locations: which one?"
    )


def test_wall_clocks_of_a_skipped_and_of_a_doubled_hour(sqlite_store: Engine, tmp_path: Path) -> None:
    for wall, utc in (("2026-03-08T02:30", "09:30"), ("2026-11-01T01:30", "07:30")):
        load(sqlite_store, tmp_path, appointments=with_cell("appointments", "starts_at", wall))
        assert f"{rows_of(sqlite_store, 'appointments')['A1']['starts_at']:%H:%M}" == utc


def test_the_sample_files_load_without_a_bad_row(sqlite_store: Engine) -> None:
    samples = Path(__file__).parents[2] / "data" / "samples"
    first = import_folder(sqlite_store, samples)
    assert (first.errors, first.quarantine, first.unknown_columns) == ([], [], {})
    assert len(first.files) == 17
    again = import_folder(sqlite_store, samples)
    assert {name: c.unchanged for name, c in again.files.items()} == {
        name: c.rows for name, c in first.files.items()
    }
