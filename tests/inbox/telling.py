"""Messages as Fortis writes them (facts: Fortis §12)."""

import json
from typing import Any
from urllib.parse import urlencode

RECORD = "31f00000000000000000ab01"


def transaction_record(**also: Any) -> dict[str, Any]:
    return {"id": RECORD, "location_id": "11e95f8ec39de8fbdb0a4f1a", "transaction_amount": 14900} | also


def message(record: dict[str, Any] | None = None, **also: Any) -> dict[str, Any]:
    """type, resource, number_of_attempts and data, as an object."""
    told = {"type": "CREATE", "resource": "transaction", "number_of_attempts": 1}
    return told | {"data": record or transaction_record()} | also


def as_json(told: dict[str, Any]) -> dict[str, Any]:
    """What httpx.post needs to send it as plain JSON."""
    return {"content": json.dumps(told), "headers": {"content-type": "application/json"}}


def as_form(told: dict[str, Any]) -> dict[str, Any]:
    """The same as form fields, the record as JSON text."""
    fields = told | {"data": json.dumps(told["data"])}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return {"content": urlencode(fields), "headers": headers}
