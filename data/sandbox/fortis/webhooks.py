"""Webhooks, which Fortis calls postback configs, and what is sent through them (facts §12).

Left open by the facts, taken so here:
- with `legacy: true` a message is form-encoded and its record is in the old style: status_id, amounts as decimal
  text. Without it the message is JSON and the record that of the API. In both `data` is the record as JSON text;
- `number_of_attempts` in a message tells which attempt it is;
- `format: partner` is kept and changes nothing;
- a config for transactions or batches hears of its product_transaction_id only, one for contacts of its location;
- `expands` puts the related records into the message's record.
The keys of a config are kept apart from it and answered never.
"""

import base64
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from data.sandbox import calls
from data.sandbox.fortis import wire
from data.sandbox.fortis.catalogue import ALL
from data.sandbox.fortis.resources import Call, Resource, checked, known, location_of, shown, stamped
from data.sandbox.fortis.schemas import Shape, shape
from data.sandbox.state import Record, State

_BODY = r"""
attempt_interval: int? 300..86400
basic_auth_username, basic_auth_password, expands: str? len 0..512
format: enum api-default/partner?
is_active: bool
location_id: str ID
location_api_id: str?
on_create, on_update, on_delete, legacy: bool
postback_config_id, product_transaction_id: str? ID
resource: enum contact/transaction/transactionbatch?
number_of_attempts: int 1..5
url: str len 0..512
"""
_NEEDED = """is_active*, on_create*, on_update*, on_delete*: bool
location_id*: str ID
number_of_attempts*: int 1..5
url*: str len 0..512"""
WEBHOOK_CHANGE: Shape = shape(_BODY)
CONTACT_WEBHOOK: Shape = WEBHOOK_CHANGE | shape(_NEEDED)
ACCOUNT_WEBHOOK: Shape = CONTACT_WEBHOOK | shape("product_transaction_id*: str ID")
_SECRETS = ("basic_auth_username", "basic_auth_password")
WEBHOOK: Shape = {name: field for name, field in WEBHOOK_CHANGE.items() if name not in _SECRETS} | shape(
    "id: str ID"
)
WEBHOOKS = Resource("webhooks", "webhooks", "Webhook", WEBHOOK, ("postbacklogs",), {"format": "api-default"})
_USUAL_INTERVAL = 300
_HEARD = {"contacts": "contact", "transactions": "transaction", "batches": "transactionbatch"}
_VERBS = {"CREATE": "on_create", "UPDATE": "on_update", "DELETE": "on_delete"}
_CENTS = ("transaction_amount", "auth_amount", "tax", "tip_amount", "subtotal_amount", "surcharge_amount")


def create_for_contacts(call: Call) -> Response:
    return _create(call, CONTACT_WEBHOOK, "contact")


def create_for_transactions(call: Call) -> Response:
    return _create(call, ACCOUNT_WEBHOOK, "transaction")


def create_for_batches(call: Call) -> Response:
    return _create(call, ACCOUNT_WEBHOOK, "transactionbatch")


def _create(call: Call, allowed: Shape, resource: str) -> Response:
    state = call.state
    fields, keys = _accepted(state, checked(call.body, allowed), resource)
    webhook = state.insert(WEBHOOKS.name, stamped(state, WEBHOOKS, fields | {"resource": resource}))
    state.remember(_keys_name(webhook["id"]), keys)
    return shown(state, WEBHOOKS, webhook, 201)


def change(call: Call) -> Response:
    """200. The same path for every resource."""
    webhook = known(call.state, WEBHOOKS, call.id)
    fields, keys = _accepted(call.state, checked(call.body, WEBHOOK_CHANGE), webhook["resource"])
    name = _keys_name(webhook["id"])
    call.state.remember(name, call.state.remembered(name, {}) | keys)
    return shown(call.state, WEBHOOKS, call.state.update(WEBHOOKS.name, webhook["id"], **fields))


