"""A million rows within 512 MB. The subprocess measures itself: nothing of pytest is in the figure."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.a_practice import FILES as TEXTS
from tests.a_practice import write_practice
from tests.conftest import fresh_sqlite

PEAK = """
import json, resource, sys, time
from pathlib import Path

def peak_megabytes():
    # Linux hands the peak of the process that started this one on to ru_maxrss, so ask for this one's own
    own = Path("/proc/self/status")
    if own.exists():
        return next(int(line.split()[1]) for line in own.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""

MEASURED = (
    PEAK
    + """
from core.jobs.practice_files.load import import_folder
from core.store.engine import open_store
started = time.process_time()
counts = import_folder(open_store(sys.argv[1]), Path(sys.argv[2])).files["payments"]
print(json.dumps({**counts._asdict(), "megabytes": peak_megabytes(),
                  "cpu_seconds": time.process_time() - started}))
"""
)


def write_payments(folder: Path, rows: int) -> Path:
    write_practice(folder)
    with (folder / "patients.csv").open("a") as patients:
        patients.writelines(f"Q{n},L1,First{n},Last{n},,,,,,,\n" for n in range(rows // 50))
    with (folder / "payments.csv").open("w") as payments:
        payments.write(TEXTS["payments"].splitlines()[0] + "\n")
        payments.writelines(
            f"Z{n},Q{n % (rows // 50)},,,,,2026-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:{n % 60:02},"
            f"{n % 300}.{n % 100:02},approved,1000,,O{n},card,,\n"
            for n in range(rows)
        )
    return folder


def measured(tmp_path: Path, rows: int, times: int) -> list[dict[str, float]]:
    """What importing so many payments came to, each time in a process of its own."""
    folder, url = write_payments(tmp_path / "files", rows), fresh_sqlite(tmp_path)
    command = [sys.executable, "-c", MEASURED, url, str(folder)]
    runs = [subprocess.run(command, capture_output=True, check=True, timeout=1_800) for _ in range(times)]
    print([run.stdout.decode() for run in runs])
    return [json.loads(run.stdout) for run in runs]


def test_forty_thousand_payments_stay_within_memory(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    (first,) = measured(tmp_path, 40_000, times=1)
    assert first["stored"] == 40_000
    record_property("reached", f"40,000 payments in {first['megabytes']:.0f} MB")
    assert first["megabytes"] <= 160


@pytest.mark.night
def test_a_million_payments_stay_within_memory_the_first_time_and_again(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    first, again = measured(tmp_path, 1_000_000, times=2)
    record_property("reached", f"1,000,000 payments in {max(first['megabytes'], again['megabytes']):.0f} MB")
    assert (first["stored"], again["unchanged"]) == (1_000_000, 1_000_000)
    assert max(first["megabytes"], again["megabytes"]) <= 512
