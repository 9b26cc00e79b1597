"""The wire itself: sign-in, envelopes, error bodies (Fortis facts §1)."""

import pytest

from data.sandbox.fortis.catalogue import ALL
from tests.sandbox.records import ANA, LOCATION_ID
from tests.sandbox.running import Sandbox

PATHS = ("locations", "contacts", "tokens", "recurrings", "declined-recurring-transactions", "transactions")


@pytest.mark.parametrize("left_out", ["user-id", "user-api-key", "developer-id"])
def test_all_three_headers_are_needed(sandbox: Sandbox, left_out: str) -> None:
    headers = {name: value for name, value in sandbox.headers.items() if name != left_out}
    answer = sandbox.client.get(f"{sandbox.base_url}/v1/contacts", headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token"}


@pytest.mark.parametrize("path", PATHS)
def test_lists_come_in_their_envelope(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.request("GET", f"/v1/{path}").json()
    assert set(answer) == {"type", "list", "links", "pagination", "sort"}
    assert set(answer["links"]) == {"type", "first", "previous", "next", "last"}
    assert answer["pagination"]["total_count"] == len(answer["list"])
    assert answer["sort"] == {"type": "Sorting", "fields": []}


@pytest.mark.parametrize("path", [path for path in PATHS if "declined" not in path])
def test_every_published_field_is_in_the_answer(sandbox: Sandbox, path: str) -> None:
    first = sandbox.request("GET", f"/v1/{path}").json()["list"][0]
    assert set(first) == set(ALL[path].shape)
    again = sandbox.request("GET", f"/v1/{path}/{first['id']}").json()
    assert again == {"type": ALL[path].kind, "data": first}


def test_what_is_not_there_is_a_404(sandbox: Sandbox) -> None:
    path, record = sandbox.request("GET", "/v1/nothing"), sandbox.request("GET", f"/v1/contacts/{'0' * 24}")
    assert path.json() == {"statusCode": 404, "error": "Not Found", "message": "Not Found"}
    assert (record.status_code, record.json()["detail"]) == (404, "Contact not found")
    assert sandbox.request("DELETE", f"/v1/locations/{LOCATION_ID}").status_code == 405


def test_a_bad_body_is_a_412_that_names_every_field(sandbox: Sandbox) -> None:
    wrong = {"location_id": LOCATION_ID, "email": "x" * 65, "cell_phone": "614-555-01", "shoe_size": 43}
    answer = sandbox.request("POST", "/v1/contacts", json=wrong)
    body = answer.json()
    assert (answer.status_code, body["type"], body["title"]) == (412, "Error", "Precondition Failed")
    assert body["detail"] == '"last_name" is required'
    kinds = {detail["path"][0]: detail["type"] for detail in body["meta"]["details"]}
    assert kinds == {
        "last_name": "any.required",
        "email": "string.max",
        "cell_phone": "string.pattern.base",
        "shoe_size": "object.unknown",
    }


@pytest.mark.parametrize("body", [b"{", b"[]", b'"Ana"'])
def test_a_body_that_is_no_object_is_a_412(sandbox: Sandbox, body: bytes) -> None:
    assert sandbox.request("POST", "/v1/contacts", content=body).status_code == 412
    assert sandbox.request("GET", f"/v1/contacts/{ANA}").json()["data"]["first_name"] == "Ana"


def test_a_card_number_is_never_said_back(sandbox: Sandbox) -> None:
    for number in ("4111111111111112", "4111-1111-1111-1111"):
        body = {"location_id": LOCATION_ID, "account_number": number, "exp_date": "0129"}
        answer = sandbox.request("POST", "/v1/tokens/cc", json=body)
        assert answer.status_code == 412
        assert number not in answer.text
