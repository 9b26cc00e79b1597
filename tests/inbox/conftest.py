"""A store that Fortis may tell things, and somebody outside who tells them."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine

from core.connections.commands import connect
from core.connections.postbacks import new_key
from core.integrations.fortis.webhooks import Key
from core.store.engine import transaction
from tests.web.outside import public_site


@pytest.fixture
def key(sqlite_store: Engine) -> Key:
    """What Fortis signs in with here."""
    return connected_key(sqlite_store)


def connected_key(engine: Engine, name: str = "Fortis") -> Key:
    with transaction(engine) as session:
        made = connect(
            session,
            kind="fortis",
            name=name,
            settings={"base_url": "http://127.0.0.1:9", "user_id": "u", "location_id": "l"},
            secrets={"user_api_key": "k", "developer_id": "d"},
        )
        return new_key(session, made.id or 0)


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    with public_site(sqlite_store) as outside:
        yield outside
