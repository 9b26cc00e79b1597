"""The lists of 20,000 patients: who is behind, memberships, cards. Each plan and membership is drawn by a recurring."""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from core.reports.by_name import report_by_name
from core.store.engine import open_store, reader
from tests.bench import practice

MOST_MS = 1_000.0
SIZE = 20_000
LISTS = ("arrears", "memberships", "cards")


def list_lines(folder: Path, median_ms: Callable[[Callable[[], object]], float]) -> list[str]:
    """One line a list. No peer: the bar is an absolute one."""
    url = drawn_practice(folder / "lists.db")
    lines = []
    for name in LISTS:
        rows = _report(url, name)
        ours = median_ms(partial(_report, url, name))
        met = "yes" if ours <= MOST_MS else "no"
        lines.append(
            f"| `{name}` report, {SIZE:,} patients, {rows:,} rows | {ours:.0f} ms | – | – | ≤ {MOST_MS:.0f} ms | {met} |"
        )
    open_store(url).dispose()
    return lines


def drawn_practice(path: Path) -> str:
    """The synthetic practice with a recurring for each plan and membership: what a card has to pay for."""
    url = practice.build(path, SIZE)
    db = sqlite3.connect(path, isolation_level=None)
    every = "1, printf('%s%07d', id), '', patient_id, printf('C%07d', patient_id), id, {cents}, 1, 'month', {on}, 'active'"
    columns = "connection_id, external_id, content_hash, patient_id, card_ref, {what}_id, amount_cents, interval, interval_unit, next_run_on, status"
    for what, letter, cents in (("plan", "RP", 20_000), ("membership", "RM", 14_900)):
        values = every.format(cents=cents, on="'2026-12-01'").replace("'%s%07d'", f"'{letter}%07d'")
        db.execute(f"INSERT INTO recurring ({columns.format(what=what)}) SELECT {values} FROM {what}")
    db.execute("ANALYZE")
    db.close()
    return url


def _report(url: str, name: str) -> int:
    with reader(open_store(url)) as session:
        made = report_by_name(session, name, as_of=practice.AS_OF.isoformat())
    assert made.rows
    return len(made.rows)
