"""Rows a whole source no longer sends are gone; too many at once, or a file cut off, and a person is asked (DOMAIN §0)."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from core.connections.losses import answer_loss, open_losses
from core.errors import NotFound
from core.jobs.practice_files.load import import_folder, sync_folder
from core.jobs.practice_files.result import FileCounts, ImportResult
from core.jobs.practice_files.rows import table_of
from core.store.engine import reader, transaction
from tests.a_practice import write_practice
from tests.jobs.test_what_comes_in import people, quiet, visits

TEN = [f"P{n},L1,Ana,One{n},1980-01-01,,,," for n in range(10)]


def here(engine: Engine, file: str) -> set[str]:
    """External ids of the rows that are not gone."""
    table = table_of(file)
    with reader(engine) as session:
        return set(session.execute(select(table.c.external_id).where(table.c.gone_at.is_(None))).scalars())


def whole(engine: Engine, folder: Path, *rows: str, cut: bool = False) -> ImportResult:
    text = people(*rows)
    write_practice(folder, **quiet(patients=text[:-16] if cut else text))
    return import_folder(engine, folder, whole=True)


@pytest.mark.parametrize("left", [9, 8])
def test_up_to_a_fifth_that_is_no_longer_sent_is_gone_and_comes_back_when_it_is_sent_again(
    store: Engine, tmp_path: Path, left: int
) -> None:
    whole(store, tmp_path, *TEN)
    less = whole(store, tmp_path, *TEN[:left])
    assert less.files["patients"] == FileCounts(left, 0, left, 0, 0, 10 - left)
    assert here(store, "patients") == {f"P{n}" for n in range(left)}
    back = whole(store, tmp_path, *TEN)
    assert back.files["patients"] == FileCounts(10, 10 - left, left, 0)
    assert len(here(store, "patients")) == 10


@pytest.mark.parametrize("left", [7, 3, 0])
def test_more_than_a_fifth_at_once_stays_until_a_person_says_that_it_is_gone(
    store: Engine, tmp_path: Path, left: int
) -> None:
    whole(store, tmp_path, *TEN)
    less = whole(store, tmp_path, *TEN[:left])
    assert less.files["patients"].gone == 0
    assert any(f"patients: {10 - left} of 10 rows are no longer sent" in note for note in less.notes)
    assert len(here(store, "patients")) == 10
    with transaction(store) as session:
        (asked,) = open_losses(session)
        assert (asked.missing, asked.held) == (10 - left, 10)
        assert answer_loss(session, None, asked.id, gone=True) == 10 - left
    assert len(here(store, "patients")) == left
    with transaction(store) as session, pytest.raises(NotFound):
        answer_loss(session, None, asked.id, gone=True)


def test_what_a_person_keeps_is_not_asked_about_again(sqlite_store: Engine, tmp_path: Path) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    whole(sqlite_store, tmp_path, *TEN[:5])
    with transaction(sqlite_store) as session:
        answer_loss(session, None, open_losses(session)[0].id, gone=False)
    again = whole(sqlite_store, tmp_path, *TEN[:5])
    assert (again.files["patients"].gone, len(here(sqlite_store, "patients"))) == (0, 10)
    with reader(sqlite_store) as session:
        assert open_losses(session) == []
    one_less = whole(sqlite_store, tmp_path, *TEN[:4])
    assert (one_less.files["patients"].gone, len(here(sqlite_store, "patients"))) == (1, 9)


def test_a_question_is_over_when_the_rows_come_back(sqlite_store: Engine, tmp_path: Path) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    whole(sqlite_store, tmp_path, *TEN[:2])
    write_practice(tmp_path, **quiet(patients=people(*TEN[:6])))
    import_folder(sqlite_store, tmp_path)  # only a part, but these six are there
    with reader(sqlite_store) as session:
        assert [loss.missing for loss in open_losses(session)] == [4]
    whole(sqlite_store, tmp_path, *TEN)
    with reader(sqlite_store) as session:
        assert open_losses(session) == []


def test_a_file_that_breaks_off_makes_nothing_gone(sqlite_store: Engine, tmp_path: Path) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    cut = whole(sqlite_store, tmp_path, *TEN[:9], cut=True)
    assert (cut.files["patients"].quarantined, cut.files["patients"].gone) == (1, 0)
    assert len(here(sqlite_store, "patients")) == 10
    with reader(sqlite_store) as session:
        assert open_losses(session)[0].why == "cut off"


def test_new_rows_do_not_hide_that_all_old_ones_are_missing(sqlite_store: Engine, tmp_path: Path) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    other = [row.replace("P", "Q", 1) for row in TEN * 9]
    changed = whole(sqlite_store, tmp_path, *[f"{n}{row}" for n, row in enumerate(other)])
    assert changed.files["patients"].gone == 0
    assert len(here(sqlite_store, "patients")) == 100


def test_a_row_in_quarantine_was_sent_and_is_not_gone(sqlite_store: Engine, tmp_path: Path) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    doubled = whole(sqlite_store, tmp_path, *TEN, "P9,L1,Other,Person,1990-01-01,,,,")
    assert (doubled.files["patients"].quarantined, doubled.files["patients"].gone) == (2, 0)


def test_a_part_takes_nothing_away(sqlite_store: Engine, tmp_path: Path) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    write_practice(tmp_path, **quiet(patients=people(TEN[0])))
    assert import_folder(sqlite_store, tmp_path).files["patients"].gone == 0
    assert len(here(sqlite_store, "patients")) == 10


def test_a_watched_folder_is_whole_when_it_is_set_so_and_at_every_full_sync(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    write_practice(tmp_path, **quiet(patients=people(*TEN[:9])))
    assert sync_folder(sqlite_store, 1, tmp_path).files["patients"].gone == 0
    assert sync_folder(sqlite_store, 1, tmp_path, whole=True).files["patients"].gone == 1
    write_practice(tmp_path, **quiet(patients=people(*TEN[:8])))
    assert sync_folder(sqlite_store, 1, tmp_path, full=True).files["patients"].gone == 1
    assert sync_folder(sqlite_store, 1, tmp_path, whole=True).files["patients"] == FileCounts(8, 0, 8, 0)


def test_a_visit_of_a_patient_who_is_gone_waits(sqlite_store: Engine, tmp_path: Path) -> None:
    whole(sqlite_store, tmp_path, *TEN)
    visit = visits("A1,P9,D1,T1,2026-11-23T09:00,15,scheduled")
    write_practice(tmp_path, **quiet(patients=people(*TEN[:9]), appointments=visit))
    result = import_folder(sqlite_store, tmp_path, whole=True)
    assert [entry.reason for entry in result.quarantine] == ["patient_id P9 is not in patients"]
