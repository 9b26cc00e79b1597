"""Bringing a store to the present schema. The same migrations run on SQLite and PostgreSQL."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from core import clock
from core.errors import StoreError

_log = logging.getLogger("huddle.store")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def is_known(revision: str) -> bool:
    """Whether a schema is one of ours: the present one or an earlier one."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision in known


def revision_of(engine: Engine) -> str | None:
    """The schema a store has; None when it is empty or not there. Raises StoreError when it cannot be read."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return None
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DatabaseError as error:
        raise StoreError(f"The store cannot be read: {error.orig}.") from error


def migrate(engine: Engine, *, keep_copy: bool = True) -> None:
    """Upgrade to head; does nothing when the store is there already. Safe when several processes start at once.

    keep_copy: a SQLite store that is brought to another schema is copied before, beside itself, and the copy is named in
    the log. Raises StoreError when the store was written by a newer Huddle, is not a Huddle store, or cannot be opened.
    """
    config = _config()
    try:
        with engine.begin() as connection:  # SQLite: BEGIN IMMEDIATE; a second process waits here
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(727272)")
            if (
                MigrationContext.configure(connection).get_current_revision()
                == ScriptDirectory.from_config(config).get_current_head()
            ):
                return
            if keep_copy:
                _keep_copy(engine, MigrationContext.configure(connection).get_current_revision())
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            "This store was written by a newer version of Huddle. Update Huddle, or pick another store."
        ) from error
    except OperationalError as error:
        raise StoreError(
            f"The store cannot be opened: {error.orig}. Check the address, and that the folder may be written."
        ) from error
    except DatabaseError as error:
        raise StoreError(
            f"The store cannot be used: {error.orig}. Is this file really a Huddle store?"
        ) from error


def _keep_copy(engine: Engine, revision: str | None) -> None:
    """Raises StoreError when there is no room for it: then the store stays as it is."""
    if revision is None or engine.dialect.name != "sqlite":
        return
    path = Path(engine.url.database or "")
    copy = path.with_name(f"{path.name}.before-{revision}-{clock.now():%Y%m%d-%H%M%S}")
    try:
        with closing(sqlite3.connect(path)) as store, closing(sqlite3.connect(copy)) as kept:
            store.backup(kept)
        copy.chmod(0o600)
    except (sqlite3.Error, OSError) as error:
        copy.unlink(missing_ok=True)
        raise StoreError(
            f"The store is to be brought up to date, and could not be copied before: {error}. Free some space."
        ) from error
    _log.warning("the store was copied to %s before it was brought up to date", copy)
