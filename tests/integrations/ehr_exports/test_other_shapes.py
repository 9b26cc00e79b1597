"""The same export as another person would hand it over: other order, other spelling, other kind of file, with footers and
extra columns. It comes to the same rows, always."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.integrations.ehr_exports.answers import Answers
from core.integrations.ehr_exports.apply import Made, apply
from core.integrations.ehr_exports.context import Setting
from core.integrations.ehr_exports.finding import best
from core.integrations.ehr_exports.fold import fold
from core.integrations.ehr_exports.profile import built_in
from core.integrations.ehr_exports.sheets import sheets_in
from tests.ehr_books import Value, write_book
from tests.ehr_shapes import DRCHRONO, JANE, PRACTICE_FUSION, SQUARE, STRIPE

SHAPES = {
    "jane": JANE,
    "drchrono": DRCHRONO,
    "practice_fusion": PRACTICE_FUSION,
    "square": SQUARE,
    "stripe": STRIPE,
}
DENVER = {"time_zone": "America/Denver"}
Rows = list[list[str]]
Write = Callable[[Path, dict[str, Rows]], Path]
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)")


def made_of(path: Path, answers: dict[str, str] = DENVER) -> tuple[str, Made]:
    """The rows an export comes to, and whose it is."""
    found = best(built_in().values(), sheets_in(path).sheets)
    assert found is not None
    setting = Setting(datetime(2026, 11, 18, 20, tzinfo=UTC), Answers(answers))
    made = apply(found, setting)
    fold(made, setting, "Hill")
    return found.profile.profile, made


def said(made: Made) -> dict[str, list[tuple[str, ...]]]:
    return {file: sorted(tuple(row.cells) for row in rows) for file, rows in made.rows.items()}


def texts(*, delimiter: str = "", encoding: str = "utf-8", end: str = "\n", quoting: int = 0) -> Write:
    def write(folder: Path, files: dict[str, Rows]) -> Path:
        for name, rows in files.items():
            out = io.StringIO()
            sign = delimiter or ("\t" if name.endswith(".tsv") else ",")
            csv.writer(out, delimiter=sign, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
            path = folder / (re.sub(r"\.\w+$", ".txt", name) if delimiter else name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(out.getvalue().encode(encoding))
        return folder

    return write


def books(value: Callable[[str], Value]) -> Write:
    def write(folder: Path, files: dict[str, Rows]) -> Path:
        for name, (header, *rows) in files.items():
            typed = [[value(cell) for cell in row] for row in rows]
            write_book(folder / re.sub(r"\.\w+$", ".xlsx", name), {"Export": [header, *typed]})
        return folder

    return write


def zipped(folder: Path, files: dict[str, Rows]) -> Path:
    plain = texts()(folder / "plain", files)
    with zipfile.ZipFile(folder / "inner.zip", "w") as inner:
        for path in sorted(plain.rglob("*.*")):
            inner.write(path, f"My export/{path.relative_to(plain)}")
    with zipfile.ZipFile(folder / "outer.zip", "w") as outer:
        outer.write(folder / "inner.zip", "download/inner.zip")
    return folder / "outer.zip"


def typed(cell: str) -> Value:
    """A cell as a spreadsheet keeps it: dates as dates, numbers as numbers."""
    if found := _MOMENT.fullmatch(cell):
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001  # a wall clock's
    if found := _DAY.fullmatch(cell):
        return date(*map(int, found.groups()))
    return float(cell) if re.fullmatch(r"\d+\.\d+|[1-9]\d{0,9}", cell) else cell


def american(cell: str) -> str:
    if found := _MOMENT.fullmatch(cell):
        year, month, day, hour, minute, second = map(int, found.groups())
        half = "AM" if hour < 12 else "PM"
        return f"{month}/{day}/{year} {(hour - 1) % 12 + 1}:{minute:02}:{second:02} {half}"
    found = _DAY.fullmatch(cell)
    return f"{int(found[2])}/{int(found[3])}/{found[1][2:]}" if found else cell


def dollars(cell: str) -> str:
    return f"${float(cell):,.2f}" if re.fullmatch(r"\d+\.\d\d", cell) else cell


def cells(change: Callable[[str], str]) -> Callable[[Rows], Rows]:
    return lambda rows: [rows[0], *([change(cell) for cell in row] for row in rows[1:])]


def backwards(rows: Rows) -> Rows:
    width = len(rows[0])
    return [(row + [""] * (width - len(row)))[::-1] for row in rows]


def widened(rows: Rows) -> Rows:
    extra = [["Notizen", "Zzz"], *([["hidden", ""]] * (len(rows) - 1))]
    return [[first, *row, last] for (first, last), row in zip(extra, rows, strict=True)]


CHANGED: dict[str, Callable[[Rows], Rows]] = {
    "the columns the other way round": backwards,
    "columns nobody asked for": widened,
    "headers in capitals": lambda rows: [[name.upper().replace("_", " ") for name in rows[0]], *rows[1:]],
    "dates with the month first": cells(american),
    "dollar signs": cells(dollars),
    "spaces around cells": cells(lambda cell: f"  {cell} " if cell else cell),
    "a title above": lambda rows: [["Hill Clinic"], ["Printed 11/20/2026"], [], *rows],
    "empty lines within": lambda rows: [*rows[:2], [], ["", ""], *rows[2:]],
    "an empty column at the end": lambda rows: [[*row, ""] for row in rows],
}
WRITTEN: dict[str, Write] = {
    "with a mark": texts(encoding="utf-8-sig"),
    "UTF-16": texts(encoding="utf-16"),
    "UTF-16 without a mark": texts(encoding="utf-16-le"),
    "semicolons": texts(delimiter=";"),
    "bars": texts(delimiter="|"),
    "everything quoted": texts(quoting=csv.QUOTE_ALL),
    "Windows lines": texts(end="\r\n"),
    "a workbook of text": books(str),
    "a workbook of dates and numbers": books(typed),
    "a zip of a zip of folders": zipped,
}


def rows_of(shape: str) -> dict[str, Rows]:
    return {
        name: list(
            csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter="\t" if name.endswith(".tsv") else ",")
        )
        for name, text in SHAPES[shape].items()
    }  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_however_it_is_handed_over_it_says_the_same(shape: str, tmp_path: Path) -> None:
    files = rows_of(shape)
    whose, first = made_of(texts()(tmp_path / "first", files))
    assert whose == shape
    ways = {name: (texts(), change) for name, change in CHANGED.items()}
    ways |= {name: (write, lambda rows: rows) for name, write in WRITTEN.items()}
    for number, (name, (write, change)) in enumerate(ways.items()):
        changed = {file: change(rows) for file, rows in files.items()}
        whose, made = made_of(write(tmp_path / f"{number}", changed))
        assert (whose, said(made)) == (shape, said(first)), name
        assert (len(made.faults), len(made.asides)) == (len(first.faults), len(first.asides)), name


@pytest.mark.parametrize("shape", SHAPES)
def test_totals_footers_and_the_header_once_more_are_no_rows(shape: str, tmp_path: Path) -> None:
    files = rows_of(shape)
    _, first = made_of(texts()(tmp_path / "first", files))
    ended = {
        name: [*rows, rows[0], ["Total", *[""] * (len(rows[0]) - 2), "1,234.00"], [],
               ["Printed on 11/20/2026 by the front desk"]]
        for name, rows in files.items()
    }  # fmt: skip
    _, made = made_of(texts()(tmp_path / "ended", ended))
    assert said(made) == said(first)
    assert len(made.faults) == len(first.faults)
    assert len(made.asides) == len(first.asides) + 3 * len(files)


DEMOGRAPHICS = "id,chart_id,first_name,last_name,date_of_birth,patient_status,patient_payment_profile\n"
VISITS = "id,patient,doctor,scheduled_time,duration,appointment_status,appointment_profile\n"


def drchrono(folder: Path, people: str, visits: str = "", **more: str) -> Path:
    given = {"demographics_1": DEMOGRAPHICS + people, "appointments_1": VISITS + visits, **more}
    for name, text in given.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_a_word_nobody_knows_is_a_question_even_where_the_row_can_do_without(tmp_path: Path) -> None:
    folder = drchrono(tmp_path, "1,A,Nadia,Okonkwo,1979-05-02,Q,Cash\n")
    _, made = made_of(folder)
    assert (dict(made.unsure), made.unknown["patients.active"]) == ({"patient_status.Q": 1}, 1)
    _, answered = made_of(folder, DENVER | {"patient_status.Q": "false"})
    assert [row.cells[8] for row in answered.rows["patients"]] == ["false"]
    assert not answered.unsure


def test_birth_dates_that_can_be_read_both_ways_are_asked_about(tmp_path: Path) -> None:
    folder = drchrono(tmp_path, "1,A,Nadia,Okonkwo,5/2/79,A,Cash\n2,B,Rosa,Lindgren,1/3/50,A,Cash\n")
    _, made = made_of(folder)
    assert (dict(made.unsure), [row.cells[4] for row in made.rows["patients"]]) == ({"dates": 2}, ["", ""])
    _, answered = made_of(folder, DENVER | {"dates": "month first"})
    assert [row.cells[4] for row in answered.rows["patients"]] == ["1979-05-02", "1950-01-03"]


def test_a_column_that_contradicts_itself_is_read_as_somebody_says(tmp_path: Path) -> None:
    people = "1,A,Nadia,Okonkwo,25/12/1979,A,Cash\n2,B,Rosa,Lindgren,12/25/1950,A,Cash\n3,C,Uma,Prior,1/3/60,A,Cash\n"
    folder = drchrono(tmp_path, people)
    assert [row.cells[4] for row in made_of(folder)[1].rows["patients"]] == ["1979-12-25", "1950-12-25", ""]
    _, answered = made_of(folder, DENVER | {"dates": "month first"})
    assert [row.cells[4] for row in answered.rows["patients"]] == ["", "1950-12-25", "1960-01-03"]


def test_a_typing_error_settles_nothing_about_the_column(tmp_path: Path) -> None:
    people = "1,A,Nadia,Okonkwo,13/13/1979,A,Cash\n2,B,Rosa,Lindgren,12/25/1950,A,Cash\n3,C,Uma,Prior,1/3/60,A,Cash\n"
    _, made = made_of(drchrono(tmp_path, people))
    assert [row.cells[4] for row in made.rows["patients"]] == ["", "1950-12-25", "1960-01-03"]


def test_a_pending_authorization_is_not_counted_as_granted(tmp_path: Path) -> None:
    granted = "patient_id,auth_number,start_date,end_date,number_of_visits,visits_remaining,is_pending\n"
    granted += "1,A,2026-01-01,2026-12-31,12,4,False\n1,B,2027-01-01,2027-12-31,24,24,True\n"
    folder = drchrono(
        tmp_path, "1,A,Nadia,Okonkwo,1979-05-02,A,Insurance\n", insurance_authorizations_1=granted
    )
    (coverage,) = made_of(folder)[1].rows["coverages"]
    assert coverage.cells[-4:] == ["2026-01-01", "2026-12-31", "12", "8"]


def test_a_visit_without_a_status_is_a_question_and_a_patient_without_a_name_is_nobody(
    tmp_path: Path,
) -> None:
    for name in ("patient-demographics", "patient-appointments"):
        (tmp_path / name).write_text(
            {
                "patient-demographics": "PatientPracticeGuid\tFirstName\tLastName\tBirthDate\tIsActive\nG1\tNadia\tOkonkwo\t\tTrue\nG2\t\t\t\tTrue\n",
                "patient-appointments": "AppointmentGuid\tPatientPracticeGuid\tStartDateTime\tEndDateTime\tAppointmentStatus\nV1\tG1\t2026-11-23T09:30:00\t\t\n",
            }[name]
        )
    whose, made = made_of(tmp_path)
    assert whose == "practice_fusion"
    assert dict(made.asked) == {"AppointmentStatus.(empty)": 1}
    assert [fault.column for fault in made.faults] == ["PatientPracticeGuid", "AppointmentStatus"]
    _, answered = made_of(tmp_path, DENVER | {"AppointmentStatus.(empty)": "scheduled"})
    assert [row.cells[6] for row in answered.rows["appointments"]] == ["scheduled"]


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp437", "utf-16-be"])
def test_names_keep_their_accents_in_short_files_too(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_bytes("Patient ID,Name\n1,José Ñáñez\n2,Zoë Müller\n".encode(encoding))
    (sheet,) = sheets_in(path).sheets
    assert [line.cells[1] for line in sheet.lines()] == ["Name", "José Ñáñez", "Zoë Müller"]
