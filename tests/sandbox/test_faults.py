"""What can go wrong on the line, on demand, and what has happened upstream when it did."""

import time
from typing import Any

import httpx
import pytest

from tests.sandbox.records import ANAS_CARD, BEN, LOCATION_ID
from tests.sandbox.running import Sandbox

CY = {"location_id": LOCATION_ID, "last_name": "Cole"}
PAGE_TWO = "/v1/transactions?page[size]=2&page[number]=2&order[0][key]=id"


def _fault(sandbox: Sandbox, kind: str, **how: Any) -> None:
    sandbox.control({"faults": [{"kind": kind, "times": 1, **how}]})


def _contacts(sandbox: Sandbox) -> int:
    return sandbox.request("GET", "/v1/contacts").json()["pagination"]["total_count"]


def _numbers(answer: httpx.Response) -> list[int]:
    return [int(row["id"][4:], 16) for row in answer.json()["list"]]


@pytest.mark.parametrize(("status", "retry_after"), [(429, 2), (429, None), (500, None), (502, None)])
def test_a_status_is_answered_and_nothing_is_done(
    sandbox: Sandbox, status: int, retry_after: int | None
) -> None:
    _fault(sandbox, "status", status=status, retry_after=retry_after)
    answer = sandbox.request("POST", "/v1/contacts", json=CY)
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == (str(retry_after) if retry_after else None)
    assert _contacts(sandbox) == 2


def test_latency_waits_and_then_answers(sandbox: Sandbox) -> None:
    _fault(sandbox, "latency", latency_ms=300)
    started = time.monotonic()
    assert sandbox.request("GET", "/v1/contacts").status_code == 200
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(("kind", "made"), [("timeout_before", 0), ("timeout_after", 1)])
def test_a_time_out_leaves_it_open_whether_the_request_was_carried_out(
    sandbox: Sandbox, kind: str, made: int
) -> None:
    _fault(sandbox, kind)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.request("POST", "/v1/contacts", json=CY, timeout=0.5)
    assert _contacts(sandbox) == 2 + made


def test_a_reset_breaks_the_body_in_the_middle(sandbox: Sandbox) -> None:
    _fault(sandbox, "reset")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.request("GET", "/v1/transactions")
    assert _numbers(sandbox.request("GET", "/v1/transactions")) == [1, 2, 3, 4, 5]


def test_garbage_is_a_200_that_is_no_json(sandbox: Sandbox) -> None:
    _fault(sandbox, "garbage")
    answer = sandbox.request("GET", "/v1/transactions")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_withdrawn_keys_are_the_processors_own_401(sandbox: Sandbox) -> None:
    _fault(sandbox, "wrong_keys")
    answer = sandbox.request("GET", "/v1/contacts")
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid token")


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("half_page", [3]),
        ("empty_page", []),
        ("repeated_page", [1, 2]),
        ("cursor_loop", [1, 2]),
        ("duplicate_ids", [3, 4, 3]),
    ],
)
def test_a_bad_page_lies_about_its_records_and_keeps_its_total(
    sandbox: Sandbox, kind: str, numbers: list[int]
) -> None:
    _fault(sandbox, kind)
    bad, good = sandbox.request("GET", PAGE_TWO), sandbox.request("GET", PAGE_TWO)
    assert (_numbers(bad), _numbers(good)) == (numbers, [3, 4])
    assert bad.json()["pagination"]["total_count"] == 5


def test_a_cursor_loop_always_has_a_next_page(sandbox: Sandbox) -> None:
    sandbox.control({"faults": [{"kind": "cursor_loop"}]})
    for number in (1, 50, 900):
        answer = sandbox.request("GET", f"/v1/transactions?page[size]=2&page[number]={number}")
        assert _numbers(answer) == [1, 2]
        assert f"number%5D={number + 1}" in answer.json()["links"]["next"]


def test_renamed_fields_leave_no_id_to_hold_on_to(sandbox: Sandbox) -> None:
    _fault(sandbox, "renamed_fields")
    first = sandbox.request("GET", "/v1/contacts").json()["list"][0]
    assert "id" not in first
    assert first["last_name_v2"] == "Alvarez"


def test_a_fault_strikes_only_what_it_was_meant_for(sandbox: Sandbox) -> None:
    match = {"method": "GET", "path": "/fortis/v1/tokens"}
    sandbox.control({"faults": [{"kind": "status", "status": 500, "match": match}]})
    assert sandbox.request("GET", "/v1/contacts").status_code == 200
    assert sandbox.request("DELETE", f"/v1/tokens/{ANAS_CARD}").status_code == 412
    assert [sandbox.request("GET", "/v1/tokens").status_code for _ in range(3)] == [500, 500, 500]
    sandbox.control({"clear": True})
    assert sandbox.request("GET", "/v1/tokens").status_code == 200


def test_a_fault_of_three_times_is_over_after_three(sandbox: Sandbox) -> None:
    _fault(sandbox, "status", status=502, times=3)
    statuses = [sandbox.request("GET", f"/v1/contacts/{BEN}").status_code for _ in range(5)]
    assert statuses == [502, 502, 502, 200, 200]
    (fault,) = sandbox.control({})["faults"]
    assert fault["fired"] == 3


def test_the_same_seed_fails_the_same_requests(sandbox: Sandbox) -> None:
    runs = []
    for _ in range(2):
        sandbox.control({"clear": True, "faults": [{"kind": "status", "probability": 0.4, "seed": 5}]})
        runs.append([sandbox.request("GET", "/v1/contacts").status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_one_request_may_be_late_and_fail(sandbox: Sandbox) -> None:
    late = {"kind": "latency", "latency_ms": 200}
    sandbox.control({"faults": [late, {"kind": "status", "status": 502}]})
    started = time.monotonic()
    assert sandbox.request("GET", "/v1/contacts").status_code == 502
    assert time.monotonic() - started >= 0.2