def delete(call: Call) -> Response:
    known(call.state, WEBHOOKS, call.id)
    call.state.delete(WEBHOOKS.name, call.id)
    return Response(status_code=204)


def _accepted(state: State, fields: Record, resource: str) -> tuple[Record, Record]:
    """The fields to keep and the keys apart from them. Raises Refused (412)."""
    if fields.get("resource") not in (None, resource):
        raise wire.refused_rule(f'"resource" must be {resource}', "resource")
    if "location_id" in fields:
        location_of(state, fields["location_id"])
    product = fields.get("product_transaction_id")
    if product and state.get("product_transactions", product) is None:
        raise wire.refused_rule('"product_transaction_id" does not exist', "product_transaction_id")
    if "url" in fields and (
        urlsplit(fields["url"]).scheme not in ("http", "https") or not urlsplit(fields["url"]).hostname
    ):
        raise wire.refused_rule('"url" must be a valid uri', "url", kind="string.uri")
    keys = {name: fields.pop(name) for name in _SECRETS if name in fields}
    return fields, keys


def _keys_name(webhook_id: str) -> str:
    return f"webhook keys {webhook_id}"


# What is sent.


def tell(state: State, table: str, verb: str, record: Record) -> None:
    """A record was made, changed or is gone: whoever wants to hear of it is told soon. verb: CREATE, UPDATE, DELETE."""
    resource = _HEARD.get(table)
    if resource is None:
        return
    for webhook in state.find(WEBHOOKS.name):
        if webhook["resource"] == resource and webhook[_VERBS[verb]] and _concerns(webhook, record):
            _send(state, webhook, ALL[table], verb, record)


def _concerns(webhook: Record, record: Record) -> bool:
    names = ("location_id",) if webhook["resource"] == "contact" else ("product_transaction_id",)
    return bool(webhook["is_active"]) and all(webhook[name] == record[name] for name in names)


def _send(state: State, webhook: Record, resource: Resource, verb: str, record: Record) -> None:
    body, kind = _message(state, webhook, resource, verb, record)
    calls.call(
        state,
        "postback",
        webhook["url"],
        body,
        headers={"Content-Type": kind, **_authorisation(state, webhook["id"])},
        subject=f"{verb} {webhook['resource']} {record['id']}",
        most=webhook["number_of_attempts"],
        pause=webhook["attempt_interval"] or _USUAL_INTERVAL,
    )


def _message(state: State, webhook: Record, resource: Resource, verb: str, record: Record) -> tuple[str, str]:
    related = [name for name in (webhook["expands"] or "").split(",") if name in resource.expands]
    said: Record = dict(record)
    for name in related:
        said[name] = resource.expand(state, record, name) if resource.expand else None
    fields: dict[str, Any] = {
        "type": verb,
        "resource": webhook["resource"],
        "number_of_attempts": calls.ATTEMPT,
    }
    if webhook["legacy"]:
        form = urlencode(fields | {"data": json.dumps(_old_style(said))})
        return form.replace(
            urlencode({"": calls.ATTEMPT})[1:], calls.ATTEMPT, 1
        ), "application/x-www-form-urlencoded"
    text = json.dumps(fields | {"data": json.dumps(said)})
    return text.replace(f'"{calls.ATTEMPT}"', calls.ATTEMPT, 1), "application/json"


def _old_style(record: Record) -> Record:
    """status_id for status_code, and money as decimal text."""
    old = {name: value for name, value in record.items() if name != "status_code"}
    if "status_code" in record:
        old["status_id"] = record["status_code"]
    money = {
        name: f"{old[name] // 100}.{old[name] % 100:02d}" for name in _CENTS if old.get(name) is not None
    }
    return old | money


def _authorisation(state: State, webhook_id: str) -> dict[str, str]:
    keys = state.remembered(_keys_name(webhook_id), {})
    if not keys.get("basic_auth_username"):
        return {}
    pair = f"{keys['basic_auth_username']}:{keys.get('basic_auth_password') or ''}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
