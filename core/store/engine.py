"""Opening the store, and the only two ways in: `transaction` (writes) and `reader` (reads).

Only the edge commits: a command takes the session and never commits (DESIGN §2.4).
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlmodel import Session

from core.errors import CannotWrite, CrossedChange, StoreError

BUSY_MILLISECONDS = 30_000
_FULL = {"53100", "58030", "25006"}  # PostgreSQL: disk full, I/O error, read-only
_FULL_WORDS = ("disk is full", "disk i/o error", "readonly database")  # SQLite's
# PostgreSQL: each of two waits for the other; one could not be put after the other
_CROSSED = {
    "40P01",
    "40001",
}


def _sqlite_connection(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # we say BEGIN ourselves
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # NORMAL lost acknowledged commits in a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.execute("PRAGMA temp_store=MEMORY")
    path = cursor.execute("PRAGMA database_list").fetchone()[2]
    cursor.close()
    _keep_private(path)


def _keep_private(path: str) -> None:
    """The store is for the user Huddle runs as, whatever the umask was when it was made. New WALs take its mode."""
    for each in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(OSError):  # not there, or somebody else's: then the folder decides
            if path and stat.S_IMODE(os.stat(each).st_mode) & 0o077:
                os.chmod(each, 0o600)


def _sqlite_begin(connection: Any) -> None:
    # a deferred transaction that turns to writing fails at once with "database is locked"
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@lru_cache(maxsize=16)
def open_store(url: str) -> Engine:
    """The engine for a store URL (`sqlite:///path` or `postgresql+psycopg://…`), one per process.

    Raises StoreError with a sentence when the URL is of another kind or its folder cannot be made.
    Does not migrate: see core/store/migrate.py.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"“{url}” is not a store address. Use sqlite:///path or postgresql+psycopg://…"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            try:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(
                    f"The folder of the store {parsed.database} cannot be made: {error.strerror}."
                ) from error
        engine = create_engine(
            url,
            connect_args={"check_same_thread": False},
            pool_size=16,
            max_overflow=32,
            hide_parameters=True,  # an error's text must not carry a patient's row into a log
        )
        event.listen(engine, "connect", _sqlite_connection)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if parsed.get_backend_name() == "postgresql":
        return create_engine(url, pool_size=16, max_overflow=32, pool_pre_ping=True, hide_parameters=True)
    raise StoreError(f"Huddle keeps its store in SQLite or PostgreSQL, not in {parsed.get_backend_name()}.")


def require_there(url: str) -> None:
    """Raises StoreError when a SQLite store of that URL was never made; what is no URL `open_store` tells."""
    with suppress(ArgumentError):
        parsed = make_url(url)
        path = parsed.database if parsed.get_backend_name() == "sqlite" else None
        if path and path != ":memory:" and not Path(path).exists():
            raise StoreError(
                f"There is no store at {path}. Check HUDDLE_STORE or --store; huddle serve makes a new one."
            )


@contextmanager
def transaction(engine: Engine | Connection) -> Iterator[Session]:
    """One write transaction: commits when the block ends, rolls back when it raises.

    SQLite takes the write lock with the first statement (BEGIN IMMEDIATE) and waits up to 30 s for it. No network call
    inside. Raises CrossedChange when PostgreSQL had to give up one of two that waited for each other.
    """
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in _CROSSED:
            raise CrossedChange from error
        if cannot_write(error):
            raise CannotWrite from error
        raise


@contextmanager
def rehearsal(engine: Engine) -> Iterator[Connection]:
    """Everything that is done with the connection inside, in however many transactions, is undone at the end.

    `transaction` and `reader` take the connection in place of the engine. Other writers wait meanwhile.
    """
    with engine.connect() as connection, connection.begin() as whole:
        with connection.begin_nested():  # sessions inside make savepoints of their own
            yield connection
        whole.rollback()


def cannot_write(error: DBAPIError) -> bool:
    """Whether the store's disk is why: full, broken, or to be read only."""
    said = str(error.orig).lower()
    return getattr(error.orig, "sqlstate", None) in _FULL or any(words in said for words in _FULL_WORDS)


@contextmanager
def reader(engine: Engine | Connection) -> Iterator[Session]:
    """One consistent read: sees a single snapshot, never waits for a writer, never commits."""
    reading = engine if isinstance(engine, Connection) else engine.execution_options(reading=True)
    if isinstance(engine, Engine) and engine.dialect.name == "postgresql":
        reading = engine.execution_options(
            reading=True, isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    try:
        with Session(reading, autoflush=False) as session:
            yield session
            session.rollback()
    except OperationalError as error:
        if "unable to open" in str(error.orig):
            raise StoreError(
                "The store cannot be opened. Check that its folder is there and may be read."
            ) from error
        raise
