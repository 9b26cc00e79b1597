"""A store connected to a sandbox, for tests of what comes over the wire."""

from sqlalchemy import Engine

from core.connections.commands import connect
from core.store.engine import transaction
from tests.sandbox.running import Sandbox


def connect_sandbox(engine: Engine, sandbox: Sandbox, *, name: str = "Fortis") -> int:
    """Connect the store to the sandbox's processor. Returns the connection's id."""
    with transaction(engine) as session:
        settings = {
            "base_url": sandbox.base_url,
            "user_id": sandbox.keys["user_id"],
            "location_id": sandbox.location_id,
        }
        secrets = {name: sandbox.keys[name] for name in ("user_api_key", "developer_id")}
        connection = connect(session, kind="fortis", name=name, settings=settings, secrets=secrets)
        return connection.id or 0
