"""A report or a rule depends on the instant it is asked for; the present is for pages, commands, jobs and the doctor."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.reports.by_name import REPORTS, report_by_name
from core.settings import ROOT
from core.store.engine import reader
from tests.reports.practice import load

NOON = datetime(2026, 11, 23, 19, tzinfo=UTC)
READS = ("reports", "findings", "dues", "forecast", "patient_card", "overview")
# who is signed in is asked of the present, and the command line's report is asked "now" when it names no instant
EDGES = {"core/staff/reports.py", "core/reports/by_name.py"}


def pure_files() -> Iterator[Path]:
    for path in sorted((ROOT / "core").rglob("*.py")):
        within = path.relative_to(ROOT / "core").parts
        is_read = within[0] in READS or path.name in {"reports.py", "rules.py", "facts.py"}
        if is_read and path.name != "commands.py" and path.relative_to(ROOT).as_posix() not in EDGES:
            yield path


def asks_the_present(path: Path) -> list[str]:
    """Calls of clock.now(), and of clock.today() without an instant, by line; `as_of or clock.now()` may stay."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defaults = {id(node.values[-1]) for node in ast.walk(tree) if isinstance(node, ast.BoolOp)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in defaults:
            continue
        called, given = ast.unparse(node.func), len(node.args) + len(node.keywords)
        if called == "clock.now" or (called == "clock.today" and given < 2):
            found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def test_no_rule_and_no_report_asks_what_time_it_is() -> None:
    files = list(pure_files())
    assert len(files) > 40
    assert [line for path in files for line in asks_the_present(path)] == []


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_a_past_instant_is_the_same_whenever_it_is_asked(
    sqlite_store: Engine, tmp_path: Path, name: str
) -> None:
    with clock.frozen(NOON - timedelta(minutes=10)):
        load(sqlite_store, tmp_path / "practice")

    def asked_at(present: datetime) -> object:
        with clock.frozen(present), reader(sqlite_store) as session:
            return report_by_name(session, name, as_of=NOON.isoformat())

    assert asked_at(NOON) == asked_at(NOON + timedelta(days=400))
