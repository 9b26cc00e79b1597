"""Tokens: the raw number is looked at and forgotten (Fortis facts §5)."""

from pathlib import Path

import pytest

from tests.sandbox.records import ANA, ANAS_CARD, ANAS_PLAN, BENS_BANK, LOCATION_ID
from tests.sandbox.running import Sandbox

TEST_NUMBERS = {
    "4111111111111111": "visa",
    "5454545454545454": "mc",
    "378282246310005": "amex",
    "6011111111111117": "disc",
    "3530111333300000": "jcb",
    "30569309025904": "diners",
}
CARD = {
    "location_id": LOCATION_ID,
    "contact_id": ANA,
    "account_number": "4111111111111111",
    "exp_date": "0129",
}
BANK = {"location_id": LOCATION_ID, "account_number": "000123456789", "routing_number": "021000021"}


@pytest.mark.parametrize(("number", "brand"), TEST_NUMBERS.items())
def test_a_card_is_known_by_its_first_and_last_digits_only(sandbox: Sandbox, number: str, brand: str) -> None:
    answer = sandbox.request("POST", "/v1/tokens/cc", json=CARD | {"account_number": number})
    token = answer.json()["data"]
    assert answer.status_code == 201
    assert (token["account_type"], token["first_six"], token["last_four"]) == (brand, number[:6], number[-4:])
    assert token["account_number"] is None
    kept = b"".join(path.read_bytes() for path in Path(sandbox.state.folder).glob("sandbox.db*"))
    assert number.encode() not in kept


def test_a_bank_account_is_a_token_without_expiry(sandbox: Sandbox) -> None:
    token = sandbox.request("POST", "/v1/tokens/ach", json=BANK | {"account_type": "savings"}).json()["data"]
    assert (token["payment_method"], token["account_type"], token["last_four"]) == ("ach", "savings", "6789")
    assert (token["exp_date"], token["expiring_in_months"], token["account_number"]) == (None, None, None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"account_number": "4111111111111112"}, "account_number"),
        ({"account_number": None}, "account_number"),
        ({"exp_date": "1329"}, "exp_date"),
        ({"exp_date": None}, "exp_date"),
        ({"contact_id": "0" * 24}, "contact_id"),
        ({"title": "x" * 17}, "title"),
    ],
)
def test_a_card_that_cannot_be_right_is_refused(
    sandbox: Sandbox, wrong: dict[str, object], field: str
) -> None:
    answer = sandbox.request("POST", "/v1/tokens/cc", json=CARD | wrong)
    assert answer.status_code == 412
    assert answer.json()["meta"]["details"][0]["path"] == [field]


def test_a_new_expiry_is_a_change_and_a_new_number_is_not(sandbox: Sandbox) -> None:
    path = f"/v1/tokens/{ANAS_CARD}/cc"
    token = sandbox.request("PATCH", path, json={"exp_date": "0330"}).json()["data"]
    assert (token["exp_date"], token["expiring_in_months"]) == ("0330", 40)
    assert sandbox.request("PATCH", path, json={"account_number": "5454545454545454"}).status_code == 412
    assert (
        sandbox.request("PATCH", f"/v1/tokens/{BENS_BANK}/cc", json={"exp_date": "0330"}).status_code == 412
    )


def test_the_deprecated_names_say_the_same_as_the_new_ones(sandbox: Sandbox) -> None:
    old = sandbox.request(
        "POST", "/v1/tokens/cc", json=CARD | {"account_vault_api_id": "V1", "token_c2": "x"}
    )
    token = old.json()["data"]
    assert (token["token_api_id"], token["account_vault_api_id"], token["accountvault_c2"]) == (
        "V1",
        "V1",
        "x",
    )
    again = sandbox.request("POST", "/v1/tokens/cc", json=CARD | {"token_api_id": "V1"})
    assert again.json()["detail"] == '"token_api_id" must be unique'


def test_months_to_expiry_follow_the_clock(sandbox: Sandbox) -> None:
    months = []
    for now in ("2026-11-21T13:00:00Z", "2028-12-31T13:00:00Z", "2029-01-01T13:00:00Z"):
        sandbox.control({"now": now, "freeze": True})
        token = sandbox.request("GET", f"/v1/tokens/{ANAS_CARD}").json()["data"]
        months.append(token["expiring_in_months"])
    assert months == [25, 0, -1]


def test_a_token_that_a_plan_charges_stays(sandbox: Sandbox) -> None:
    asked = {"expand[0]": "is_deletable"}
    token = sandbox.request("GET", f"/v1/tokens/{ANAS_CARD}", params=asked).json()["data"]
    assert (token["has_recurring"], token["is_deletable"]) == (True, False)
    assert sandbox.request("DELETE", f"/v1/tokens/{ANAS_CARD}").status_code == 412
    sandbox.request("DELETE", f"/v1/recurrings/{ANAS_PLAN}")
    assert sandbox.request("DELETE", f"/v1/tokens/{ANAS_CARD}").status_code == 204
    assert sandbox.request("GET", f"/v1/tokens/{ANAS_CARD}").status_code == 404
