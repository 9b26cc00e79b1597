"""Paging, order, filters, related records and fields, in both spellings (Fortis facts §1)."""

import json
from typing import Any

import pytest

from tests.sandbox.records import ANA, BEN, DAY, LOCATION_ID, START
from tests.sandbox.running import Sandbox


def _days(answer: dict[str, Any]) -> list[int]:
    return [(row["created_ts"] - START) // DAY for row in answer["list"]]


def _payments(sandbox: Sandbox, params: dict[str, Any]) -> dict[str, Any]:
    answer = sandbox.request("GET", "/v1/transactions", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "params",
    [
        {"page[number]": 2, "page[size]": 2, "order[0][key]": "created_ts", "order[0][operator]": "desc"},
        {"page": '{"number":2,"size":2}', "order": '[{"key":"created_ts","operator":"desc"}]'},
    ],
)
def test_both_spellings_of_page_and_order_mean_the_same(sandbox: Sandbox, params: dict[str, Any]) -> None:
    answer = _payments(sandbox, params)
    assert _days(answer) == [3, 2]
    assert answer["pagination"] | {"type": ""} == {
        "type": "",
        "total_count": 5,
        "page_count": 3,
        "page_number": 2,
        "page_size": 2,
    }
    assert answer["sort"]["fields"] == [{"field": "created_ts", "order": "desc"}]


def test_links_lead_from_the_first_page_to_the_last(sandbox: Sandbox) -> None:
    seen, link = [], "/v1/transactions?page[size]=2&order[0][key]=id"
    while link:
        answer = sandbox.request("GET", link).json()
        seen += _days(answer)
        link = answer["links"]["next"]
    assert seen == [1, 2, 3, 4, 5]
    assert answer["links"]["previous"].startswith("/v1/transactions?page%5Bsize%5D=2&page%5Bnumber%5D=2")


def test_a_page_past_the_end_is_empty_and_keeps_the_total(sandbox: Sandbox) -> None:
    answer = _payments(sandbox, {"page[number]": 9, "page[size]": 5000})
    assert (answer["list"], answer["pagination"]["total_count"], answer["links"]["next"]) == ([], 5, None)


@pytest.mark.parametrize(
    ("operator", "value", "days"),
    [
        ("=", START + 2 * DAY, [2]),
        (">=", START + 4 * DAY, [4, 5]),
        (">", START + 4 * DAY, [5]),
        ("<=", START + 2 * DAY, [1, 2]),
        ("<", START + 2 * DAY, [1]),
        ("IN", f"{START + DAY},{START + 5 * DAY}", [1, 5]),
    ],
)
def test_filters_compare_as_they_say(sandbox: Sandbox, operator: str, value: Any, days: list[int]) -> None:
    indexed = {
        "filter_by[0][key]": "created_ts",
        "filter_by[0][operator]": operator,
        "filter_by[0][value]": value,
    }
    whole = {"filter_by": json.dumps([{"key": "created_ts", "operator": operator, "value": str(value)}])}
    assert _days(_payments(sandbox, indexed)) == days
    assert _days(_payments(sandbox, whole)) == days


def test_several_filters_all_have_to_hold(sandbox: Sandbox) -> None:
    both = [
        {"key": "created_ts", "operator": ">=", "value": START + 2 * DAY},
        {"key": "modified_ts", "operator": "<=", "value": START + 3 * DAY},
        {"key": "is_recurring", "operator": "=", "value": "false"},
    ]
    assert _days(_payments(sandbox, {"filter_by": json.dumps(both)})) == [2, 3]


def test_a_filter_on_a_field_without_an_index_works_too(sandbox: Sandbox) -> None:
    wanted = {
        "filter_by[0][key]": "last_name",
        "filter_by[0][operator]": "IN",
        "filter_by[0][value]": "Brown,Cole",
    }
    answer = sandbox.request("GET", "/v1/contacts", params=wanted).json()
    assert [contact["id"] for contact in answer["list"]] == [BEN]


def test_related_records_and_fields_come_only_when_asked_for(sandbox: Sandbox) -> None:
    asked = {"expand[0]": "contact", "expand[1]": "activeRecurrings", "fields[0]": "last_four"}
    first = sandbox.request("GET", "/v1/tokens", params=asked).json()["list"][0]
    assert first == {"last_four": "1111"}
    both = asked | {"fields[1]": "contact", "fields[2]": "activeRecurrings"}
    first = sandbox.request("GET", "/v1/tokens", params=both).json()["list"][0]
    assert (first["contact"]["id"], len(first["activeRecurrings"])) == (ANA, 1)


def test_a_comma_form_of_expand_is_understood(sandbox: Sandbox) -> None:
    path = f"/v1/locations/{LOCATION_ID}?expand=product_transactions,addons,quick_invoice_setting"
    location = sandbox.request("GET", path).json()["data"]
    assert [account["payment_method"] for account in location["product_transactions"]] == ["cc", "ach"]
    assert location["addons"] == []


@pytest.mark.parametrize(
    "query",
    [
        "page[size]=5001",
        "page[size]=0",
        "page[number]=0",
        "page[number]=two",
        "page=7",
        "order[0][key]=shoe_size",
        'order=[{"key":["id"]}]',
        "order[0][key]=id&order[0][operator]=sideways",
        "filter_by[0][key]=shoe_size&filter_by[0][value]=1",
        "filter_by[0][key]=id&filter_by[0][operator]=LIKE&filter_by[0][value]=1",
        "filter_by[0][key]=created_ts&filter_by[0][value]=soon",
        "filter_by[0][key]=id",
        "filter_by[0]=id",
        "filter_by=id",
        "expand[0]=everything",
        "fields[0]=everything",
        "offset=3",
        "page=1&page[size]=2",
    ],
)
def test_a_question_that_makes_no_sense_is_a_412(sandbox: Sandbox, query: str) -> None:
    answer = sandbox.request("GET", f"/v1/contacts?{query}")
    assert (answer.status_code, answer.json()["title"]) == (412, "Precondition Failed")
