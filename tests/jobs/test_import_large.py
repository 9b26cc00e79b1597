"""A million rows within 512 MB. The subprocess measures itself: nothing of pytest is in the figure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.a_practice import FILES as TEXTS
from tests.a_practice import write_practice
from tests.conftest import fresh_sqlite

MEASURED = """
import json, resource, sys, time
from pathlib import Path
from core.jobs.practice_files import import_folder
from core.store.engine import open_store
started = time.process_time()
counts = import_folder(open_store(sys.argv[1]), Path(sys.argv[2])).files["payments"]
print(json.dumps({**counts._asdict(), "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  "cpu_seconds": time.process_time() - started}))
"""


def write_payments(folder: Path, rows: int) -> Path:
    write_practice(folder)
    with (folder / "patients.csv").open("a") as patients:
        patients.writelines(f"Q{n},L1,First{n},Last{n},,,,,,,\n" for n in range(rows // 50))
    with (folder / "payments.csv").open("w") as payments:
        payments.write(TEXTS["payments"].splitlines()[0] + "\n")
        payments.writelines(
            f"Z{n},Q{n % (rows // 50)},,,,,2026-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:{n % 60:02},"
            f"{n % 300}.{n % 100:02},approved,1000,,O{n},card\n"
            for n in range(rows)
        )
    return folder


def measured(tmp_path: Path, rows: int) -> list[dict[str, float]]:
    """What the first and the second import of so many payments came to."""
    folder, url = write_payments(tmp_path / "files", rows), fresh_sqlite(tmp_path)
    command = [sys.executable, "-c", MEASURED, url, str(folder)]
    runs = [subprocess.run(command, capture_output=True, check=True, timeout=1_800) for _ in range(2)]
    print([run.stdout.decode() for run in runs])
    return [json.loads(run.stdout) for run in runs]


@pytest.mark.parametrize("rows", [100_000, pytest.param(1_000_000, marks=pytest.mark.night)])
def test_many_payments_stay_within_memory(tmp_path: Path, rows: int) -> None:
    first, again = measured(tmp_path, rows)
    assert (first["stored"], again["unchanged"]) == (rows, rows)
    assert max(first["megabytes"], again["megabytes"]) <= 512
