"""The drill: a store of a gigabyte is backed up and restored in time, and every row of it is there."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import func, select

from core import clock
from core.audit.models import AuditEntry
from core.backups.commands import ENDING, back_up, restore
from core.store.engine import open_store, reader, transaction
from tests.backups.conftest import SECRET, url_of
from tests.messages.clinic import Clinic

SECONDS = 60
A_ROW = 10_000  # characters: what a row holds does not matter, how much there is does


def fill(clinic: Clinic, size: int) -> int:
    """Rows until the store's file has `size` bytes: how many. Their words differ, so that they do not compress to nothing."""
    rows, path = 0, Path(clinic.engine.url.database or "")
    words = [f"{number * 2654435761 % 2**32:08x}" for number in range(A_ROW // 8)]
    while path.stat().st_size < size:
        with transaction(clinic.engine) as session:
            for _ in range(2_000):
                rows += 1
                turned = words[rows % len(words) :] + words[: rows % len(words)]
                session.add(AuditEntry(at=clock.now(), action="filled", detail="".join(turned)))
    return rows


def drill(clinic: Clinic, tmp_path: Path, size: int) -> float:
    """Back up and restore into another place: the seconds the restore took."""
    rows = fill(clinic, size)
    made = back_up(clinic.engine, tmp_path / f"drill{ENDING}", SECRET)
    other = tmp_path / "other" / "huddle.db"
    other.parent.mkdir()
    began = time.monotonic()
    restore(f"sqlite:///{other}", made.path, SECRET)
    took = time.monotonic() - began
    engine = open_store(f"sqlite:///{other}")
    with reader(engine) as session:
        filled = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "filled")
        assert session.exec(filled).one() == rows
    engine.dispose()
    assert url_of(clinic.engine) != f"sqlite:///{other}"
    return took


def test_a_small_store_comes_back_whole(
    clinic: Clinic, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    took = drill(clinic, tmp_path, 30 * 2**20)
    record_property("reached", f"30 MB restored in {took:.1f} s")


@pytest.mark.night
def test_a_gigabyte_comes_back_within_a_minute(
    clinic: Clinic, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    took = drill(clinic, tmp_path, 2**30)
    record_property("reached", f"1 GB restored in {took:.0f} s")
    assert took <= SECONDS
