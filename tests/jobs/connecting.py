"""A store connected to a sandbox, and what it then holds, for tests of what comes over the wire."""

from typing import Any

from sqlalchemy import Engine, Table, select

from core.connections.commands import connect
from core.connections.models import Connection
from core.jobs.one_sync import RunResult
from core.jobs.records.tables import MODELS
from core.store.engine import reader, transaction
from tests.sandbox.running import Sandbox


def fields_of(sandbox: Sandbox) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and secrets that connect to the sandbox."""
    settings = {"base_url": sandbox.base_url, "user_id": sandbox.keys["user_id"]}
    secrets = {name: sandbox.keys[name] for name in ("user_api_key", "developer_id")}
    return settings | {"location_id": sandbox.location_id}, secrets


def connect_sandbox(engine: Engine, sandbox: Sandbox, *, name: str = "Fortis") -> int:
    """Connect the store to the sandbox's processor. Returns the connection's id."""
    settings, secrets = fields_of(sandbox)
    with transaction(engine) as session:
        connection = connect(session, kind="fortis", name=name, settings=settings, secrets=secrets)
        return connection.id or 0


def state_of(engine: Engine, connection_id: int) -> str:
    with reader(engine) as session:
        return session.get_one(Connection, connection_id).state


def held(engine: Engine, connection_id: int, resource: str, *names: str) -> dict[str, tuple[Any, ...]]:
    """What the store holds of a connection's resource and is not gone: external id → columns."""
    table: Table = MODELS[resource].__table__  # type: ignore[attr-defined]
    columns = [table.c[name] for name in ("external_id", *names)]
    with reader(engine) as session:
        mine = select(*columns).where(table.c.connection_id == connection_id, table.c.gone_at.is_(None))
        rows = session.execute(mine).all()
    assert len({row[0] for row in rows}) == len(rows), "a row is doubled"
    return {row[0]: tuple(row[1:]) for row in rows}


def counts(results: list[RunResult]) -> dict[str, tuple[int, int, int, int]]:
    """Rows in, stored, unchanged, quarantined by resource; each adds up."""
    for result in results:
        assert result.rows_in == result.stored + result.unchanged + result.quarantined
    return {r.resource: (r.rows_in, r.stored, r.unchanged, r.quarantined) for r in results}
