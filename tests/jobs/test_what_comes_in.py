"""Right rows from what really comes in: damaged ids, doubled keys, footers, cut-off ends, harmless spellings."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.jobs.practice_files.load import import_folder
from core.jobs.practice_files.result import FileCounts, ImportResult
from tests.a_practice import FILES as TEXTS
from tests.a_practice import with_cell, write_practice
from tests.jobs.test_import import load, rows_of

PEOPLE = "patient_id,location_id,first_name,last_name,birth_date,email,mobile_phone,active,text_consent\n"
VISITS = "appointment_id,patient_id,provider_id,appointment_type_id,starts_at,minutes,status\n"


def people(*rows: str) -> str:
    return PEOPLE + "".join(f"{row}\n" for row in rows)


def visits(*rows: str) -> str:
    return VISITS + "".join(f"{row}\n" for row in rows)


def quiet(**texts: str) -> dict[str, str | None]:
    """Files of people and visits alone: nothing else refers to those that are missing."""
    kept = {name: TEXTS[name] for name in ("locations", "providers", "appointment_types", "services")}
    return {**dict.fromkeys(TEXTS), **kept, **texts}


def reasons(result: ImportResult, file: str) -> list[tuple[int | None, str]]:
    return [(entry.line, entry.reason) for entry in result.quarantine if entry.file == file]


# ids


@pytest.mark.parametrize(
    "damaged", ["1.67683E+15", "1.67683e+15", '"1,67683E+15"', "9E+05", "2.5E18", '"=""1.2E+10"""']
)
def test_an_id_that_a_spreadsheet_has_shortened_is_nobodys(
    sqlite_store: Engine, tmp_path: Path, damaged: str
) -> None:
    result = load(
        sqlite_store,
        tmp_path,
        **quiet(
            patients=people(f"{damaged},L1,Ana,One,1980-01-01,,,,", f"{damaged},L1,Bob,Two,1981-02-02,,,,", "P9,L1,Dee,Four,,,,,"),
            appointments=visits(f"A1,{damaged},D1,T1,2026-11-23T09:00,15,scheduled", "A2,P9,D1,T1,2026-11-23T10:00,15,scheduled"),
        ),
    )  # fmt: skip
    assert list(rows_of(sqlite_store, "patients")) == ["P9"]
    assert list(rows_of(sqlite_store, "appointments")) == ["A2"]
    assert (result.files["patients"].quarantined, result.files["appointments"].quarantined) == (2, 1)
    assert all("a spreadsheet has shortened" in reason for _line, reason in reasons(result, "appointments"))


@pytest.mark.parametrize(("file", "column"), [("payments", "plan_id"), ("plans", "card_id"), ("appointments", "provider_id"), ("memberships", "membership_plan_id"), ("patients", "guarantor_id"), ("payments", "refund_of")])  # fmt: skip
def test_a_damaged_reference_costs_its_row(
    sqlite_store: Engine, tmp_path: Path, file: str, column: str
) -> None:
    result = load(sqlite_store, tmp_path, **{file: with_cell(file, column, "4.00123E+12")})
    assert next(entry.column for entry in result.quarantine if entry.file == file) == column


def test_an_order_number_that_is_damaged_is_only_unknown(sqlite_store: Engine, tmp_path: Path) -> None:
    result = load(sqlite_store, tmp_path, payments=with_cell("payments", "order_id", "4.00123E+12"))
    assert rows_of(sqlite_store, "payments")["Y1"]["order_id"] is None
    assert result.as_json()["unknown_cells"] == {"payments.order_id": 1}


@pytest.mark.parametrize("ordinary", ["12E5", "E15", "1E5", "2026-E+1", "1.5.E+2", "A1.2E+3"])
def test_ordinary_ids_with_an_e_stay(sqlite_store: Engine, tmp_path: Path, ordinary: str) -> None:
    load(sqlite_store, tmp_path, services=f"service_id,name\n{ordinary},One\n")
    assert list(rows_of(sqlite_store, "services")) == [ordinary]


@pytest.mark.parametrize("guarded", ['"=""00001"""', "'00001", '="00001"', "'00001'"])
def test_an_id_that_is_kept_safe_from_a_spreadsheet_meets_its_plain_self(
    sqlite_store: Engine, tmp_path: Path, guarded: str
) -> None:
    load(
        sqlite_store,
        tmp_path,
        **quiet(
            patients=people(f"{guarded},L1,Ana,One,\"=\"\"1980-01-01\"\"\",,\"=\"\"3035550111\"\"\",,"),
            appointments=visits("A1,00001,D1,T1,2026-11-23T09:00,15,scheduled", f"A2,{guarded},D1,T1,2026-11-24T09:00,15,scheduled"),
        ),
    )  # fmt: skip
    patient = rows_of(sqlite_store, "patients")["00001"]
    assert (patient["birth_date"], patient["mobile_phone"]) == (date(1980, 1, 1), "+13035550111")
    assert {row["patient_id"] for row in rows_of(sqlite_store, "appointments").values()} == {"00001"}


