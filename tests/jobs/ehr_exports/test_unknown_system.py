"""A system nobody knows: guessed with reasons, matched by a person, loaded, and loaded again by itself."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.errors import BadInput
from core.integrations.ehr_exports.drafting import MatchedFile, drafted
from core.integrations.ehr_exports.guessing import SheetGuess, guess
from core.integrations.ehr_exports.profile import Profile
from core.integrations.ehr_exports.sheets import sheets_in, sheets_of
from core.jobs.ehr_exports.load import load_sheets
from core.jobs.ehr_exports.result import ExportResult
from tests.ehr_odd import ODD, write_export
from tests.jobs.ehr_exports.test_load import NOW, rows

WORDS = {"Planned": "scheduled", "Done": "completed", "Didnt come": "no_show"}
BY_HAND = {"provider": "Seen By", "type": "What For"}


def guesses() -> dict[str, SheetGuess]:
    return {
        one.sheet.shown: one
        for one in guess(sheets_of((name, text.encode()) for name, text in ODD.items()).sheets)
    }


def matched() -> Profile:
    files = []
    for name, one in guesses().items():
        columns = {slot: each.column for slot, each in one.columns.items()}
        columns |= BY_HAND if one.file == "appointments" else {}
        columns |= {"entry_id": "Slip", "description": "For"} if one.file == "ledger" else {}
        words = WORDS if one.file == "appointments" else {"Current": "true", "Moved away": "false"}
        files.append(MatchedFile(name, one.file, one.names, columns, words if one.file != "ledger" else {}))
    return drafted("oldsystem", "Old system", files, {})


def load(engine: Engine, folder: Path, **how: object) -> ExportResult:
    with clock.frozen(NOW):
        return load_sheets(engine, sheets_in(folder), "odd", answers={"time_zone": "America/Denver"}, **how)  # type: ignore[arg-type]


def test_every_file_and_most_columns_are_guessed_with_a_reason() -> None:
    found = guesses()
    assert {name: one.file for name, one in found.items()} == {
        "people.csv": "patients", "book.csv": "appointments", "money.csv": "ledger",
    }  # fmt: skip
    assert {slot: each.column for slot, each in found["people.csv"].columns.items()} == {
        "patient_id": "Acct #", "patient_name": "Client (Last, First)", "birth_date": "D.O.B.", "mobile_phone": "Cell",
        "email": "E-Mail Addr", "active": "Rec Status",
    }  # fmt: skip
    why = found["book.csv"].columns["date"].why
    assert why == "“Appt Date” is like “appt date”; 100 of 100 values look like dates"
    assert found["book.csv"].theirs[7].words == {"Planned": 2, "Done": 1, "Didnt come": 1}


def test_odd_spellings_come_out_right(sqlite_store: Engine, tmp_path: Path) -> None:
    result = load(sqlite_store, write_export(tmp_path / "odd", ODD), profile=matched())
    assert (result.quarantine, [one["reason"] for one in result.set_aside]) == (
        [],
        ["zero amount, nothing owed"],
    )
    people = rows(sqlite_store, "patients")
    assert {
        key: (row["first_name"], row["last_name"], str(row["birth_date"]), row["active"])
        for key, row in people.items()
    } == {
        "00041": ("Nadia", "Okonkwo", "1979-05-02", True),
        "00042": ("Felix", "Okonkwo", "2011-01-30", True),
        "00043": ("Rosa", "Lindgren", "1950-12-31", False),
    }
    visits = rows(sqlite_store, "appointments")
    assert {
        key: (row["patient_id"], row["starts_at"], row["minutes"], row["status"])
        for key, row in visits.items()
    } == {
        "B1": ("00041", datetime(2026, 11, 23, 16, tzinfo=UTC), 20, "scheduled"),
        "B2": ("00042", datetime(2026, 11, 24, 20, 30, tzinfo=UTC), 20, "scheduled"),
        "B3": ("00043", datetime(2026, 11, 16, 19, 15, tzinfo=UTC), 20, "completed"),
        "B4": ("00043", datetime(2026, 11, 17, 23, tzinfo=UTC), 20, "no_show"),
    }
    assert {key: (row["kind"], row["amount_cents"]) for key, row in rows(sqlite_store, "ledger").items()} == {
        "S1:charge": ("charge", 123_450), "S1:payment": ("payment", 20_000), "S2:charge": ("charge", 6_500),
        "S2:payment": ("payment", 6_500), "S3:charge back": ("adjustment", 4_500), "S3:payment back": ("refund", 2_000),
    }  # fmt: skip


def test_the_next_export_is_known_without_being_told(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path / "odd", ODD)
    load(sqlite_store, folder, profile=matched())
    again = load(sqlite_store, folder)
    assert (again.profile, sum(counts.stored for counts in again.files.values())) == ("oldsystem", 0)


def test_two_people_of_one_name_are_not_guessed_apart(sqlite_store: Engine, tmp_path: Path) -> None:
    twice = ODD["people.csv"] + '00044,"Okonkwo, Nadia",02/02/99,,,Current\n'
    result = load(
        sqlite_store, write_export(tmp_path / "odd", ODD | {"people.csv": twice}), profile=matched()
    )
    told = [(one["file"], one["line"], one["reason"][:18]) for one in result.quarantine]
    assert told == [
        ("book.csv", 2, "2 rows of people.c"),
        ("money.csv", 3, "2 rows of people.c"),
        ("money.csv", 4, "2 rows of people.c"),
    ]


def test_what_is_still_missing_is_said() -> None:
    one = guesses()["book.csv"]
    with pytest.raises(BadInput, match=r"book\.csv: say which column is Start \(date and time\) or Date"):
        drafted(
            "x",
            "X",
            [MatchedFile("book.csv", "appointments", one.names, {"patient_name": "Client (Last, First)"})],
            {},
        )
    with pytest.raises(BadInput, match="name"):
        drafted(" ", "X", [], {})


def test_a_status_word_that_was_not_matched_is_asked_and_never_taken_for_scheduled(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    changed = ODD | {"book.csv": ODD["book.csv"].replace(",Done,", ",Maybe later,")}
    result = load(sqlite_store, write_export(tmp_path / "odd", changed), profile=matched())
    assert list(result.questions) == ["status.Maybe later"]
    assert "B3" not in rows(sqlite_store, "appointments")
