"""`make bench`: one table, measured against named peers in the same run, on this machine, now.

Ratios are what counts: the peer runs beside us, on the same data, minutes apart at most. Times are medians.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.blast import blast_lines
from tests.bench.importing import import_lines
from tests.bench.lists import list_lines
from tests.bench.pages import page_lines
from tests.bench.queue import queue_lines
from tests.bench.report import report_lines
from tests.bench.screens import screen_lines
from tests.bench.syncing import sync_lines

OUT = Path("bench-results")


def median_ms(work: Callable[[], object], times: int = 9) -> float:
    """Median milliseconds of several runs, after one that warms caches."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure Huddle beside its peers.")
    parser.add_argument("--patients", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    parser.add_argument("--transactions", type=int, default=50_000)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument(
        "--only", choices=["report", "lists", "pages", "sync", "blast", "queue", "screens", "import"]
    )
    chosen = parser.parse_args()
    lines = ["| what | Huddle | peer | ratio | bar | met |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="huddle-bench-") as folder:
        if chosen.only in {None, "report"}:
            lines += report_lines(Path(folder), chosen.patients, median_ms)
        if chosen.only in {None, "lists"}:
            lines += list_lines(Path(folder), median_ms)
        if chosen.only in {None, "pages"}:
            lines += page_lines(Path(folder))
        if chosen.only in {None, "sync"}:
            lines += sync_lines(Path(folder), chosen.transactions)
        if chosen.only in {None, "blast"}:
            lines += blast_lines(Path(folder))
        if chosen.only in {None, "queue"}:
            lines += queue_lines()
        if chosen.only == "screens":  # minutes by itself, and it wants both cores: asked for by name
            lines += screen_lines()
        if chosen.only in {None, "import"}:
            lines += import_lines(Path(folder), chosen.payments)
    table = "\n".join(lines)
    OUT.mkdir(exist_ok=True)
    (OUT / "bench.md").write_text(table + "\n", encoding="utf-8")
    print(table)
    return 0 if "| no |" not in table else 1


if __name__ == "__main__":
    sys.exit(main())
