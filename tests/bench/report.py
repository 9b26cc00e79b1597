"""The morning report of one day's 150 visits beside one hand-written SQL query for the same visits."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from core.reports.morning import morning
from core.store.engine import open_store, reader
from tests.bench import practice

MOST_MS = 60.0  # at 20,000 patients
MOST_GROWTH = 1.5  # 200,000 against 20,000


def report_lines(
    folder: Path, sizes: list[int], median_ms: Callable[[Callable[[], object]], float]
) -> list[str]:
    """One line a size, and one for the growth from 20,000 to 200,000 patients."""
    lines, ours_at = [], {}
    for size in sizes:
        path = folder / f"{size}.db"
        url = practice.build(path, size)
        ours = ours_at[size] = median_ms(lambda url=url: _report(url))
        peer = median_ms(lambda path=path: _by_hand(path))
        bar = f"≤ {MOST_MS:.0f} ms" if size == 20_000 else "–"
        met = ("yes" if ours <= MOST_MS else "no") if size == 20_000 else "–"
        lines.append(
            f"| morning report, {size:,} patients, {practice.VISITS} visits | {ours:.1f} ms "
            f"| one SQL query {peer:.1f} ms | {ours / peer:.1f} × | {bar} | {met} |"
        )
        open_store(url).dispose()
        path.unlink()
    if {20_000, 200_000} <= ours_at.keys():
        growth = ours_at[200_000] / ours_at[20_000]
        lines.append(
            f"| morning report, 200,000 against 20,000 patients | {ours_at[200_000]:.1f} ms | {ours_at[20_000]:.1f} ms "
            f"| {growth:.2f} × | ≤ {MOST_GROWTH} × | {'yes' if growth <= MOST_GROWTH else 'no'} |"
        )
    return lines


def _report(url: str) -> None:
    with reader(open_store(url)) as session:
        made = morning(session, location_id=1, day=practice.DAY, as_of=practice.AS_OF)
    assert len(made.rows) == practice.VISITS


def _by_hand(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA cache_size=-65536")
    db.execute("PRAGMA mmap_size=268435456")
    rows = db.execute(practice.HAND_WRITTEN, practice.hand_parameters()).fetchall()
    db.close()
    assert len(rows) == practice.VISITS
