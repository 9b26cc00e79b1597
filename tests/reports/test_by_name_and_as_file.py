"""What a wrong question is answered, and the same rows as table, CSV and JSON."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.errors import BadInput, NotFound
from core.reports.as_file import as_csv, as_json, as_table
from core.reports.by_name import report_by_name
from core.reports.morning import morning
from core.safe_csv import safe_cell
from core.store.engine import reader
from tests.reports.practice import (
    BASE,
    CARD,
    EIGHT,
    load,
)


@pytest.mark.parametrize(
    ("name", "as_of", "location", "error", "words"),
    [
        ("weather", "", "", BadInput, "There are: morning, patients, cards"),
        ("morning", "yesterday", "", BadInput, "is not an instant"),
        ("morning", "", "L9", NotFound, "There are: L1"),
    ],
)
def test_a_wrong_question_gets_one_clear_sentence(
    sqlite_store: Engine,
    tmp_path: Path,
    name: str,
    as_of: str,
    location: str,
    error: type[Exception],
    words: str,
) -> None:
    load(sqlite_store, tmp_path / "f")
    with reader(sqlite_store) as session, pytest.raises(error, match=words):
        report_by_name(session, name, as_of=as_of, location=location)


@pytest.mark.both_stores
def test_an_empty_store_answers_an_empty_report(store: Engine) -> None:
    with reader(store) as session:
        made = as_json(morning(session, location_id=None, day=None, as_of=EIGHT))
    assert (made["rows"], made["sources"], made["location"]) == ([], [], None)


def test_the_table_and_the_csv_show_the_same_rows(sqlite_store: Engine, tmp_path: Path) -> None:
    hostile = [{**BASE["patients"][0], "first_name": "=HYPERLINK(1)", "last_name": "Ruiz"}]
    load(sqlite_store, tmp_path / "f", patients=hostile, cards=[CARD])
    with reader(sqlite_store) as session:
        made = morning(session, location_id=None, day=None, as_of=EIGHT)
    header, line = as_csv(made).splitlines()
    assert "card.state" in header.split(",")
    assert "'=HYPERLINK(1) Ruiz" in line
    assert "09:00" in as_table(made)


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", " =1", '"=1', "＝1"])
def test_no_spreadsheet_takes_a_cell_for_a_formula(cell: str) -> None:
    assert safe_cell(cell).startswith("'")
    assert safe_cell(-500) == -500
