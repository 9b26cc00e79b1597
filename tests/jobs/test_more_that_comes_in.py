"""More of what really comes in: ids with a fraction, quarters and years, totals however they are labelled, cut quotes."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.jobs.practice_files.load import import_folder
from core.jobs.practice_files.result import FileCounts
from tests.a_practice import FILES as TEXTS
from tests.a_practice import with_cell, write_practice
from tests.jobs.test_import import load, rows_of
from tests.jobs.test_what_comes_in import people, quiet, reasons, visits


def test_an_id_with_a_fraction_of_nothing_meets_its_plain_self(sqlite_store: Engine, tmp_path: Path) -> None:
    files = quiet(
        patients=people("12345.0,L1,Ana,One,1980-01-01,,,,", "12346,L1,Bob,Two,1981-01-01,,,,"),
        appointments=visits("A1,12345,D1,T1,2026-11-23T09:00,15,scheduled", "A2,12346.0,D1,T1,2026-11-23T10:00,15,scheduled"),
    )  # fmt: skip
    load(sqlite_store, tmp_path, **files)
    found = {key: row["patient_id"] for key, row in rows_of(sqlite_store, "appointments").items()}
    assert found == {"A1": "12345", "A2": "12346"}


def test_two_people_of_whom_one_has_a_fraction_behind_the_same_number_wait(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    rows = ("12345.0,L1,Ana,One,1980-01-01,,,,", "12345,L1,Bob,Two,1981-01-01,,,,")
    assert load(sqlite_store, tmp_path, **quiet(patients=people(*rows))).files["patients"] == FileCounts(2, 0, 0, 2)  # fmt: skip


@pytest.mark.parametrize("kept", ["1.10", "v2.0", "1.0.0", "12.05"])
def test_other_ids_with_a_point_stay(sqlite_store: Engine, tmp_path: Path, kept: str) -> None:
    load(sqlite_store, tmp_path, services=f"service_id,name\n{kept},One\n")
    assert list(rows_of(sqlite_store, "services")) == [kept]


@pytest.mark.parametrize("lost", ["00123", "p1"])
def test_an_id_that_lost_its_zeros_or_its_case_waits_and_is_nobody_elses(
    sqlite_store: Engine, tmp_path: Path, lost: str
) -> None:
    written = {"00123": "123", "p1": "P1"}[lost]
    files = quiet(
        patients=people(f"{lost},L1,Ana,One,1980-01-01,,,,"),
        appointments=visits(f"A1,{written},D1,T1,2026-11-23T09:00,15,scheduled"),
    )
    result = load(sqlite_store, tmp_path, **files)
    assert reasons(result, "appointments") == [(2, f"patient_id {written} is not in patients")]


def test_what_a_spreadsheet_shows_of_a_narrow_column_is_nobodys_id(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    rows = ("########,L1,Ana,One,1980-01-01,,,,", "P9,L1,Dee,Four,,,,,")
    result = load(sqlite_store, tmp_path, **quiet(patients=people(*rows)))
    assert (list(rows_of(sqlite_store, "patients")), result.files["patients"].quarantined) == (["P9"], 1)


@pytest.mark.parametrize(("every", "unit", "months"), [("1", "year", 12), ("", "Yearly", 12), ("1", "quarter", 3), ("2", "quarters", 6), ("3", "Months", 3)])  # fmt: skip
def test_a_quarter_and_a_year_are_so_many_months(
    sqlite_store: Engine, tmp_path: Path, every: str, unit: str, months: int
) -> None:
    plans = TEXTS["membership_plans"].replace(",4,week", f",{every},{unit}")
    runs = TEXTS["recurrings"].replace(",1,month,", f",{every},{unit},")
    load(sqlite_store, tmp_path, membership_plans=plans, recurrings=runs)
    plan, run = rows_of(sqlite_store, "membership_plans")["M1"], rows_of(sqlite_store, "recurrings")["R1"]
    assert (plan["billing_every"], plan["billing_unit"]) == (months, "month")
    assert (run["interval"], run["interval_unit"]) == (months, "month")


@pytest.mark.parametrize(("file", "column", "written", "word"), [("appointments", "status", "Canceled", "cancelled"), ("appointments", "status", "NoShow", "no_show"), ("memberships", "status", "canceled", "cancelled"), ("payments", "method", "Cheque", "check"), ("recurrings", "interval_unit", "Weekly", "week")])  # fmt: skip
def test_a_word_may_be_spelt_another_way(
    sqlite_store: Engine, tmp_path: Path, file: str, column: str, written: str, word: str
) -> None:
    load(sqlite_store, tmp_path, **{file: with_cell(file, column, written)})
    assert next(iter(rows_of(sqlite_store, file).values()))[column] == word


FOOTERS = ["Total,12,8,4,1,2,,,", "Totals:,2 patients,,2 active,,,,,", "2 of 2 records,,,,,,,,", "Page: 1,,,,,,,,", "1/3,,,,,,,,", ",,,,,,,,2", "This report contains confidential information", "Active patients,2,,,,,,,", "TOTAL;;;;", "© 2026 ChiroSoft", "*** 2 patients ***"]  # fmt: skip


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_footer_is_set_aside_whatever_it_says(sqlite_store: Engine, tmp_path: Path, footer: str) -> None:
    rows = ("P1,L1,Ana,One,1980-01-01,,,,", "P2,L1,Bob,Two,1981-01-01,,,,")
    result = load(sqlite_store, tmp_path, **quiet(patients=people(*rows, footer)))
    assert result.files["patients"] == FileCounts(3, 2, 0, 0, 1)


LEDGER = "entry_id,patient_id,posted_on,kind,part,amount\n" + "".join(
    f"E{n},P1,2026-11-0{n},charge,patient,120.00\n" for n in range(1, 5)
)


@pytest.mark.parametrize("footer", ["Balance due:,,,,,480.00", "Opening balance,,,,,0.00", "Total,4,480.00,0.00,480.00,480.00", ",,,,,480.00", "Net,,,,,480.00", "Ending balance as of 11/23/2026,,,,,480.00"])  # fmt: skip
def test_a_balance_below_a_ledger_is_no_entry(sqlite_store: Engine, tmp_path: Path, footer: str) -> None:
    counts = load(sqlite_store, tmp_path, ledger=f"{LEDGER}{footer}\n").files["ledger"]
    assert counts == FileCounts(5, 4, 0, 0, 1)


def test_an_entry_that_is_called_a_balance_and_is_whole_is_one(sqlite_store: Engine, tmp_path: Path) -> None:
    row = "Balance forward,P1,2026-11-05,charge,patient,80.00\nReport2026,P1,2026-11-06,charge,patient,9.00\n"
    assert load(sqlite_store, tmp_path, ledger=LEDGER + row).files["ledger"] == FileCounts(6, 6, 0, 0)


@pytest.mark.parametrize("last", ['E9,P1,2026-11-05,charge,patient,1.00,"Visit, la', 'E9,"P1', 'E9,P1,2026-11-05,charge,patient,1.00,"'])  # fmt: skip
def test_a_file_that_stops_inside_a_quoted_cell_breaks_off_and_nothing_is_gone_for_it(
    sqlite_store: Engine, tmp_path: Path, last: str
) -> None:
    header, *rows = LEDGER.splitlines()
    whole = "\n".join([f"{header},description", *(f'{row},"Visit, late"' for row in rows)]) + "\n"
    load(sqlite_store, tmp_path, ledger=f"{whole}E9,P1,2026-11-05,charge,patient,1.00,x\n")
    cut = import_folder(sqlite_store, write_practice(tmp_path / "cut", ledger=whole + last), whole=True)
    assert (cut.files["ledger"].quarantined, cut.files["ledger"].gone) == (1, 0)
    assert reasons(cut, "ledger")[0][1].startswith("the file breaks off here")
    assert "E9" in rows_of(sqlite_store, "ledger")


@pytest.mark.parametrize("end", ["31/12/9999", "12/31/9999", "0001-01-01", "01/01/1900", "1970-01-01", "1970-01-01 00:00:00", "00.00.0000"])  # fmt: skip
def test_an_end_that_no_calendar_has_is_no_end_in_other_spellings_either(
    sqlite_store: Engine, tmp_path: Path, end: str
) -> None:
    result = load(sqlite_store, tmp_path, memberships=with_cell("memberships", "end_date", end))
    assert rows_of(sqlite_store, "memberships")["E1"]["end_date"] is None
    assert (result.quarantine, result.as_json()["unknown_cells"]) == ([], {})


@pytest.mark.parametrize("midnight", ["2026-11-01T00:00:00-06:00", "2026-11-01 00:00:00+0200", "2026-11-01T00:00:00.000Z", "2026-11-01T00:00-07:00"])  # fmt: skip
def test_midnight_of_any_zone_is_the_day_as_written(
    sqlite_store: Engine, tmp_path: Path, midnight: str
) -> None:
    load(sqlite_store, tmp_path, instalments=with_cell("instalments", "due_date", midnight))
    assert str(rows_of(sqlite_store, "instalments")["I1"]["due_date"]) == "2026-11-01"
