"""Bringing a store to the present schema. The same migrations run on SQLite and PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from core.errors import StoreError


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(engine: Engine) -> None:
    """Upgrade to head; does nothing when the store is there already. Safe when several processes start at once.

    Raises StoreError when the store was written by a newer Huddle, is not a Huddle store, or cannot be opened.
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
