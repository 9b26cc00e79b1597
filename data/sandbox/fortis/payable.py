"""What quick invoices and paylinks have in common: whose they are, what pays them, and the link to the hosted page.

Left open by the facts, taken so here:
- a link's form and life: /fortis/pay/{invoice|paylink|declined}/{id}{12 signing characters}; it lasts as long as the
  record does, up to and including the expire_date, on the location's calendar;
- product ids: one of cc and ach is needed for both (§8, §9), and must be a merchant account of the location;
- an e-mail address needs the look of one as soon as something is sent to it.
"""

import hashlib
import hmac
import re
from datetime import date
from typing import Any

from data.sandbox.fortis import wire
from data.sandbox.state import Record, State

_PRODUCTS = (("cc_product_transaction_id", "cc"), ("ach_product_transaction_id", "ach"))
_ADDRESS = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
_SIGNED = 12


def payment_url(state: State, kind: str, record_id: str) -> str:
    """Where the payer goes. kind: invoice, paylink or declined."""
    return f"{state.root_url}/fortis/pay/{kind}/{record_id}{_signature(state, kind, record_id)}"


def signed_id(state: State, kind: str, signed: str) -> str | None:
    """The record's id out of a link; None when somebody made it up."""
    record_id, signature = signed[:-_SIGNED], signed[-_SIGNED:]
    return (
        record_id
        if hmac.compare_digest(signature.encode(), _signature(state, kind, record_id).encode())
        else None
    )


def _signature(state: State, kind: str, record_id: str) -> str:
    secret = state.key("payment links").encode()
    return hmac.new(secret, f"{kind} {record_id}".encode(), hashlib.sha256).hexdigest()[:_SIGNED]


def owned(state: State, fields: Record, *, before: Record | None = None) -> Record:
    """The fields with the location, the contact and the merchant accounts they name. Raises Refused (412)."""
    known = (before or {}) | fields
    products = [
        (name, method, state.get("product_transactions", known.get(name)))
        for name, method in _PRODUCTS
        if known.get(name)
    ]
    if not products:
        message = (
            '"value" must contain at least one of [cc_product_transaction_id, ach_product_transaction_id]'
        )
        raise wire.refused_rule(message, kind="object.missing")
    location = _location(state, known, next((found for _, _, found in products if found), None))
    for name, method, found in products:
        if found is None or found["location_id"] != location["id"] or found["payment_method"] != method:
            raise wire.refused_rule(f'"{name}" is not a {method} account of the location', name)
    return fields | {"location_id": location["id"], **_contact(state, fields, location)}


def _location(state: State, fields: Record, product: Record | None) -> Record:
    """The one named, else that of the merchant account."""
    wanted = fields.get("location_id") or (product or {}).get("location_id")
    if fields.get("location_api_id") and not fields.get("location_id"):
        named = [
            each for each in state.find("locations") if each["location_api_id"] == fields["location_api_id"]
        ]
        wanted = named[0]["id"] if named else None
    location = state.get("locations", wanted)
    if location is None:
        raise wire.refused_rule('"location_id" is not one of your locations', "location_id")
    return location


def _contact(state: State, fields: Record, location: Record) -> Record:
    if fields.get("contact_id"):
        contact = state.get("contacts", fields["contact_id"])
        if contact is None or contact["location_id"] != location["id"]:
            raise wire.refused_rule('"contact_id" does not exist', "contact_id")
        return {"contact_api_id": contact["contact_api_id"]}
    if fields.get("contact_api_id"):
        found = state.find("contacts", api_id=fields["contact_api_id"], location_id=location["id"])
        if not found:
            raise wire.refused_rule('"contact_api_id" does not exist', "contact_api_id")
        return {"contact_id": found[0]["id"]}
    return {}


def reachable(fields: Record, *, email: bool, text: bool) -> None:
    """There is an address for what is to be sent. Raises Refused (412)."""
    if email and not fields.get("email"):
        raise wire.refused_rule('"email" is required', "email", kind="any.required")
    if email and not _ADDRESS.match(fields["email"]):
        raise wire.refused_rule('"email" must be a valid email', "email", kind="string.email")
    if text and not re.fullmatch(r"\d{10}", fields.get("cell_phone") or ""):
        raise wire.refused_rule('"cell_phone" must be 10 digits', "cell_phone", kind="string.length")


def real_dates(fields: Record, *names: str) -> None:
    """Dates are days that exist. Raises Refused (412)."""
    for name in names:
        try:
            date.fromisoformat(fields.get(name) or "2000-01-01")
        except ValueError:
            raise wire.refused_rule(f'"{name}" must be a valid date', name, kind="date.base") from None


def expired(state: State, record: Record) -> bool:
    """Past its expire_date on the location's calendar."""
    last = record.get("expire_date")
    return bool(last) and date.fromisoformat(last) < state.today(record["location_id"])


def twin_status(fields: Record) -> Any:
    """status_code, or what its deprecated twin status_id says; None when neither is given."""
    return fields["status_code"] if fields.get("status_code") is not None else fields.get("status_id")
