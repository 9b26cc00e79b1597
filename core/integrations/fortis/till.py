"""Fortis, asked to move money: a typed card charged or held once, money given back, a hold taken (facts: Fortis §4, §7, §11).

Every charge carries our order id as `transaction_api_id`, which Fortis keeps unique for a location and by which it can
be looked up; a refund carries one of its own. Voiding and completing may be looked up by what they leave behind.
"""

from collections.abc import Mapping
from typing import Any

from core.errors import OutcomeUnknown, Refused
from core.integrations.fortis.records import Contact, Transaction
from core.integrations.fortis.writes import FortisDesk, KeyTaken

DECLINED, VOIDED, AUTHORIZED = 301, 201, 102
PARTLY = 1201
_SALE, _AUTHORIZE = "/v1/transactions/cc/sale/ticket", "/v1/transactions/cc/auth-only/ticket"


class FortisTill(FortisDesk):
    """One location at Fortis, with the verbs that move money. Errors: see http.Reader.change and .get."""

    def charge_ticket(
        self,
        *,
        key: str,
        ticket: str,
        cents: int,
        contact_id: str | None,
        product_id: str | None,
        hold: bool = False,
        description: str = "",
    ) -> Transaction:
        """Charge the card behind a one-use ticket now, or hold the amount on it. A decline is an answer, not an error.

        Raises KeyTaken when the first try under this key did arrive, Refused for a ticket that was used or is too old.
        """
        body: dict[str, Any] = {
            "location_id": self.location_id,
            "ticket_id": ticket,
            "transaction_amount": cents,
            "transaction_api_id": key,
            "order_number": key[:32],
            "contact_id": contact_id,
            "product_transaction_id": product_id,
            "description": description[:64],
            "allow_partial_authorization_override": False,
        }
        return self._made(Transaction, "POST", _AUTHORIZE if hold else _SALE, body)

    def charge_token(
        self,
        *,
        key: str,
        token_id: str,
        cents: int,
        contact_id: str | None,
        product_id: str | None,
        initiation: str,
        description: str = "",
    ) -> Transaction:
        """Charge a card on file now. A decline is an answer, not an error.

        initiation: who began it, as the card networks say it (Fortis §7 `initiation_type`). Raises KeyTaken when the first
        try under this key did arrive, Refused for a card that is not there.
        """
        body: dict[str, Any] = {
            "location_id": self.location_id,
            "token_id": token_id,
            "transaction_amount": cents,
            "transaction_api_id": key,
            "order_number": key[:32],
            "contact_id": contact_id,
            "product_transaction_id": product_id,
            "initiation_type": initiation,
            "description": description[:64],
            "allow_partial_authorization_override": False,
        }
        return self._made(Transaction, "POST", "/v1/transactions/cc/sale/token", body)

    def transaction(self, transaction_id: str) -> Transaction:
        """One transaction as it stands. Raises Refused (404) for an unknown id."""
        return self._read_one(Transaction, f"/v1/transactions/{transaction_id}")

    def transaction_by_key(self, key: str) -> Transaction | None:
        """The transaction made under a key of ours, None when there is none."""
        return self._by_key(Transaction, "transactions", "transaction_api_id", key)

    def void_transaction(self, transaction_id: str) -> Transaction:
        """Take back what is not settled yet, or let go of a hold. Refused for what is settled or void already."""
        return self._made(Transaction, "PUT", f"/v1/transactions/{transaction_id}/void", {})

    def refund_transaction(self, transaction_id: str, *, key: str, cents: int) -> Transaction:
        """Give back `cents` of a payment, as a transaction of its own under `key`. Raises KeyTaken, Refused."""
        body = {"transaction_amount": cents, "transaction_api_id": key, "order_number": key[:32]}
        return self._made(Transaction, "PATCH", f"/v1/transactions/{transaction_id}/refund", body)

    def complete_hold(self, transaction_id: str, *, cents: int) -> Transaction:
        """Take `cents` of what is held and let go of the rest. Refused when it is not held any more."""
        body = {"transaction_amount": cents}
        return self._made(Transaction, "PATCH", f"/v1/transactions/{transaction_id}/auth-complete", body)

    def contact_for(self, given: Mapping[str, Any]) -> Contact:
        """The contact of these facts: the one that carries `contact_key`, else a new one under it. Safe to ask again."""
        key = str(given["contact_key"])
        if (found := self._by_key(Contact, "contacts", "contact_api_id", key)) is not None:
            return found
        body = {
            "location_id": self.location_id,
            "contact_api_id": key,
            "first_name": given["first_name"],
            "last_name": given["last_name"],
            "date_of_birth": given["birth_date"],
            "email": given["email"],
            "cell_phone": given["cell_phone"],
        }
        try:
            return self._made(Contact, "POST", "/v1/contacts", body)
        except KeyTaken as error:
            found = self._by_key(Contact, "contacts", "contact_api_id", key)
            if found is None:
                raise OutcomeUnknown("Fortis has this contact, but its list does not show it yet.") from error
            return found


def refusal_of(made: Transaction) -> Refused | None:
    """Why a charge was not accepted, as the bank said it; None when it was. code: Fortis' reason code."""
    if made.status_code not in (DECLINED, VOIDED) and not made.void_date:
        return None
    code = str(made.reason_code_id or "")
    return Refused(f"The bank declined the card{f' (reason {code})' if code else ''}.", code=code)
