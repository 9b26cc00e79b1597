"""Whether the store takes a write now: one small row, rewritten each time."""

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core import clock
from core.store.engine import cannot_write

_WRITE = text(
    "INSERT INTO lease (name, holder, until) VALUES ('write probe', 'health', :now) "
    "ON CONFLICT (name) DO UPDATE SET until = excluded.until"
)
_PATIENCE = "SET LOCAL lock_timeout = '2s'"


def write_probe(engine: Engine) -> bool:
    """False when the disk does not take it. A store that is busy writing for others is well."""
    now = (clock.now() - clock.EPOCH).total_seconds()
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(_PATIENCE)
            connection.execute(_WRITE, {"now": int(now * 1_000_000)})
    except DBAPIError as error:
        return not cannot_write(error)
    except SQLAlchemyError:
        return False
    return True
