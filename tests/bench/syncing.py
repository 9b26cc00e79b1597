"""A first sync of Fortis transactions and the same sync again, beside dlt merging the same pages into SQLite.

Both read the same sandbox over real HTTP with the same page size. "Again" is what runs every five minutes all day.
"""

import time
from pathlib import Path
from typing import Any

import httpx

from core import clock
from core.connections.commands import connect
from core.jobs.sync import sync_connection
from core.store.engine import open_store, transaction
from core.store.migrate import migrate
from tests.sandbox.records import small_practice
from tests.sandbox.running import Sandbox, run_sandbox

FIRST_BAR, AGAIN_BAR = 3.0, 50.0
PAGE = 1_000


def sync_lines(folder: Path, transactions: int) -> list[str]:
    """Two lines: the first sync and the one after it, in seconds, with the ratio to dlt."""
    (folder / "sandbox").mkdir()
    with run_sandbox(folder / "sandbox", _records(transactions), own_process=True) as sandbox:
        ours = _ours(folder, sandbox)
        peer = _dlt(folder, sandbox, transactions)
    lines = []
    for what, mine, theirs, bar in zip(("first", "again"), ours, peer, (FIRST_BAR, AGAIN_BAR), strict=True):
        ratio = theirs / mine
        lines.append(
            f"| sync of {transactions:,} transactions, {what} | {mine:.2f} s | dlt merge {theirs:.2f} s "
            f"| {ratio:.1f} × faster | ≥ {bar:.0f} × | {'yes' if ratio >= bar else 'no'} |"
        )
    return lines


def _records(count: int) -> dict[str, list[dict[str, Any]]]:
    records = small_practice()
    pattern = records["transactions"][0]
    start = 1_760_000_000
    records["transactions"] = [
        {
            **pattern,
            "id": f"{i:024x}",
            "transaction_api_id": f"bench{i}",
            "transaction_amount": 1_000 + i % 90_000,
            "created_ts": start + i,
            "modified_ts": start + i,
        }
        for i in range(1, count + 1)
    ]
    return records


def _ours(folder: Path, sandbox: Sandbox) -> tuple[float, float]:
    engine = open_store(f"sqlite:///{folder / 'sync.db'}")
    migrate(engine)
    settings = {
        "base_url": sandbox.base_url,
        "user_id": sandbox.keys["user_id"],
        "location_id": sandbox.location_id,
    }
    secrets = {name: sandbox.keys[name] for name in ("user_api_key", "developer_id")}
    with transaction(engine) as session:
        connection = connect(session, kind="fortis", name="Fortis", settings=settings, secrets=secrets).id
    assert connection is not None
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        results = sync_connection(engine, connection)
        taken.append(time.perf_counter() - began)
        assert not [result.error for result in results if result.error], clock.now()
    engine.dispose()
    return taken[0], taken[1]


def _dlt(folder: Path, sandbox: Sandbox, transactions: int) -> tuple[float, float]:
    import dlt

    @dlt.resource(name="transactions", write_disposition="merge", primary_key="id")
    def pages() -> Any:
        with httpx.Client(headers=sandbox.headers, timeout=60) as client:
            number = 1
            while True:
                parameters = {
                    "page[size]": PAGE,
                    "page[number]": number,
                    "order[0][key]": "modified_ts",
                    "order[0][operator]": "asc",
                }
                rows = (
                    client.get(f"{sandbox.base_url}/v1/transactions", params=parameters)
                    .raise_for_status()
                    .json()["list"]
                )
                if not rows:
                    return
                yield rows
                number += 1

    taken = []
    for _ in range(2):
        pipeline = dlt.pipeline(
            pipeline_name="bench",
            pipelines_dir=str(folder / "dlt"),
            destination=dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
            dataset_name="bench",
        )
        began = time.perf_counter()
        pipeline.run(pages())
        taken.append(time.perf_counter() - began)
    with pipeline.sql_client() as client:
        assert client.execute_sql("SELECT count(*) FROM transactions")[0][0] == transactions
    return taken[0], taken[1]
