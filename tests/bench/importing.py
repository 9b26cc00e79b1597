"""A million payments as a practice file, loaded for the first time and once more, each in a process of its own.

No peer: the bars are absolute ones, in rows a second of the processor's time, so that a busy machine changes little.
"""

from pathlib import Path

from tests.jobs.test_import_large import measured

FIRST_BAR, AGAIN_BAR = 20_000, 60_000
MOST_MEGABYTES = 512


def import_lines(folder: Path, payments: int) -> list[str]:
    """Two lines: the first load and the same files again."""
    first, again = measured(folder / "import", payments, times=2)
    assert (first["stored"], again["unchanged"]) == (payments, payments)
    lines = []
    for what, run, bar in (("first", first, FIRST_BAR), ("again", again, AGAIN_BAR)):
        speed = payments / run["cpu_seconds"]
        met = speed >= bar and run["megabytes"] <= MOST_MEGABYTES
        lines.append(
            f"| import of {payments:,} payments, {what} | {speed:,.0f} rows a CPU second, {run['megabytes']:.0f} MB "
            f"| – | – | ≥ {bar:,}, ≤ {MOST_MEGABYTES} MB | {'yes' if met else 'no'} |"
        )
    return lines
