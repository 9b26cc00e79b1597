"""No key and no card number in the bytes of the store, however they were put in front of us (RELIABILITY 26)."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.connections.commands import check
from core.errors import HuddleError
from core.jobs.sync import sync_connection
from core.store.engine import open_store
from tests.conftest import fresh_sqlite
from tests.jobs.connecting import connect_sandbox, counts, fields_of
from tests.sandbox.running import Sandbox

CARD = "4242424242424242"
SPACED = "4242 4242 4242 4242"


def bytes_of(folder: Path, engine: Engine) -> bytes:
    """The store's file, its write-ahead log and everything beside it."""
    name = Path(engine.url.database or "").name
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.name.startswith(name))


def test_neither_keys_nor_card_numbers_reach_the_disk(tmp_path: Path, sandbox: Sandbox) -> None:
    engine = open_store(fresh_sqlite(tmp_path))
    for resource, fields in (
        ("contacts", {"first_name": SPACED, "email": f"{CARD}@example.com", "account_number": CARD}),
        ("tokens", {"last_four": CARD, "title": CARD, "account_holder_name": CARD}),
        ("recurrings", {"recurring_c1": CARD, "interval_type": CARD}),
        ("transactions", {"order_number": CARD, "verbiage": SPACED, "status_code": 999}),
    ):
        (first, *_) = sandbox.state.find(resource)
        spoil: dict[str, Any] = {"resource": resource, "id": first["id"], "fields": fields}
        sandbox.control({"change": spoil})
    connection_id = connect_sandbox(engine, sandbox)
    came = counts(sync_connection(engine, connection_id))
    assert [came[name][3] for name in ("contacts", "tokens", "recurrings", "transactions")] == [0, 1, 1, 1]
    engine.dispose()
    raw = bytes_of(tmp_path, engine)
    assert b"Riverside Chiropractic" in raw
    for canary in (CARD, SPACED, sandbox.keys["user_api_key"], sandbox.keys["developer_id"]):
        assert canary.encode() not in raw, canary


def test_errors_do_not_show_keys(sandbox: Sandbox) -> None:
    settings, secrets = fields_of(sandbox)
    sandbox.control({"faults": [{"kind": "wrong_keys"}]})
    with pytest.raises(HuddleError) as raised:
        check("fortis", settings, secrets)
    chain, said = raised.value, ""
    while chain is not None:
        said += repr(chain) + str(chain)
        chain = chain.__cause__ or chain.__context__
    assert not any(secret in said for secret in secrets.values())
