"""Tokens: cards and bank accounts on file (facts §5). A raw number is looked at, never kept."""

import re

from starlette.responses import Response

from data.sandbox.fortis import cards, requests, wire
from data.sandbox.fortis.catalogue import TOKENS
from data.sandbox.fortis.resources import (
    Call,
    checked,
    keep_unique,
    known,
    location_of,
    shown,
    stamped,
    twinned,
)
from data.sandbox.state import Record, State


def create_card(call: Call) -> Response:
    fields = checked(call.body, requests.TOKEN_CC_NEW)
    number = _taken_number(fields)
    if not re.fullmatch(r"\d{13,19}", number) or not cards.luhn(number):
        raise wire.refused_rule(
            '"account_number" must be a credit card', "account_number", kind="string.creditCard"
        )
    if not fields.get("exp_date"):
        raise wire.refused_rule('"exp_date" is required', "exp_date", kind="any.required")
    seen = {"payment_method": "cc", "account_type": cards.brand(number), "card_bin": number[:6]}
    return _keep(call, fields | seen, number)


def create_bank_account(call: Call) -> Response:
    fields = checked(call.body, requests.TOKEN_ACH_NEW)
    number = _taken_number(fields)
    if not re.fullmatch(r"\d{9}", fields.get("routing_number") or ""):
        raise wire.refused_rule('"routing_number" must be 9 digits', "routing_number", kind="string.length")
    seen = {"payment_method": "ach", "account_type": fields.get("account_type") or "checking"}
    return _keep(call, fields | seen, number)


def change_card(call: Call) -> Response:
    """Expiry, name, address, owner, title. The number itself stays: a new card is a new token."""
    fields = twinned(checked(call.body, requests.TOKEN_CC_CHANGE), TOKENS.shape)
    token = known(call.state, TOKENS, call.id)
    if "account_number" in fields:
        raise wire.refused_rule('"account_number" cannot be changed', "account_number")
    if token["payment_method"] != "cc":
        raise wire.refused_rule("The token is not a card", "token_id")
    location_id = fields.get("location_id") or token["location_id"]
    location_of(call.state, location_id)
    _owner(call.state, fields.get("contact_id"))
    keep_unique(call.state, TOKENS, location_id, fields, besides=token["id"])
    return shown(call.state, TOKENS, call.state.update("tokens", token["id"], **fields))


def delete(call: Call) -> Response:
    """204. Refused (412) while an active recurring charges it (facts §15: unverified, `is_deletable` suggests it)."""
    token = known(call.state, TOKENS, call.id)
    if any(each["status"] == "active" for each in call.state.find("recurrings", token_id=token["id"])):
        raise wire.refused_rule("The token is used by an active recurring and cannot be deleted", "token_id")
    call.state.delete("tokens", token["id"])
    return Response(status_code=204)


def _taken_number(fields: Record) -> str:
    """The raw number, taken out of the fields so that nothing keeps it."""
    number = fields.pop("account_number", None)
    if not number:
        raise wire.refused_rule('"account_number" is required', "account_number", kind="any.required")
    return number.replace(" ", "")


def _keep(call: Call, fields: Record, number: str) -> Response:
    fields = twinned(fields, TOKENS.shape)
    location = location_of(call.state, fields["location_id"])
    _owner(call.state, fields.get("contact_id"))
    keep_unique(call.state, TOKENS, location["id"], fields)
    masked = {"first_six": number[:6], "last_four": number[-4:], "active": True, "track_data": None}
    token = call.state.insert("tokens", stamped(call.state, TOKENS, fields | masked))
    return shown(call.state, TOKENS, token, 201)


def _owner(state: State, contact_id: str | None) -> None:
    if contact_id and state.get("contacts", contact_id) is None:
        raise wire.refused_rule('"contact_id" does not exist', "contact_id")
