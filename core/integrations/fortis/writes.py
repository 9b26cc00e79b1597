"""Fortis, asked to do something: invoices, payment links, new cards, declined drafts (facts: Fortis §5–11).

Every verb asks once (http.Reader.change). What must not be done twice carries a key of ours where Fortis has a field
for one (`quick_invoice_api_id`, `paylink_api_id`, `token_api_id`) and can be looked up by it; the other verbs are
such that asking again changes nothing, or can be looked up by what they leave behind.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from core.errors import OutcomeUnknown, Refused, UnreadableAnswer
from core.integrations.fortis import asked_records as asked
from core.integrations.fortis.client import Fortis
from core.integrations.fortis.records import Recurring, Token, Transaction

_AT_ONCE = 100
_PAGE = 500
_INVOICE_EXPANDS = ("payment_url", "quick_invoice_views", "transactions")
_PAYLINK_EXPANDS = ("payment_url", "transactions")
_NAME_LENGTH, _TITLE_LENGTH, _NOTE_LENGTH = 128, 64, 200

_Found = TypeVar("_Found", bound=BaseModel)


class KeyTaken(Refused):
    """Fortis has a record under this key already: the first try did arrive, though no answer came and a list may not
    show it yet (Fortis §8, field notes 1.3)."""


class FortisDesk(Fortis):
    """One location at Fortis, with the verbs of the desk. Errors: see http.Reader.change and .get."""

    # Quick invoices.

    def create_quick_invoice(
        self,
        *,
        key: str,
        title: str,
        due_on: date,
        items: Sequence[tuple[str, int]],
        contact_id: str | None,
        product_id: str | None = None,
        number: str = "",
        note: str = "",
        expires_on: date | None = None,
        email: str | None = None,
        cell_phone: str | None = None,
    ) -> asked.QuickInvoice:
        """Make an invoice that may be paid in parts. items: name and cents of each line, names made unique here.

        key becomes quick_invoice_api_id; KeyTaken when there is one under it. Nothing is sent by Fortis itself: the
        message is ours. email and cell_phone (ten digits) are for `resend_quick_invoice`.
        """
        body: dict[str, Any] = {
            "location_id": self.location_id,
            "quick_invoice_api_id": key,
            "title": title[:_TITLE_LENGTH],
            "due_date": due_on.isoformat(),
            "item_list": [{"name": name, "amount": cents} for name, cents in unique_names(items)],
            "allow_partial_pay": True,
            "allow_overpayment": False,
            "send_email": False,
            "send_text_to_pay": False,
            "contact_id": contact_id,
            "cc_product_transaction_id": product_id,
            "invoice_number": number,
            "note": note[:_NOTE_LENGTH],
            "expire_date": asked.day_text(expires_on),
            "email": email,
            "cell_phone": cell_phone,
        }
        return self._made(asked.QuickInvoice, "POST", "/v1/quick-invoices", body)

    def quick_invoice(self, invoice_id: str) -> asked.QuickInvoice:
        """One invoice with its payment link, openings and transactions. Raises Refused (404) for an unknown id."""
        return self._read_one(asked.QuickInvoice, f"/v1/quick-invoices/{invoice_id}", _INVOICE_EXPANDS)

    def quick_invoice_by_key(self, key: str) -> asked.QuickInvoice | None:
        """The invoice made under a key of ours, None when there is none."""
        return self._by_key(
            asked.QuickInvoice, "quick-invoices", "quick_invoice_api_id", key, _INVOICE_EXPANDS
        )

    def quick_invoices(self, ids: Sequence[str]) -> Iterator[asked.QuickInvoice]:
        """Those of these ids that are there, with payment link, openings and transactions."""
        return self._of_ids(asked.QuickInvoice, "quick-invoices", ids, _INVOICE_EXPANDS)

    def update_quick_invoice(self, invoice_id: str, **changes: Any) -> asked.QuickInvoice:
        """Change title, due_date, note … of an open invoice. A closed one is Refused (Fortis §8)."""
        return self._made(asked.QuickInvoice, "PATCH", f"/v1/quick-invoices/{invoice_id}", changes)

    def close_quick_invoice(self, invoice_id: str) -> asked.QuickInvoice:
        """Nobody can pay it any more; reopening undoes this."""
        return self.update_quick_invoice(invoice_id, status_code=0)

    def reopen_quick_invoice(self, invoice_id: str) -> asked.QuickInvoice:
        return self._made(asked.QuickInvoice, "PUT", f"/v1/quick-invoices/{invoice_id}/reopen", {})

    def delete_quick_invoice(self, invoice_id: str) -> None:
        """Take it away for good; one that is gone already is no error."""
        self._delete(f"/v1/quick-invoices/{invoice_id}")

    def resend_quick_invoice(self, invoice_id: str) -> asked.Resent:
        """Have Fortis send its own e-mail or text again."""
        return self._made(asked.Resent, "POST", f"/v1/quick-invoices/{invoice_id}/resend", None)

    def attach_transaction(self, invoice_id: str, transaction_id: str) -> None:
        """Count a payment towards an invoice."""
        body = {"transaction_id": transaction_id}
        self._reader.change("POST", f"/v1/quick-invoices/{invoice_id}/transaction", body)

    def detach_transaction(self, invoice_id: str, transaction_id: str) -> None:
        """A payment no longer counts towards an invoice: its amount is open again."""
        body = {"transaction_id": transaction_id}
        self._reader.change("DELETE", f"/v1/quick-invoices/{invoice_id}/transaction", body)

    # Payment links.

    def create_paylink(
        self,
        *,
        key: str,
        amount_cents: int,
        contact_id: str | None,
        description: str,
        product_id: str | None = None,
        store_token: bool = False,
        expires_on: date | None = None,
        email: str | None = None,
        cell_phone: str | None = None,
    ) -> asked.Paylink:
        """A link on which a person pays one amount. store_token: the card used is kept for the contact (Fortis §10.2).

        key becomes paylink_api_id; KeyTaken when there is one under it. Nothing is sent by Fortis itself.
        """
        body: dict[str, Any] = {
            "location_id": self.location_id,
            "paylink_api_id": key,
            "amount_due": amount_cents,
            "contact_id": contact_id,
            "description": description[:_TITLE_LENGTH],
            "cc_product_transaction_id": product_id,
            "delivery_method": 0,
            "paylink_action": "sale",
            "store_token": store_token,
            "expire_date": asked.day_text(expires_on),
            "email": email,
            "cell_phone": cell_phone,
        }
        return self._made(asked.Paylink, "POST", "/v1/paylinks", body)

    def paylink(self, paylink_id: str) -> asked.Paylink:
        """One link with its address and transactions. Raises Refused (404) for an unknown id."""
        return self._read_one(asked.Paylink, f"/v1/paylinks/{paylink_id}", _PAYLINK_EXPANDS)

    def paylink_by_key(self, key: str) -> asked.Paylink | None:
        """The link made under a key of ours, None when there is none."""
        return self._by_key(asked.Paylink, "paylinks", "paylink_api_id", key, _PAYLINK_EXPANDS)

    def paylinks(self, ids: Sequence[str]) -> Iterator[asked.Paylink]:
        """Those of these ids that are there, with their addresses and transactions."""
        return self._of_ids(asked.Paylink, "paylinks", ids, _PAYLINK_EXPANDS)

    def delete_paylink(self, paylink_id: str) -> None:
        """Nobody can pay on it any more; one that is gone already is no error."""
        self._delete(f"/v1/paylinks/{paylink_id}")

    def resend_paylink(self, paylink_id: str, *, email: bool, text: bool) -> asked.Resent:
        """Have Fortis send its own e-mail or text again: to the addresses the link was made with."""
        query = urlencode({name: 1 for name, wanted in (("email", email), ("sms", text)) if wanted})
        self._made(asked.Paylink, "PUT", f"/v1/paylinks/{paylink_id}/resend?{query}", None)
        return asked.Resent(success=email, sms_success=text)

    # Cards.

    def ticket_intention(self, contact_id: str | None) -> asked.Ticket:
        """What opens Fortis's frame for a new card (Fortis §11)."""
        body = {"location_id": self.location_id, "contact_id": contact_id}
        answer = self._reader.change("POST", "/v1/elements/ticket/intention", _given(body))
        token = _record_of(answer).get("client_token")
        if not isinstance(token, str) or not token:
            raise UnreadableAnswer("Fortis gave nothing to open its card frame with.")
        return asked.Ticket(token, self.location_id)

    def token_from_ticket(self, *, key: str, ticket: str, contact_id: str, title: str = "") -> Token:
        """Keep the card behind a one-use ticket. key becomes token_api_id."""
        body = {
            "location_id": self.location_id,
            "ticket": ticket,
            "contact_id": contact_id,
            "token_api_id": key,
        }
        return self._made(Token, "POST", "/v1/tokens/ticket", body | {"title": title[:16] or None})

    def token(self, token_id: str) -> Token | None:
        """A card on file; None when it is not there any more."""
        try:
            return self._read_one(Token, f"/v1/tokens/{token_id}")
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def token_by_key(self, key: str) -> Token | None:
        """The card kept under a key of ours, None when there is none."""
        return self._by_key(Token, "tokens", "token_api_id", key)

    def delete_token(self, token_id: str) -> None:
        """Forget a card; one that is gone already is no error. Refused while a draft still charges it."""
        self._delete(f"/v1/tokens/{token_id}")

    # Drafts and declined drafts.

    def recurring(self, recurring_id: str) -> Recurring:
        """One draft. Raises Refused (404) for an unknown id."""
        return self._read_one(Recurring, f"/v1/recurrings/{recurring_id}")

    def point_recurring(self, recurring_id: str, token_id: str) -> None:
        """From now on the draft charges this card (Fortis §6)."""
        self._reader.change("PATCH", f"/v1/recurrings/{recurring_id}", {"token_id": token_id})

    def declined_recurring(self, declined_id: str) -> asked.Declined:
        """A declined draft as it stands. Raises Refused (404) for an unknown id."""
        return self._read_one(asked.Declined, f"/v1/declined-recurring-transactions/{declined_id}")

    def rerun_declined(self, declined_id: str) -> asked.Charged | None:
        """Charge the stored card again. A second decline is an answer, not an error; None: done, outcome not said.

        There is no key for this: look at `declined_recurring` and `transactions_of_recurring` before asking again.
        """
        answer = self._reader.change("POST", f"/v1/declined-recurring-transactions/{declined_id}/rerun")
        record = answer.get("data") if isinstance(answer, Mapping) else None
        if not isinstance(record, Mapping) or "transaction_amount" not in record:
            return None
        try:
            return asked.charged(Transaction.model_validate(record))
        except ValidationError as error:
            raise OutcomeUnknown("Fortis's answer to the new charge cannot be read.") from error

    def resend_declined(self, declined_id: str) -> asked.Resent:
        """Have Fortis send its own e-mail about a declined draft to the payer again."""
        return self._made(
            asked.Resent, "POST", f"/v1/declined-recurring-transactions/{declined_id}/resend", None
        )

    def transactions_of_recurring(self, recurring_id: str, since: int) -> list[asked.Charged]:
        """What a draft was charged at or after `since` (epoch seconds), oldest first."""
        filters = [("recurring_id", "=", recurring_id), ("created_ts", ">=", str(since))]
        rows = self._list("transactions", filters, (), number=1)
        return [asked.charged(_parsed(Transaction, row)) for row in rows]

    # How it is done.

    def _made(self, record: type[_Found], method: str, path: str, body: Mapping[str, Any] | None) -> _Found:
        try:
            answer = self._reader.change(method, path, None if body is None else _given(body))
        except Refused as error:
            if any(name.endswith("_api_id") and name in error.sentence for name in body or ()):
                raise KeyTaken(error.sentence, status=error.status) from error
            raise
        try:
            return record.model_validate(_record_of(answer))
        except (UnreadableAnswer, ValidationError) as error:
            raise OutcomeUnknown(
                "Fortis's answer cannot be read; whether it was done is not known yet."
            ) from error

    def _delete(self, path: str) -> None:
        try:
            self._reader.change("DELETE", path)
        except Refused as error:
            if error.status != 404:
                raise

    def _read_one(self, record: type[_Found], path: str, expands: Sequence[str] = ()) -> _Found:
        answer = self._reader.get(path, {f"expand[{n}]": name for n, name in enumerate(expands)})
        return _parsed(record, _record_of(answer))

    def _by_key(
        self, record: type[_Found], resource: str, name: str, key: str, expands: Sequence[str] = ()
    ) -> _Found | None:
        """Of several under one key (there must not be) the first made. Checked again here: a filter may be ignored."""
        rows = self._list(resource, [(name, "=", key)], expands, number=1)
        mine = [row for row in rows if row.get(name) == key]
        return _parsed(record, mine[0]) if mine else None

    def _of_ids(
        self, record: type[_Found], resource: str, ids: Sequence[str], expands: Sequence[str]
    ) -> Iterator[_Found]:
        for start in range(0, len(ids), _AT_ONCE):
            wanted = set(ids[start : start + _AT_ONCE])
            for row in self._list(resource, [("id", "IN", ",".join(sorted(wanted)))], expands, number=1):
                if row.get("id") in wanted:
                    yield _parsed(record, row)

    def _list(
        self, resource: str, filters: Sequence[tuple[str, str, str]], expands: Sequence[str], *, number: int
    ) -> list[dict[str, Any]]:
        """One page, oldest change first."""
        params: dict[str, str | int] = {"page[number]": number, "page[size]": _PAGE}
        params |= {"order[0][key]": "modified_ts", "order[0][operator]": "asc"}
        for place, (key, operator, value) in enumerate([("location_id", "=", self.location_id), *filters]):
            params[f"filter_by[{place}][key]"] = key
            params[f"filter_by[{place}][operator]"] = operator
            params[f"filter_by[{place}][value]"] = value
        params |= {f"expand[{place}]": name for place, name in enumerate(expands)}
        answer = self._reader.get(f"/v1/{resource}", params)
        rows = answer.get("list") if isinstance(answer, Mapping) else None
        if not isinstance(rows, list):
            raise UnreadableAnswer(f"Fortis answered something that is not a list of {resource}.")
        return [row for row in rows if isinstance(row, dict)]


def unique_names(items: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Lines whose names differ, as Fortis wants them: "Adjustment", "Adjustment (2)". Cents stay as they are."""
    used: set[str] = set()
    named = []
    for name, cents in items:
        base = " ".join(name.split())[:_NAME_LENGTH] or "Service"
        unique, count = base, 1
        while unique in used:
            count += 1
            unique = f"{base[: _NAME_LENGTH - 6]} ({count})"
        used.add(unique)
        named.append((unique, cents))
    return named


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was said: a field without a value is left out rather than sent as null or empty."""
    return {name: value for name, value in body.items() if value is not None and value != ""}


def _record_of(answer: Any) -> Mapping[str, Any]:
    record = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(record, Mapping):
        raise UnreadableAnswer("Fortis answered something that is not a record.")
    return record


def _parsed(record: type[_Found], row: Mapping[str, Any]) -> _Found:
    try:
        return record.model_validate(row)
    except ValidationError as error:
        raise UnreadableAnswer("Fortis answered a record that cannot be read.") from error
