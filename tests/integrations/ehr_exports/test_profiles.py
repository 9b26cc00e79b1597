"""The built-in profiles: found by their columns, sound in themselves, and never looking at what is not to be stored."""

import zipfile
from pathlib import Path

import pytest

from core.errors import BadInput
from core.integrations.ehr_exports.context import plain
from core.integrations.ehr_exports.finding import best, match
from core.integrations.ehr_exports.profile import built_in, read_profile, written_profile
from core.integrations.ehr_exports.sheets import encoding_of, sheets_in
from core.integrations.practice_files.columns import FILES
from tests.ehr_books import write_book
from tests.ehr_shapes import DRCHRONO, JANE, PRACTICE_FUSION, SQUARE, STRIPE, write_export

SHAPES = {
    "jane": JANE,
    "drchrono": DRCHRONO,
    "practice_fusion": PRACTICE_FUSION,
    "square": SQUARE,
    "stripe": STRIPE,
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_right_profile_is_found_without_being_told(name: str, tmp_path: Path) -> None:
    found = best(built_in().values(), sheets_in(write_export(tmp_path, SHAPES[name])).sheets)
    assert found is not None
    assert found.profile.profile == name
    assert len(found.opened) == len(SHAPES[name])


def test_batches_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        (tmp_path / f"demographics_{number}.csv").write_text("id,chart_id\n1,2\n")
    assert [sheet.name for sheet in sheets_in(tmp_path).sheets] == [
        f"demographics_{n}.csv" for n in (1, 2, 10)
    ]


def test_a_report_with_notes_is_not_taken_for_the_patient_list(tmp_path: Path) -> None:
    (tmp_path / "Hill_Notes_2026.csv").write_text(
        "patient_guid,patient_first_name,patient_last_name,birth_date,email,notes\nhill-1,A,B,2000-01-01,a@b.example,x\n"
    )
    assert best(built_in().values(), sheets_in(tmp_path).sheets) is None


def test_columns_are_compared_without_spaces_but_a_sign_makes_a_difference() -> None:
    assert plain(" Date of  birth ") == plain("date_of_birth")
    assert plain("Paid?") != plain("Paid")
    assert plain("How did you hear? | ¿Cómo?") == plain("How did you hear?|¿Cómo?  ")


@pytest.mark.parametrize("profile", built_in().values(), ids=lambda each: each.profile)
def test_no_profile_reads_a_column_that_is_never_stored(profile) -> None:
    never = {plain(name) for name in profile.never}
    for table in profile.tables:
        text = table.model_dump_json(by_alias=True)
        read = {plain(each) for each in _strings(table.model_dump(by_alias=True)["rows"]) if each}
        assert not (read & never), (table.table, text[:80])


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


@pytest.mark.parametrize("profile", built_in().values(), ids=lambda each: each.profile)
def test_a_profile_names_our_files_and_columns_and_survives_being_written(profile) -> None:
    for table in profile.tables:
        for row in table.rows:
            columns = [column.name for column in FILES[row.file].columns]
            assert set(row.cells) <= set(columns), (table.table, row.file)
            assert columns[0] in row.cells
    assert read_profile(written_profile(profile)) == profile


def test_a_profile_that_is_not_one_says_where() -> None:
    with pytest.raises(BadInput, match="tables"):
        read_profile('{"profile": "mine", "title": "Mine"}')


def test_a_workbook_is_read_by_the_sheet_that_has_the_columns(tmp_path: Path) -> None:
    rows = [
        line.split(",")
        for line in ["id,start_at,patient_guid,state", "7,2026-11-16 09:00:00 -0700,hill-1,booked"]
    ]
    write_book(tmp_path / "Hill_Appointments_1.xlsx", {"About": [["Example"]], "Export": rows})
    found = match(built_in()["jane"], sheets_in(tmp_path).sheets)
    assert [(opened.sheet.book, opened.table.table) for opened in found.opened] == [
        ("Export", "appointments")
    ]


def test_a_long_number_of_a_workbook_has_lost_its_digits_and_says_so(tmp_path: Path) -> None:
    write_book(tmp_path / "ids.xlsx", {"S": [["Patient ID", "Count"], [1558354464010667075.0, 3.0]]})
    (sheet,) = sheets_in(tmp_path).sheets
    assert list(sheet.lines())[1].cells == ["1.558354E+18", "3"]


def test_a_title_above_the_header_and_a_sep_line_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "Hill_Patients_1.csv").write_text(
        "sep=;\nHill Clinic;Patient List\nPatient Guid;First Name;Last Name;Birth Date\nhill-1;Nadia;Okonkwo;1979-05-02\n"
    )
    (opened,) = match(built_in()["jane"], sheets_in(tmp_path).sheets).opened
    assert [(line.number, line.cells[0]) for line in opened.lines()] == [(4, "hill-1")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_accents_arrive_in_whatever_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "patients.csv"
    path.write_bytes("Patient ID,First Name,Last Name\n1,José,Ñáñez\n2,Zoë,Müller\n".encode(encoding))
    (sheet,) = sheets_in(path).sheets
    assert list(sheet.lines())[1].cells[1:] == ["José", "Ñáñez"]
    assert encoding_of(lambda: path.open("rb")).replace("_", "-") in {encoding, "cp1252"}


def test_a_zip_is_read_like_its_folder_and_a_split_archive_is_explained(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "tree", DRCHRONO)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in sorted(folder.rglob("*.csv")):
            archive.write(path, path.relative_to(folder))
    inside = sheets_in(tmp_path / "export.zip")
    assert [sheet.name for sheet in inside.sheets] == [sheet.name for sheet in sheets_in(folder).sheets]
    (folder / "MyExport.7z.001").write_bytes(b"7z")
    (said,) = sheets_in(folder).left_out
    assert "Unpack it first" in said


def test_a_row_that_breaks_off_at_the_end_of_a_file_is_no_row(tmp_path: Path) -> None:
    (tmp_path / "Hill_Patients_1.csv").write_text(
        "Patient Guid,First Name,Last Name,Birth Date\nhill-1,A,B,2000-01-01\nhill-2,C"
    )
    (opened,) = match(built_in()["jane"], sheets_in(tmp_path).sheets).opened
    assert [line.fault for line in opened.lines()] == ["", "the file breaks off in this line"]


def test_a_list_that_looks_like_the_patients_but_is_called_otherwise_is_not_taken_for_them(
    tmp_path: Path,
) -> None:
    folder = write_export(tmp_path, PRACTICE_FUSION)
    (folder / "patient-guarantors.tsv").write_text(
        "PatientPracticeGuid\tFirstName\tLastName\tBirthDate\tIsActive\nx\tA\tB\t01/02/2000\tTrue\n"
    )
    found = match(built_in()["practice_fusion"], sheets_in(folder).sheets)
    assert [sheet.shown for sheet in found.left_out] == ["patient-guarantors.tsv"]
