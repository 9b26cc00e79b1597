"""GET and POST /control, and the page at /: what a client and a test can know and do."""

from pathlib import Path

import pytest

from tests.sandbox.records import ANA, ANAS_CARD, DAY, LOCATION_ID
from tests.sandbox.running import Sandbox


def test_control_tells_every_address_and_key(sandbox: Sandbox) -> None:
    known = sandbox.client.get(f"{sandbox.root_url}/control").json()
    assert known["fortis"] == {"base_url": sandbox.base_url, "location_id": LOCATION_ID, **sandbox.keys}
    assert Path(known["ehr_files"]) == (sandbox.state.folder / "ehr").resolve()
    assert known["now"] == "2026-11-21T13:00:00+00:00"
    assert set(known["sms"]) == {"base_url", "account_sid", "auth_token", "from_number"}
    assert set(known["smtp"]) == {"host", "port", "username", "password"}
    for page in known["pages"].values():
        assert sandbox.client.get(page).status_code == 200


def test_the_page_says_what_this_is_and_where(sandbox: Sandbox) -> None:
    page = sandbox.client.get(sandbox.root_url).text
    assert sandbox.base_url in page
    assert sandbox.keys["user_api_key"] in page
    assert 'href="/control"' in page


def test_the_clock_stands_where_it_was_frozen_and_moves_when_told(sandbox: Sandbox) -> None:
    assert sandbox.control({"advance": {"days": 2, "hours": 1}})["now"] == "2026-11-23T14:00:00+00:00"
    assert sandbox.control({"now": "2027-01-01T09:00:00-05:00"})["now"] == "2027-01-01T14:00:00+00:00"


def test_a_clock_that_is_not_frozen_goes_on(sandbox: Sandbox) -> None:
    sandbox.control({"now": "2027-01-01T00:00:00Z"})
    first = sandbox.state.now()
    assert 0 < (sandbox.state.now() - first).total_seconds() < 5


def test_a_record_changes_upstream_and_says_when(sandbox: Sandbox) -> None:
    before = sandbox.request("GET", f"/v1/contacts/{ANA}").json()["data"]
    sandbox.control({"change": {"resource": "contacts", "id": ANA, "fields": {"email": None}}})
    after = sandbox.request("GET", f"/v1/contacts/{ANA}").json()["data"]
    assert (before["email"], after["email"]) == ("ana@example.com", None)
    assert after["modified_ts"] > before["modified_ts"] + DAY
    since = {
        "filter_by[0][key]": "modified_ts",
        "filter_by[0][operator]": ">=",
        "filter_by[0][value]": after["modified_ts"],
    }
    assert [each["id"] for each in sandbox.request("GET", "/v1/contacts", params=since).json()["list"]] == [
        ANA
    ]


def test_a_change_may_say_itself_when_it_happened(sandbox: Sandbox) -> None:
    fields = {"exp_date": "0131", "modified_ts": 1_700_000_000}
    sandbox.control({"change": {"resource": "tokens", "id": ANAS_CARD, "fields": fields}})
    assert sandbox.request("GET", f"/v1/tokens/{ANAS_CARD}").json()["data"]["modified_ts"] == 1_700_000_000


@pytest.mark.parametrize(
    "wish",
    [
        [],
        {"explode": True},
        {"faults": [{"kind": "earthquake"}]},
        {"faults": [{"kind": "status", "colour": "red"}]},
        {"now": "soon"},
        {"advance": {"fortnights": 1}},
        {"advance": {"days": 1e12}},
        {"faults": [{"kind": "status", "probability": "often"}]},
        {"decline": {"token_id": "0" * 24}},
        {"decline": {}},
        {"change": {"resource": "contacts", "id": "0" * 24, "fields": {}}},
        {"change": {"resource": "contacts", "id": ANA, "fields": {"shoe_size": 43}}},
        {"change": {"resource": "meta", "id": "seed", "fields": {}}},
        {"delete": {"resource": "contacts", "id": "0" * 24}},
        {"clear": True, "delete": {"resource": "meta", "id": "seed"}},
    ],
)
def test_a_wish_that_is_not_understood_changes_nothing(sandbox: Sandbox, wish: object) -> None:
    sandbox.control({"faults": [{"kind": "latency", "latency_ms": 1}]})
    answer = sandbox.client.post(f"{sandbox.root_url}/control", json=wish)
    assert (answer.status_code, answer.json()["ok"]) == (400, False)
    assert answer.json()["error"]
    assert len(sandbox.control({})["faults"]) == 1
    assert sandbox.request("GET", f"/v1/contacts/{ANA}").status_code == 200


def test_bad_json_is_told(sandbox: Sandbox) -> None:
    assert sandbox.client.post(f"{sandbox.root_url}/control", content=b"{").status_code == 400


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"kind": "status", "match": "/v1/contacts"}, 'match is an object such as {"method": "GET"'),
        ({"kind": "status", "match": {"url": "/v1"}}, "match takes method and path as text"),
        ({"kind": "drop", "at": "smtp", "match": {"path": "/v1"}}, "match takes to as text"),
        ({"kind": "half_page", "at": "smtp"}, "the mail server knows the faults"),
        ({"kind": "drop", "at": "moon"}, "at is one of fortis, sms, "),
        ("status", "a fault is an object such as"),
    ],
)
def test_a_fault_that_is_not_understood_is_told_how_to_write_it(
    sandbox: Sandbox, wish: object, said: str
) -> None:
    answer = sandbox.client.post(f"{sandbox.root_url}/control", json={"faults": [wish]})
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    "wish",
    [
        {"listing_delay": "soon"},
        {"sms": {"colour": "red"}},
        {"sms": {"idempotency": "yes"}},
        {"smtp": {"honours_message_id": "yes"}},
        {"events": {"copies": 0}},
        {"events": {"speed": 1}},
    ],
)
def test_a_setting_that_is_none_is_refused(sandbox: Sandbox, wish: dict[str, object]) -> None:
    assert sandbox.client.post(f"{sandbox.root_url}/control", json=wish).status_code == 400
