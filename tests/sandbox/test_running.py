"""Starting, killing and starting again; many payments; the practice in a folder."""

import socket
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import httpx
import pytest

from data.sandbox import app
from data.sandbox.state import State
from tests.sandbox.records import LOCATION_ID, payment, small_practice
from tests.sandbox.running import run_sandbox

CY = {"location_id": LOCATION_ID, "last_name": "Cole"}
TODAY = date(2026, 11, 21)
# 50,000 more of the one payment there is, each a second later.
COPIES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
INSERT INTO transactions (id, created_ts, modified_ts, contact_id, said, blank)
SELECT printf('31f2%020x', i), i, i, contact_id,
       json_set(said, '$.id', printf('31f2%020x', i), '$.created_ts', i, '$.modified_ts', i), blank
FROM n, (SELECT contact_id, said, blank FROM transactions LIMIT 1)
"""


def test_a_killed_sandbox_goes_on_with_everything_it_answered(tmp_path: Path) -> None:
    with run_sandbox(tmp_path, own_process=True) as sandbox:
        made = [sandbox.request("POST", "/v1/contacts", json=CY).json()["data"]["id"] for _ in range(3)]
        sandbox.kill()
        with pytest.raises(httpx.ConnectError):
            sandbox.request("GET", "/v1/contacts")
        sandbox.restart()
        listed = [each["id"] for each in sandbox.request("GET", "/v1/contacts").json()["list"]]
        assert listed[2:] == made
        another = sandbox.request("POST", "/v1/contacts", json=CY).json()["data"]["id"]
        assert another not in listed


def test_a_sandbox_in_this_process_stops_and_starts_on_its_port(tmp_path: Path) -> None:
    with run_sandbox(tmp_path) as sandbox:
        address = sandbox.base_url
        sandbox.restart()
        assert sandbox.base_url == address
        assert sandbox.request("GET", "/v1/contacts").status_code == 200


def test_it_stops_at_once_on_sigterm_even_while_a_client_hangs(tmp_path: Path) -> None:
    with run_sandbox(tmp_path, own_process=True) as sandbox:
        sandbox.control({"faults": [{"kind": "timeout_before"}]})
        with socket.create_connection(("127.0.0.1", sandbox.port)) as client:
            client.sendall(b"GET /fortis/v1/contacts HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.2)
            assert sandbox.process is not None
            sandbox.process.terminate()
            assert sandbox.process.wait(timeout=10) == 0


def test_fifty_thousand_payments_come_in_full_pages(tmp_path: Path) -> None:
    with run_sandbox(tmp_path, small_practice() | {"transactions": [payment(0, modified_ts=0)]}) as sandbox:
        with sandbox.state.transaction() as db:
            db.execute(COPIES)
        by_change = "order[0][key]=modified_ts&filter_by[0][key]=modified_ts&filter_by[0][operator]=>="
        url = f"/v1/transactions?page[size]=5000&page[number]=10&{by_change}&filter_by[0][value]=1"
        started = time.monotonic()
        page = sandbox.request("GET", url).json()
        assert time.monotonic() - started < 10
        assert [row["modified_ts"] for row in page["list"]] == list(range(45_001, 50_001))
        assert (page["pagination"]["total_count"], page["pagination"]["page_count"]) == (50_000, 10)


def test_lists_by_change_walk_the_index_and_sort_nothing(tmp_path: Path) -> None:
    with closing(State(tmp_path)) as state:
        sql = "SELECT said, blank FROM transactions WHERE modified_ts >= 5 ORDER BY modified_ts asc, rowid asc LIMIT 5 OFFSET 5"
        plan = " ".join(step[3] for step in state.select(f"EXPLAIN QUERY PLAN {sql}"))
        assert "USING INDEX transactions_modified_ts" in plan
        assert "TEMP B-TREE" not in plan


def test_a_practice_is_made_once_for_its_seed_and_size(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = app.prepare(folder, seed=3, patients=60, locations=1, today=TODAY)
    ids, keys = first.select("SELECT id FROM contacts ORDER BY id"), first.login
    first.delete("contacts", ids[0][0])
    first.close()
    same = app.prepare(folder, seed=3, patients=60, locations=1, today=TODAY)
    assert same.select("SELECT id FROM contacts ORDER BY id") == ids[1:]
    same.close()
    other = app.prepare(folder, seed=4, patients=60, locations=1, today=TODAY)
    assert other.login != keys
    assert not {row[0] for row in other.select("SELECT id FROM contacts")} & {row[0] for row in ids}
    other.close()


def test_the_same_seed_gives_the_same_practice_on_both_sides(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        state = app.prepare(tmp_path / name, seed=3, patients=60, locations=1, today=TODAY)
        records = [
            state.select(f"SELECT id, said FROM {table} ORDER BY id")
            for table in ("contacts", "transactions")
        ]
        files = {path.name: path.read_bytes() for path in (tmp_path / name / "ehr").iterdir()}
        made.append((records, files, state.login))
        assert state.today(state.find("locations")[0]["id"]) == TODAY
        state.close()
    assert made[0] == made[1]
    assert all(len(row[0]) == 24 for row in made[0][0][0])


def test_a_taken_port_is_said_and_not_waited_for(tmp_path: Path) -> None:
    with run_sandbox(tmp_path) as sandbox, pytest.raises(OSError, match="in use"):
        app.listen(sandbox.port)