def test_an_apostrophe_that_belongs_to_a_name_stays(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path, **quiet(patients=people("P1,L1,Jan,'t Hooft,1980-01-01,,'+13035550111,,")))
    patient = rows_of(sqlite_store, "patients")["P1"]
    assert (patient["last_name"], patient["mobile_phone"]) == ("'t Hooft", "+13035550111")


# one key, one thing


def test_people_who_share_a_key_all_wait_with_what_rests_on_them_however_far_apart_they_stand(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    between = [f"P{n},L1,Ana,One,1980-01-01,,,," for n in range(100, 6_000)]
    files = quiet(
        patients=people("P7,L1,Ana,One,1980-01-01,,,,", *between, "P7,L1,Bob,Two,1980-01-01,,,,"),
        appointments=visits("A1,P7,D1,T1,2026-11-23T09:00,15,scheduled"),
    )
    result = load(sqlite_store, tmp_path, **files)
    assert "P7" not in rows_of(sqlite_store, "patients")
    assert rows_of(sqlite_store, "appointments") == {}
    assert [line for line, reason in reasons(result, "patients") if "doubled key" in reason] == [2, 5_903]
    mended = load(
        sqlite_store,
        tmp_path,
        **files | quiet(patients=people("P7,L1,Ana,One,1980-01-01,,,,")) | {"appointments": VISITS},
    )
    assert mended.files["patients"].quarantined == 0
    assert rows_of(sqlite_store, "appointments")["A1"]["patient_id"] == "P7"


@pytest.mark.parametrize(
    ("first", "second", "doubled"),
    [
        ("P7,L1,Ana,One,1980-01-01,a@mail.example,,,", "P7,L1,ANA,Öne,1980-01-01 00:00:00,b@mail.example,,,", False),
        ("P7,L1,Ana,One,,,,,", "P7,L1,Ana,One,1980-01-01,,,,", False),
        ("P7,L1,Ana,One,1980-01-01,,,,", "'P7,L1,Ana,One,1990-01-01,,,,", True),
        ("P7,L1,Ana,One,1980-01-01,,,,", "P7,L1,Ben,One,1980-01-01,,,,", True),
    ],
)  # fmt: skip
def test_two_lines_of_one_key_are_one_person_unless_name_or_birth_date_differ(
    sqlite_store: Engine, tmp_path: Path, first: str, second: str, doubled: bool
) -> None:
    result = load(sqlite_store, tmp_path, **quiet(patients=people(first, second)))
    assert result.files["patients"] == (FileCounts(2, 0, 0, 2) if doubled else FileCounts(2, 1, 1, 0))


def test_a_stored_patients_visits_wait_while_the_key_stands_for_two(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    one = people("P7,L1,Ana,One,1980-01-01,,,,")
    load(sqlite_store, tmp_path, **quiet(patients=one))
    load(sqlite_store, tmp_path, **quiet(patients=one + "P7,L1,Bob,Two,1981-01-01,,,,\n"))
    later = load(
        sqlite_store,
        tmp_path,
        **quiet(patients=PEOPLE, appointments=visits("A1,P7,D1,T1,2026-11-23T09:00,15,scheduled")),
    )
    assert reasons(later, "appointments") == [(2, "patient_id P7 is not in patients")]
    assert rows_of(sqlite_store, "patients")["P7"]["first_name"] == "Ana"


def test_one_visit_of_two_people_under_one_key_waits(sqlite_store: Engine, tmp_path: Path) -> None:
    rows = ("A1,P1,D1,T1,2026-11-23T09:00,15,scheduled", "A1,P2,D1,T1,2026-11-23T09:00,15,scheduled")
    result = load(sqlite_store, tmp_path, **quiet(patients=TEXTS["patients"], appointments=visits(*rows)))
    assert result.files["appointments"] == FileCounts(2, 0, 0, 2)


# ends and footers


@pytest.mark.parametrize("footer", ["Total,,,,,,,,", "Total Patients: 2,,,,,,,,", "Report generated 2026-11-23 14:05 by Front Desk,,,,,,,,", "Report generated 2026-11-23", "Page 1 of 1", "(2 rows affected)", ",,,Total,2,,,,", "Grand total:,2,,,,,,,", "*** End of report ***", "Printed on 11/23/2026,,,,,,,,", "2 records found", "----------,,,,,,,,", "Count,2,,,,,,,", PEOPLE.strip()])  # fmt: skip
def test_totals_and_footers_are_set_aside(sqlite_store: Engine, tmp_path: Path, footer: str) -> None:
    rows = ("P1,L1,Ana,One,1980-01-01,,,,", "P2,L1,Bob,Two,1981-01-01,,,,")
    result = load(sqlite_store, tmp_path, **quiet(patients=people(*rows, footer)))
    assert result.files["patients"] == FileCounts(3, 2, 0, 0, 1)
    assert result.as_json()["set_aside"][0]["line"] == 4
    assert sorted(rows_of(sqlite_store, "patients")) == ["P1", "P2"]


@pytest.mark.parametrize("file", ["payments", "ledger", "appointments", "instalments", "cards"])
def test_a_total_below_any_file_is_set_aside(sqlite_store: Engine, tmp_path: Path, file: str) -> None:
    width = TEXTS[file].partition("\n")[0].count(",")
    result = load(sqlite_store, tmp_path, **{file: TEXTS[file] + "Total" + "," * (width - 1) + ",169.00\n"})
    assert (result.files[file].set_aside, result.files[file].quarantined) == (1, 0)


def test_a_key_and_nothing_else_is_no_patient_and_a_person_called_total_is_one(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    rows = ("P77,,,,,,,,", "P78,L1,Totally,Page,1980-01-01,,,,")
    result = load(sqlite_store, tmp_path, **quiet(patients=people(*rows)))
    assert list(rows_of(sqlite_store, "patients")) == ["P78"]
    assert reasons(result, "patients")[0][1].startswith("the row has a key and nothing else")


CUT = [
    ("ledger", "entry_id,patient_id,posted_on,kind,part,amount\n", "E{n},P1,2026-11-0{n},charge,patient,120.00\n", "E9,P1,2026-11-05,charge,patient,12"),
    ("ledger", "entry_id,patient_id,posted_on,kind,part,amount\n", "E{n},P1,2026-11-0{n},charge,patient,1200.00\n", "E9,P1,2026-11-05,charge,patient,1200.0"),
    ("ledger", "entry_id,patient_id,posted_on,kind,part,amount,description\n", "E{n},P1,2026-11-0{n},charge,patient,1200.00,Visit\n", "E9,P1,2026-11-05,charge,patient"),
    ("ledger", "entry_id,patient_id,kind,part,amount,posted_on\n", "E{n},P1,charge,patient,1.00,2026-11-0{n}\n", "E9,P1,charge,patient,1.00,2026-11-1"),
    ("appointments", VISITS, "A{n},P1,D1,T1,2026-11-23T09:0{n},15,scheduled\n", "A9,P1,D1,T1,2026-11-23T09:00,15,sched"),
    ("appointments", "appointment_id,status,starts_at,patient_id\n", "A{n},scheduled,2026-11-23T09:0{n},P1\n", "A9,scheduled,2026-11-23T09:00,P"),
    ("patients", PEOPLE, "P{n},L1,Ana,One,1980-01-01,,,yes,yes\n", "P9,L1,Ana,One,1980-01-01,,,yes,"),
    ("instalments", "instalment_id,plan_id,due_date,amount\n", "I{n},N1,2026-11-01,149\n", "I9,N1,2026-11-01,14"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "header", "row", "last"), CUT)
@pytest.mark.parametrize("tail", ["", "\0" * 512])
def test_a_last_line_that_breaks_off_waits_and_the_rest_is_read(
    sqlite_store: Engine, tmp_path: Path, file: str, header: str, row: str, last: str, tail: str
) -> None:
    text = header + "".join(row.format(n=n) for n in range(1, 5)) + last + tail
    result = load(sqlite_store, tmp_path, **{file: text})
    assert result.files[file] == FileCounts(5, 4, 0, 1)
    assert [entry.line for entry in result.quarantine if entry.file == file] == [6]
    assert (
        f"{file}.csv breaks off in its last line, which waits in quarantine; the rest was read."
        in result.notes
    )


@pytest.mark.parametrize(("file", "header", "row", "_last"), CUT)
def test_a_file_without_a_last_line_end_is_whole_when_its_last_line_is_like_the_others(
    sqlite_store: Engine, tmp_path: Path, file: str, header: str, row: str, _last: str
) -> None:
    text = header + "".join(row.format(n=n) for n in range(1, 5))
    result = load(sqlite_store, tmp_path, **{file: text.rstrip("\n")})
    assert result.files[file] == FileCounts(4, 4, 0, 0)


# harmless spellings


@pytest.mark.parametrize(
    "prologue",
    [b"sep=,\n", b"\xef\xbb\xbf\xef\xbb\xbf", b'\xef\xbb\xbf"sep=,"\r\n', b"\n\n", b"\xef\xbb\xbfsep=,\n\xef\xbb\xbf", b"Patient list,,\nMaple Street,,\n\n"],
)  # fmt: skip
def test_what_stands_above_the_header_costs_nothing(
    sqlite_store: Engine, tmp_path: Path, prologue: bytes
) -> None:
    folder = write_practice(tmp_path, **quiet())
    rows = people("P1,L1,Ana,One,1980-01-01,,,,", "P2,L1,Bob,Two,1981-01-01,,,,")
    (folder / "patients.csv").write_bytes(prologue + rows.encode())
    assert import_folder(sqlite_store, folder).files["patients"] == FileCounts(2, 2, 0, 0)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252"])
def test_every_encoding_with_a_line_about_the_delimiter(
    sqlite_store: Engine, tmp_path: Path, encoding: str
) -> None:
    folder = write_practice(tmp_path, **quiet())
    text = "sep=;\r\n" + people("P1,L1,Zoë,One,1980-01-01,,,,").replace(",", ";").replace("\n", "\r\n")
    (folder / "patients.csv").write_bytes(text.encode(encoding))
    assert import_folder(sqlite_store, folder).files["patients"].stored == 1
    assert rows_of(sqlite_store, "patients")["P1"]["first_name"] == "Zoë"


def test_empty_cells_missing_or_too_many_at_a_lines_end_are_empty_and_told(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    rows = (
        "P1,L1,Ana,One,1980-01-01",
        "P2,L1,Bob,Two",
        "P3,L1,Cy,Three,1980-01-03,,,,,",
        "P4,L1,Dee,Four,,,,,,,,,",
    )
    result = load(sqlite_store, tmp_path, **quiet(patients=people(*rows)))
    assert result.files["patients"] == FileCounts(4, 4, 0, 0)
    assert (
        "patients.csv: 2 rows end early; their missing last cells are taken as empty (of 9)." in result.notes
    )
    assert "patients.csv: 2 rows have empty cells too many, which were left out." in result.notes


NOTHING = ["NULL", "null", "\\N", "N/A", "#N/A", "(null)", "None", "-", "NaN"]


@pytest.mark.parametrize("word", NOTHING)
def test_a_word_for_nothing_is_an_empty_cell(sqlite_store: Engine, tmp_path: Path, word: str) -> None:
    row = f"P1,L1,Ana,One,{word},{word},{word},{word},{word}"
    result = load(sqlite_store, tmp_path, **quiet(patients=people(row)))
    patient = rows_of(sqlite_store, "patients")["P1"]
    assert (patient["birth_date"], patient["email"], patient["mobile_phone"]) == (None, None, None)
    assert (patient["active"], patient["text_consent"]) == (True, None)
    assert f"patients line 2: birth_date “{word}” is read as empty." in result.notes
    assert result.as_json()["unknown_cells"] == {}


@pytest.mark.parametrize(("written", "name"), [("NULL", ""), ("\\N", ""), ("N/A", ""), ("none", ""), ("Null", "Null"), ("Na", "Na"), ("None", "None")])  # fmt: skip
def test_nobody_is_called_null_but_mr_null(
    sqlite_store: Engine, tmp_path: Path, written: str, name: str
) -> None:
    load(sqlite_store, tmp_path, **quiet(patients=people(f"P1,L1,Ana,{written},1980-01-01,,,,")))
    assert rows_of(sqlite_store, "patients")["P1"]["last_name"] == name


@pytest.mark.parametrize("end", ["9999-12-31", "1900-01-01", "1753-01-01", "0000-00-00", "2999-12-31", "9999-12-31 00:00:00", "1899-12-30", "NULL"])  # fmt: skip
def test_an_end_that_no_calendar_has_is_no_end(sqlite_store: Engine, tmp_path: Path, end: str) -> None:
    result = load(
        sqlite_store,
        tmp_path,
        memberships=with_cell("memberships", "end_date", end),
        coverages=with_cell("coverages", "active_to", end),
        plans=with_cell("plans", "end_date", end),
    )
    assert result.quarantine == []
    assert rows_of(sqlite_store, "memberships")["E1"]["end_date"] is None
    assert rows_of(sqlite_store, "coverages")["C1"]["active_to"] is None
    assert rows_of(sqlite_store, "plans")["N1"]["end_date"] is None


@pytest.mark.parametrize("midnight", ["1980-05-01 00:00:00", "1980-05-01T00:00:00", "1980-05-01 00:00:00.000", "1980-05-01T00:00:00Z", "1980-05-01 00:00", "1980-05-01T00:00:00.0000000"])  # fmt: skip
def test_midnight_is_the_day(sqlite_store: Engine, tmp_path: Path, midnight: str) -> None:
    result = load(sqlite_store, tmp_path, patients=with_cell("patients", "birth_date", midnight))
    assert rows_of(sqlite_store, "patients")["P1"]["birth_date"] == date(1980, 5, 1)
    assert result.notes == ["patients line 2: birth_date has a time of day beside the date; the day counts."]


@pytest.mark.parametrize(("word", "means"), [("Y", True), ("n", False), ("T", True), ("F", False), ("-1", True), ("0", False), ("TRUE", True), ("on", True)])  # fmt: skip
def test_yes_and_no_in_a_letter(sqlite_store: Engine, tmp_path: Path, word: str, means: bool) -> None:
    load(sqlite_store, tmp_path, patients=with_cell("patients", "text_consent", word))
    assert rows_of(sqlite_store, "patients")["P1"]["text_consent"] is means


UNREADABLE = [
    ("patients", "birth_date", "1984-02-30", "birth_date"),
    ("patients", "birth_date", "02/29/1984", "birth_date"),
    ("patients", "text_consent", "perhaps", "text_consent"),
    ("coverages", "coinsurance_percent", "120", "coinsurance_basis_points"),
    ("services", "price", "-65.00", "price_cents"),
    ("memberships", "end_date", "later", "end_date"),
    ("memberships", "anchor_day", "32", "anchor_day"),
    ("cards", "last_four", "424242", "last_four"),
    ("patients", "mobile_phone", "ask mother", "mobile_phone"),
    ("appointments", "minutes", "a while", "minutes"),
]


@pytest.mark.parametrize(("file", "column", "cell", "target"), UNREADABLE)
def test_a_cell_that_may_be_empty_and_cannot_be_read_is_unknown_and_counted(
    sqlite_store: Engine, tmp_path: Path, file: str, column: str, cell: str, target: str
) -> None:
    result = load(sqlite_store, tmp_path, **{file: with_cell(file, column, cell)})
    assert result.quarantine == []
    assert next(iter(rows_of(sqlite_store, file).values()))[target] is None
    assert result.as_json()["unknown_cells"] == {f"{file}.{column}": 1}
    assert any(note.startswith(f"{file} line 2: {column} ") for note in result.notes)


# phones

NOBODYS = ["555-0101", "555-5555", "999-999-9999", "000-000-0000", "1234567890", "0", "911", "3.12556E+09", "888-888-8888", "12345", "312 555 01166", "(555) 123-4567", "312-055-1234"]  # fmt: skip
SOMEBODYS = [("312.555.0112 / 312.555.0113", "+13125550112"), ("3125550118 cell", "+13125550118"), ("3125550114.0", "+13125550114"), ("(312) 555-0117 (wife)", "+13125550117"), ("'+13125550119", "+13125550119"), ("011 44 20 7946 0958", "+442079460958"), ("1-312-555-0115", "+13125550115")]  # fmt: skip


@pytest.mark.parametrize("written", NOBODYS)
def test_a_number_that_nobody_can_have_is_left_out_with_a_note(
    sqlite_store: Engine, tmp_path: Path, written: str
) -> None:
    result = load(sqlite_store, tmp_path, patients=with_cell("patients", "mobile_phone", written))
    assert rows_of(sqlite_store, "patients")["P1"]["mobile_phone"] is None
    assert result.notes == [
        "patients line 2: mobile_phone is not a phone number; the row is stored without it."
    ]


@pytest.mark.parametrize(("written", "number"), SOMEBODYS)
def test_a_number_is_read_however_it_is_written(
    sqlite_store: Engine, tmp_path: Path, written: str, number: str
) -> None:
    load(sqlite_store, tmp_path, patients=with_cell("patients", "mobile_phone", written))
    assert rows_of(sqlite_store, "patients")["P1"]["mobile_phone"] == number
