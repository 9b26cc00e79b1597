"""The store keeps what it acknowledged, and opens the same way on both engines."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, func, select, text

from core.connections.models import Connection
from core.errors import StoreError
from core.practice.models import Practice
from core.schedule.models import Provider
from core.store.engine import open_store, reader, transaction
from core.store.migrate import _config, migrate
from core.store.upsert import Counts, upsert
from core.store.version import data_version

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def a_connection(engine: Engine) -> int:
    with transaction(engine) as session:
        session.add(Practice(id=1, name="Maple Street"))
        session.flush()
        connection = Connection(kind="practice_files", name="files", created_at=AT)
        session.add(connection)
        session.flush()
        assert connection.id is not None
        return connection.id


def test_every_pooled_connection_keeps_its_promises(sqlite_store: Engine) -> None:
    with sqlite_store.connect() as first, sqlite_store.connect() as second:
        for connection in (first, second):
            pragma = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert pragma == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 30_000,
            }
            connection.rollback()  # a pooled write transaction holds the lock


def test_migrating_twice_changes_nothing(store: Engine) -> None:
    migrate(store)
    migrate(store)


def test_the_schema_of_the_migrations_is_the_schema_of_the_models(store: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from core.tables import metadata

    with store.connect() as connection:
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
            == []
        )


def test_the_same_row_again_is_unchanged_and_a_changed_one_updates(store: Engine) -> None:
    connection = a_connection(store)
    row = {"external_id": "A", "location_id": None, "name": "Dr Lee"}
    with transaction(store) as session:
        assert upsert(session, Provider, connection, [row]) == Counts(1, 0)
    with transaction(store) as session:
        assert upsert(session, Provider, connection, [row]) == Counts(0, 1)
        assert data_version(session) == 1
        assert upsert(session, Provider, connection, [{**row, "name": "Dr Kim"}]) == Counts(1, 0)
        assert data_version(session) == 2
    with reader(store) as session:
        assert session.execute(select(Provider.name)).scalars().all() == ["Dr Kim"]


def test_old_news_never_wins(store: Engine) -> None:
    connection = a_connection(store)
    new = {"external_id": "A", "version": 20, "location_id": None, "name": "new"}
    with transaction(store) as session:
        upsert(session, Provider, connection, [new])
        assert upsert(session, Provider, connection, [{**new, "version": 10, "name": "old"}]) == Counts(0, 1)
        assert upsert(
            session,
            Provider,
            connection,
            [{**new, "version": 30, "name": "newest"}, {**new, "version": 25, "name": "older"}],
        ) == Counts(1, 1)
        assert session.execute(select(Provider.name)).scalars().all() == ["newest"]
        assert session.execute(select(func.count(Provider.id))).scalar() == 1


def test_a_naive_instant_is_refused(store: Engine) -> None:
    with pytest.raises(Exception, match="time zone"), transaction(store) as session:
        session.add(Connection(kind="fortis", name="x", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_what_is_no_store_is_refused_with_a_sentence(tmp_path) -> None:
    (tmp_path / "photo.db").write_bytes(b"\x89PNG" * 500)
    with pytest.raises(StoreError, match="really a Huddle store"):
        migrate(open_store(f"sqlite:///{tmp_path / 'photo.db'}"))
    with pytest.raises(StoreError, match="not in mysql"):
        open_store("mysql://x/y")


def test_a_store_of_a_newer_version_is_refused(store: Engine) -> None:
    with transaction(store) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        migrate(store)


def test_a_store_in_use_is_brought_up_to_date_with_its_rows(tmp_path: Path) -> None:
    """An empty store migrates whatever a step does; one whose rows refer to each other does not."""
    engine = open_store(f"sqlite:///{tmp_path / 'older.db'}")
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0020")
        connection.execute(text("INSERT INTO practice (id, name) VALUES (1, 'Maple Street')"))
        connection.execute(
            text(
                "INSERT INTO connection (practice_id, kind, name, settings, sealed_secrets, state, created_at)"
                " VALUES (1, 'practice_files', 'files', '{}', '', 'connected', '2026-11-23 08:00:00')"
            )
        )
    migrate(engine, keep_copy=False)
    with reader(engine) as session:
        assert session.get_one(Practice, 1).name == "Maple Street"
        assert session.get_one(Practice, 1).time_zone == ""
    engine.dispose()
