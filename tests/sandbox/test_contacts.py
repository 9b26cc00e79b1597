"""Contacts: made once, changed, deleted when nothing charges them (Fortis facts §4)."""

import pytest

from tests.sandbox.records import ANA, ANAS_PLAN, BEN, DAY, LOCATION_ID
from tests.sandbox.running import Sandbox

CY = {
    "location_id": LOCATION_ID,
    "last_name": "Cole",
    "first_name": "Cy",
    "contact_api_id": "P77",
    "contact_c1": "vip",
}


def test_a_new_contact_is_complete_and_answered_with_201(sandbox: Sandbox) -> None:
    answer = sandbox.request("POST", "/v1/contacts", json=CY)
    data = answer.json()["data"]
    assert (answer.status_code, answer.json()["type"]) == (201, "Contact")
    assert len(data["id"]) == 24
    assert (data["active"], data["contact_c1"], data["cell_phone"]) == (True, "vip", None)
    assert data["created_ts"] == data["modified_ts"] == int(sandbox.state.now().timestamp())


def test_a_contact_api_id_is_used_once_unless_an_update_was_meant(sandbox: Sandbox) -> None:
    first = sandbox.request("POST", "/v1/contacts", json=CY).json()["data"]
    again = sandbox.request("POST", "/v1/contacts", json=CY)
    assert (again.status_code, again.json()["detail"]) == (412, '"contact_api_id" must be unique')
    upsert = sandbox.request(
        "POST", "/v1/contacts", json=CY | {"email": "cy@example.com", "update_if_exists": 1}
    )
    assert (upsert.status_code, upsert.json()["data"]["id"]) == (200, first["id"])
    assert sandbox.request("GET", "/v1/contacts").json()["pagination"]["total_count"] == 3


def test_an_unknown_location_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.request("POST", "/v1/contacts", json=CY | {"location_id": "0" * 24})
    assert answer.json()["meta"]["details"][0]["path"] == ["location_id"]


def test_a_change_moves_modified_ts_and_nothing_else(sandbox: Sandbox) -> None:
    before = sandbox.request("GET", f"/v1/contacts/{ANA}").json()["data"]
    sandbox.control({"advance": {"days": 1}})
    after = sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"cell_phone": "6145550100"}).json()["data"]
    assert after["modified_ts"] >= before["modified_ts"] + DAY
    assert after == before | {"cell_phone": "6145550100", "modified_ts": after["modified_ts"]}


def test_a_changed_contact_cannot_take_anothers_key(sandbox: Sandbox) -> None:
    sandbox.request("POST", "/v1/contacts", json=CY)
    taken = sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"contact_api_id": "P77"})
    assert taken.status_code == 412
    free = sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"contact_api_id": "P78"})
    assert free.status_code == 200


@pytest.mark.parametrize("body", [{"last_name": ""}, {"last_name": None}, {"email": 7}, {"balance": "a lot"}])
def test_a_change_is_checked_like_a_new_contact(sandbox: Sandbox, body: dict[str, object]) -> None:
    assert sandbox.request("PATCH", f"/v1/contacts/{ANA}", json=body).status_code == 412


def test_a_contact_with_an_active_plan_stays(sandbox: Sandbox) -> None:
    assert sandbox.request("DELETE", f"/v1/contacts/{ANA}").status_code == 412
    sandbox.request("DELETE", f"/v1/recurrings/{ANAS_PLAN}")
    gone = sandbox.request("DELETE", f"/v1/contacts/{ANA}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert sandbox.request("GET", f"/v1/contacts/{ANA}").status_code == 404
    assert [each["id"] for each in sandbox.request("GET", "/v1/contacts").json()["list"]] == [BEN]
