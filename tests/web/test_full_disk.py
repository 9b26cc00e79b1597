"""A disk that takes nothing more: said in a sentence, seen by /healthz, and no reason to turn a patient away."""

import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.models import Connection
from core.errors import CannotWrite
from core.links.rules import LinkKind
from core.practice.models import Practice
from core.store.engine import open_store, reader, transaction
from core.store.migrate import migrate
from core.store.probe import write_probe
from dashboard.web import health
from tests.conftest import fresh_sqlite
from tests.web.links_out import PAGE, practice_with_patient, sent_link
from tests.web.outside import public_site

pytestmark = pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")


@contextmanager
def full_disk() -> Iterator[None]:
    """Files of this process grow no more, as on a disk that is full: SQLite meets the real error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    sys.stdout.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def save(engine: Engine, name: str) -> None:
    with transaction(engine) as session:
        session.merge(Practice(id=1))
        session.flush()
        session.add(Connection(kind="fortis", name=name, created_at=clock.now()))


def test_the_sentence_says_that_the_disk_is_full_and_work_goes_on_when_it_is_not(
    sqlite_store: Engine,
) -> None:
    save(sqlite_store, "before")
    with full_disk(), pytest.raises(CannotWrite, match="disk of the store is full"):
        save(sqlite_store, "meanwhile " * 5_000)
    save(sqlite_store, "after")
    with reader(sqlite_store) as session:
        assert sorted(session.exec(select(Connection.name)).all()) == ["after", "before"]
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_healthz_tells_and_recovers_and_a_patient_still_reaches_the_page_to_pay(
    sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a test before this one may have asked a moment ago
    monkeypatch.setattr(health, "_probe", health._Probe())
    token = sent_link(sqlite_store, practice_with_patient(sqlite_store), LinkKind.PAY)
    with public_site(sqlite_store, HUDDLE_WORKER="false") as visitor:
        with full_disk():
            sick = visitor.get("/healthz")
            paid = visitor.get(f"/pay/{token}")
            door = visitor.post("/signin", data={"username": "dana", "password": "x"})
        assert (sick.status_code, sick.json()["store"]) == (503, "not writable")
        assert (paid.status_code, paid.headers["location"]) == (303, PAGE)
        assert door.status_code == 503
        assert "disk of the store is full" in door.text
        assert visitor.get("/healthz").status_code == 200


def test_a_store_that_takes_writes_is_well(store: Engine) -> None:
    assert write_probe(store)


def test_store_and_wal_are_for_their_owner_alone_also_when_they_were_made_otherwise(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = Path(fresh_sqlite(tmp_path).removeprefix("sqlite:///"))
        path.chmod(0o644)
        engine = open_store(f"sqlite:///{path}")
        migrate(engine)
        save(engine, "one")
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        engine.dispose()
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}, modes
    assert len(modes) == 3  # the store, its WAL and its index
