"""An import that is killed half-way is completed by running it again: the same store as an undisturbed one."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from core.jobs.practice_files.load import import_folder
from core.jobs.practice_files.rows import MODELS
from core.store.engine import open_store, reader
from tests.a_practice import FILES as TEXTS
from tests.a_practice import write_practice
from tests.conftest import fresh_sqlite

DIES = """
import os, signal, sys
from pathlib import Path
import core.jobs.practice_files.load as job
from core.store.engine import open_store
job.CHUNK = 50
left = int(sys.argv[3])
def progress(file, rows):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
job.import_folder(open_store(sys.argv[1]), Path(sys.argv[2]), progress=progress)
"""


def a_larger_practice(folder: Path) -> Path:
    patients = TEXTS["patients"] + "".join(
        f"Q{n},L1,First{n},Last{n},,,,Q{n + 1 if n < 399 else 0},,,\n" for n in range(400)
    )
    payments = TEXTS["payments"] + "".join(
        f"Z{n},Q{n % 450},,,,,2026-11-02T10:00,{n}.00,approved,,,,cash\n" for n in range(500)
    )
    return write_practice(folder, patients=patients, payments=payments)


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row without the ids and times that say when it came."""
    with reader(open_store(url)) as session:
        found: dict[str, list[tuple[object, ...]]] = {}
        for name, model in MODELS.items():
            columns = [c for c in model.__table__.c if c.name not in {"id", "synced_at"}]
            found[name] = sorted(map(tuple, session.execute(select(*columns))), key=repr)
        return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The files, and a store they were loaded into without a kill."""
    place = tmp_path_factory.mktemp("undisturbed")
    folder, url = a_larger_practice(place / "files"), fresh_sqlite(place)
    import_folder(open_store(url), folder)
    return folder, url


@pytest.mark.parametrize("chunks", [4, 30])
def test_killed_after_some_chunks_and_run_again(
    tmp_path: Path, undisturbed: tuple[Path, str], chunks: int
) -> None:
    (folder, calm), killed = undisturbed, fresh_sqlite(tmp_path)
    died = subprocess.run(
        [sys.executable, "-c", DIES, killed, str(folder), str(chunks)], timeout=120, check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert contents(killed) != contents(calm)
    result = import_folder(open_store(killed), folder)
    assert contents(killed) == contents(calm)
    assert result.files["payments"].quarantined == 50
