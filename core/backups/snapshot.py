"""A consistent copy of a store that others go on writing to, and the same copy back into a store."""

import os
import shutil
import sqlite3
import subprocess
import time
import uuid
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from core.errors import StoreError

GONE_SECONDS = 3
IN_USE = (
    "The store is in use. Stop Huddle (serve and every worker) first; a restore replaces the whole store."
)
NO_TOOLS = (
    "{tool} is not on this machine. Backups of a PostgreSQL store are made by PostgreSQL's own tools: install its "
    "client programs (postgresql-client) of the server's version."
)
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def copy_out(engine: Engine, target: Path) -> None:
    """The store as it is at one instant, whole and sound. Writers go on meanwhile. Raises StoreError."""
    if engine.dialect.name == "sqlite":
        copy_sqlite(sqlite_path(engine), target)
        require_sound(target)
    else:
        _run("pg_dump", engine.url, "--format=custom", "--no-owner", f"--file={target}")


def copy_sqlite(source: Path, target: Path) -> None:
    """One step: a single read of the store's present state, which writers of a WAL do not wait for."""
    try:
        with closing(sqlite3.connect(source)) as store, closing(sqlite3.connect(target)) as copy:
            store.execute("PRAGMA busy_timeout=30000")
            store.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StoreError(f"The store could not be copied: {error}.") from error


def require_sound(path: Path) -> None:
    """Raises StoreError when a copy is not a whole store."""
    try:
        with closing(sqlite3.connect(path)) as copy:
            whole = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            pointing = copy.execute("PRAGMA foreign_key_check").fetchone() is None
    except sqlite3.Error as error:
        raise StoreError(f"The copy of the store cannot be read: {error}.") from error
    if not (whole and pointing):
        raise StoreError("The copy of the store is not sound, so it was thrown away. Run huddle doctor.")


def sqlite_path(engine: Engine) -> Path:
    """Where the store's file is."""
    return Path(engine.url.database or "")


def require_unused(engine: Engine) -> None:
    """Raises StoreError when any other process has the store open."""
    try:
        if engine.dialect.name == "sqlite":
            _leave_wal(sqlite_path(engine))
            return
        for _ in range(GONE_SECONDS * 10):  # who has just left is listed for a moment longer
            with engine.connect() as connection:
                if not connection.execute(text(_OTHERS)).scalar_one():
                    return
            time.sleep(0.1)
        raise StoreError(IN_USE)
    except SQLAlchemyError as error:
        raise StoreError(f"The store cannot be opened: {type(error).__name__}.") from error
    finally:
        engine.dispose()


def _leave_wal(path: Path) -> None:
    """Only who has the store alone may change its journal; afterwards everything is in the one file."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=1)) as store:
            store.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise StoreError(IN_USE) from error
    except sqlite3.DatabaseError:
        return  # no store any more: that is why one restores


def put_in_place(copy: Path, path: Path, aside: Path) -> None:
    """The restored copy becomes the store; the one that was there is kept aside under its new name."""
    if path.exists():
        os.replace(path, aside)
    for left in (f"{path}-wal", f"{path}-shm"):
        Path(left).unlink(missing_ok=True)
    os.replace(copy, path)
    os.chmod(path, 0o600)


def new_database(engine: Engine, dump: Path) -> Engine:
    """A database beside the store's with the dump in it. Raises StoreError: no right to make one, tools missing."""
    name = f"huddle_restore_{uuid.uuid4().hex[:12]}"
    _administer(engine, f'CREATE DATABASE "{name}"')
    fresh = create_engine(engine.url.set(database=name), hide_parameters=True)
    try:
        _run("pg_restore", fresh.url, "--no-owner", "--exit-on-error", str(dump))
    except StoreError:
        drop_database(fresh)
        raise
    return fresh


def drop_database(fresh: Engine) -> None:
    """Away with what could not be finished."""
    fresh.dispose()
    _administer(fresh, f'DROP DATABASE IF EXISTS "{fresh.url.database}"')


def swap_databases(engine: Engine, fresh: Engine, aside: str) -> None:
    """The restored database takes the name of the store; the one that was there is kept under `aside`."""
    engine.dispose()
    fresh.dispose()
    _administer(engine, f'ALTER DATABASE "{engine.url.database}" RENAME TO "{aside}"')
    _administer(engine, f'ALTER DATABASE "{fresh.url.database}" RENAME TO "{engine.url.database}"')


def _administer(engine: Engine, statement: str) -> None:
    admin = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(statement)
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", error)).splitlines()[0]
        raise StoreError(f"PostgreSQL did not allow it: {said}") from error
    finally:
        admin.dispose()


def _run(tool: str, url: URL, *arguments: str) -> None:
    program = shutil.which(tool)
    if program is None:
        raise StoreError(NO_TOOLS.format(tool=tool))
    given = [program, *arguments, f"--dbname={_address(url)}"]
    # not on the command line, which others can see
    secret = {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(given, capture_output=True, text=True, check=False, env={**os.environ, **secret})  # noqa: S603
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StoreError(f"{tool} did not succeed: {said}")


def _address(url: URL) -> str:
    return URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    ).render_as_string()
