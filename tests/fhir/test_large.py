"""A hundred thousand lines within 512 MB. The subprocess measures itself: nothing of pytest is in the figure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import fresh_sqlite
from tests.fhir.invented import Invented, write
from tests.jobs.test_import_large import PEAK

MEASURED = (
    PEAK
    + """
from core.jobs.fhir.run import import_fhir
from core.store.engine import open_store
counts = import_fhir(open_store(sys.argv[1]), sys.argv[2], time_zone="America/Denver").files["Encounter"]
print(json.dumps({**counts._asdict(), "megabytes": peak_megabytes()}))
"""
)


def write_visits(folder: Path, lines: int) -> Path:
    made = Invented(patients=400, visits=1)
    write(folder, made.files())
    (pattern,) = made.encounters
    with (folder / "Encounter.ndjson").open("w") as out:
        for number in range(lines):
            day = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T{number % 24:02}"
            period = {"start": f"{day}:00:00Z", "end": f"{day}:20:00Z"}
            whose = {"reference": f"Patient/{made.patients[number % 400]['id']}"}
            out.write(json.dumps({**pattern, "id": f"e{number}", "subject": whose, "period": period}) + "\n")
    return folder


def measured(tmp_path: Path, lines: int) -> dict[str, float]:
    """What importing so many encounters came to, in a process of its own."""
    folder, url = write_visits(tmp_path / "files", lines), fresh_sqlite(tmp_path)
    command = [sys.executable, "-c", MEASURED, url, str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=1_800).stdout)


def test_five_thousand_visits_take_little_memory(tmp_path: Path) -> None:
    found = measured(tmp_path, 5_000)
    assert found["stored"] == 5_000
    assert found["megabytes"] <= 256


@pytest.mark.night
def test_a_hundred_thousand_visits_stay_within_memory(tmp_path: Path) -> None:
    found = measured(tmp_path, 100_000)
    assert found["stored"] == 100_000
    assert found["megabytes"] <= 512
