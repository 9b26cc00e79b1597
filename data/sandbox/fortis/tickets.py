"""Tickets: a card for one use, and what is made of it (facts §5, §7, §11). A number is looked at, never kept.

Left open by the facts, taken so here:
- a ticket lasts an hour and is used up by the call that makes something of it, also by a declined sale;
- an intention's client_token (a JWT) lasts an hour and makes any number of tickets;
- account_number and cvv of a ticket are answered null;
- a sale (or an authorization) by ticket charges once; with save_account the card is kept for the contact.
"""

import base64
import hashlib
import hmac
import json
from typing import Any

from starlette.responses import Response

from data.sandbox.fortis import cards, charges, keyed, ticket_fields, wire
from data.sandbox.fortis.catalogue import CONTACTS, TICKETS, TOKENS, TRANSACTIONS
from data.sandbox.fortis.resources import Call, checked, keep_unique, location_of, shown, stamped, twinned
from data.sandbox.state import Record, State

LASTS = 3600  # seconds


def create(call: Call) -> Response:
    """201. From a raw number, as the frame does without one: `keep_ticket`."""
    fields = checked(call.body, ticket_fields.TICKET_NEW)
    number = fields.pop("account_number")
    if not cards.luhn(number):
        message = '"account_number" must be a credit card'
        raise wire.refused_rule(message, "account_number", kind="string.creditCard")
    location_id = fields.pop("location_id", None) or call.state.find("locations")[0]["id"]
    card = cards.of_number(number, fields["exp_date"], fields.get("account_holder_name"))
    owner = {
        "location_id": location_of(call.state, location_id)["id"],
        "contact_id": fields.get("contact_id"),
    }
    return shown(call.state, TICKETS, keep_ticket(call.state, card, **owner), 201)


def keep_ticket(state: State, card: cards.Card, *, location_id: str, contact_id: str | None) -> Record:
    """A new ticket for this card."""
    said = {"exp_date": card.exp_date, "account_holder_name": card.account_holder_name}
    ticket = stamped(state, TICKETS, {**said, "location_id": location_id, "contact_id": contact_id})
    state.remember(_name(ticket["id"]), list(card))
    return state.insert(TICKETS.name, ticket)


def token_of_ticket(call: Call) -> Response:
    """201: the card is kept. An unverified card makes a token that is not active."""
    state = call.state
    fields = twinned(checked(call.body, ticket_fields.TOKEN_OF_TICKET), TOKENS.shape)
    fields.pop("account_number", None)
    location = location_of(state, fields["location_id"])
    if fields.get("contact_id") and state.get(CONTACTS.name, fields["contact_id"]) is None:
        raise wire.refused_rule('"contact_id" does not exist', "contact_id")
    keep_unique(state, TOKENS, location["id"], fields)
    card, ticket = _used(state, fields.pop("ticket"), "ticket")
    fields = {"contact_id": ticket["contact_id"]} | {
        name: each for name, each in fields.items() if each is not None
    }
    holder = fields.pop("account_holder_name", None) or card.account_holder_name
    return shown(
        state, TOKENS, keyed.keep_card(state, card._replace(account_holder_name=holder), **fields), 201
    )


def sale(call: Call) -> Response:
    """201, declined or not."""
    return _charge(call, only_authorise=False)


def authorise(call: Call) -> Response:
    """201, declined or not: the amount is held on the card (status 102) until it is completed or voided."""
    return _charge(call, only_authorise=True)


def _charge(call: Call, *, only_authorise: bool) -> Response:
    state = call.state
    fields = checked(call.body, ticket_fields.SALE_TICKET)
    for name in ("tags", "recurring", "identity_verification", "cvv"):
        fields.pop(name, None)
    card, ticket = _used(state, fields.pop("ticket_id"), "ticket_id")
    location = location_of(state, fields.pop("location_id", None) or ticket["location_id"])
    keep_unique(state, TRANSACTIONS, location["id"], fields)
    contact_id = fields.pop("contact_id", None) or ticket["contact_id"]
    owner = {"contact_id": contact_id, "title": fields.pop("save_account_title", None)}
    made = keyed.charge_card(
        state,
        card,
        fields.pop("transaction_amount"),
        location_id=location["id"],
        keep=owner if fields.pop("save_account", False) else None,
        only_authorise=only_authorise,
        contact_id=contact_id,
        **{"trx_source_id": charges.SOURCE_ELEMENTS, "trx_source_code": charges.SOURCE_ELEMENTS, **fields},
    )
    return shown(state, TRANSACTIONS, made, 201)


def _used(state: State, ticket_id: str, field: str) -> tuple[cards.Card, Record]:
    """The card behind a ticket, which is used up by this. Raises Refused (412)."""
    ticket, kept = state.get(TICKETS.name, ticket_id), state.remembered(_name(ticket_id))
    if ticket is None:
        raise wire.refused_rule(f'"{field}" does not exist', field)
    if kept is None or state.now().timestamp() - ticket["created_ts"] > LASTS:
        raise wire.refused_rule(f'"{field}" was used already or has expired', field)
    state.remember(_name(ticket_id), None)
    return cards.remembered(kept), ticket


def _name(ticket_id: str) -> str:
    return f"ticket {ticket_id}"


# Intentions: what opens the frame.


def ticket_intention(call: Call) -> Response:
    """200 with a client_token for the browser script."""
    fields = checked(call.body, ticket_fields.TICKET_INTENTION)
    return _intention(call, "TicketIntention", fields | {"action": "ticket"}, fields)


def transaction_intention(call: Call) -> Response:
    """200; sale and auth-only need an amount. The frame then charges the card itself."""
    fields = checked(call.body, ticket_fields.TRANSACTION_INTENTION)
    fields["action"] = fields.get("action") or "sale"
    if fields["action"] == "refund":
        raise wire.refused_rule('The sandbox does not model the action "refund"', "action")
    if fields["action"] in ("sale", "auth-only") and not fields.get("amount"):
        raise wire.refused_rule('"amount" is required', "amount", kind="any.required")
    fields["location_id"] = fields.get("location_id") or call.state.find("locations")[0]["id"]
    return _intention(call, "TransactionIntention", fields, fields)


def _intention(call: Call, kind: str, claims: Record, said: Record) -> Response:
    location = location_of(call.state, claims["location_id"])
    contact = call.state.get(CONTACTS.name, claims.get("contact_id")) if claims.get("contact_id") else None
    if claims.get("contact_id") and contact is None:
        raise wire.refused_rule('"contact_id" does not exist', "contact_id")
    data = {"contact_id": None, **said, "location_id": location["id"]}
    data.setdefault("product_transaction_id", location["default_cc"])
    return wire.one(
        kind, data | {"client_token": _sealed(call.state, claims | {"location_id": location["id"]})}
    )


def _sealed(state: State, claims: Record) -> str:
    """A JSON web token (HS256)."""
    now = int(state.now().timestamp())
    head = _part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = _part(json.dumps(claims | {"iat": now, "exp": now + LASTS}).encode())
    return f"{head}.{body}.{_seal(state, f'{head}.{body}')}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _seal(state: State, text: str) -> str:
    return _part(hmac.new(state.key("client tokens").encode(), text.encode(), hashlib.sha256).digest())


def claims_of(state: State, client_token: str) -> Record | None:
    """What a client_token allows; None when it is none of ours or too old."""
    text, _, seal = client_token.rpartition(".")
    if not hmac.compare_digest(seal.encode(), _seal(state, text).encode()):
        return None
    body = text.partition(".")[2]
    claims: Any = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims if claims["exp"] >= state.now().timestamp() else None
