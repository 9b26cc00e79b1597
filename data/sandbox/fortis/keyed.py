"""Charging a card that was typed in just now, and keeping it as a token."""

from typing import Any

from data.sandbox.fortis import balances, charges
from data.sandbox.fortis.cards import Card
from data.sandbox.fortis.catalogue import TOKENS, TRANSACTIONS
from data.sandbox.fortis.resources import stamped, twinned
from data.sandbox.state import Record, State

_NO_TOKEN: Record = {"id": None, "token_api_id": None, "billing_address": None}


def keep_card(state: State, card: Card, **fields: Any) -> Record:
    """A new token of a typed card; location_id is among the fields. A card that is always declined stays so."""
    made = stamped(state, TOKENS, twinned(fields | card.masked() | {"active": card.verified}, TOKENS.shape))
    if card.declines:
        charges.decline_always(state, made["id"], card.declines)
    return state.insert(TOKENS.name, made)


def charge_card(
    state: State,
    card: Card,
    cents: int,
    *,
    location_id: str,
    keep: Record | None = None,
    only_authorise: bool = False,
    **also: Any,
) -> Record:
    """A sale of a typed card, declined or not. keep: the fields of the token to be made if it is approved."""
    source = _NO_TOKEN | card.masked() | {"location_id": location_id, "contact_id": also.get("contact_id")}
    fields = charges.charged(
        state, source | {"declines": card.declines}, cents, state.today(location_id), **also
    )
    fields |= {"entry_mode_id": "K", "is_token": False, "is_accountvault": False}
    if only_authorise and fields["status_code"] == 101:
        fields |= {"status_code": 102}
    if keep is not None and fields["status_code"] != 301:
        token = keep_card(state, card, location_id=location_id, **keep)
        fields |= {"token_id": token["id"], "account_vault_id": token["id"], "save_account": True}
    return _kept(state, fields)


def debit_account(state: State, cents: int, *, location_id: str, **also: Any) -> Record:
    """A debit of the sandbox's one test bank account: pending, as bank debits are."""
    account = {"payment_method": "ach", "account_type": "checking", "last_four": "6789", "first_six": None}
    source = _NO_TOKEN | account | {"account_holder_name": None, "card_bin": None, "exp_date": None}
    source |= {"location_id": location_id, "contact_id": also.get("contact_id")}
    fields = charges.charged(state, source, cents, state.today(location_id), **also)
    return _kept(state, fields | {"entry_mode_id": "K", "is_token": False, "is_accountvault": False})


def _kept(state: State, fields: Record) -> Record:
    fields = {name: value for name, value in fields.items() if name in TRANSACTIONS.shape}
    record = state.insert(TRANSACTIONS.name, stamped(state, TRANSACTIONS, fields))
    balances.touched(state, record)
    return record
