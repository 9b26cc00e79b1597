"""Cash Practice's wire as we read it. It publishes no API reference (field-notes §2.5), so this is the one file that
says what we assume; the sandbox's /cashpractice speaks exactly this. What is known stands in field-notes §2.

1. One base address; every path begins with /tps/v1. The host is an assumption.
2. Header `TPS-Api-Key`: the practice's “TrackStat API Key” (known: one key, made under My Account > System Settings >
   Integrated TPS Keys). Header `Clerk-Key`: the acting user's clerk key (known: it stamps every action). Reading works
   with the API key alone; a change never does.
3. Values are text, as in the one payload that is public (Vericle's): money “990.00” in dollars, instants Unix seconds,
   days MM/DD/YYYY, yes and no as Y and N; field names as there (TPSID, LastName, Transaction_amount, DateTime).
4. `GET /account` → {"data": {"Name", "Membership_ID", "Software"}}.
5. `GET /customers | /billing | /auto-debits | /payments | /alerts | /users` with `limit` (at most 500), `changed_from`
   (seconds) and `after` (“Changed:id” of the last record got) → {"list": [...], "total": n}: records in the order of
   Changed, then id; total counts those from that place on. A record that changes moves to the end: no page can slip.
6. Refused: 401 or 403 with {"message", "code"}; code says which key: API_KEY, CLERK_KEY, PRIVILEGE or LOGIN_TIMES.
7. `POST /payments/{Order_ID}/reschedule` {"Date", "Request_ID"} puts a declined payment off to a day from tomorrow on
   (known: Reschedule or Cancel is all there is, nothing is retried by itself). `POST /payments/{Order_ID}/email-request`
   {"Request_ID"} is “Email Payment Request” and answers {"data": {"Sent": "Y" | "N"}}.
   `GET /payments/{Order_ID}` → {"data": {"Order_ID", "Status", "RescheduledFor", "EmailRequests": [Request_ID]}}.
   Whether they take the same Request_ID twice is not known: what a call left behind is looked up, never asked again.
8. `GET /clerk` with a Clerk-Key → {"data": user}: whose key it is.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from pydantic import ValidationError

from core.errors import Refused, UnreadableAnswer, WrongCredentials
from core.integrations.cash_practice import records
from core.integrations.http import Reader
from core.integrations.records import Page, Rejected
from core.secrets import mask_card_numbers

PRODUCTION = "https://api.cashpractice.com"  # assumption 1
PAGE_SIZE = 500
_BASE = "/tps/v1"
_WHERE = "My Account > System Settings > Integrated TPS Keys"
_WORDS = {
    "API_KEY": f"Cash Practice refused the TrackStat API Key. Copy it anew from {_WHERE} and connect again.",
    "CLERK_KEY": "Cash Practice does not know this clerk key. Copy the person's key anew and enter it on the team page.",
    "PRIVILEGE": "At Cash Practice this person lacks the privilege for that. Ask its administrator.",
    "LOGIN_TIMES": "Cash Practice lets this person in only at other hours. Ask its administrator.",
}


class Resource(NamedTuple):
    """key: the field that holds its id. whole: short enough to be read whole each time."""

    record: type[records.Record]
    key: str
    whole: bool = False


RESOURCES: dict[str, Resource] = {
    "users": Resource(records.AccountUser, "User_ID", whole=True),
    "customers": Resource(records.Customer, "Customer_ID"),
    "billing": Resource(records.Billing, "Billing_ID"),
    "auto-debits": Resource(records.AutoDebit, "Sch_ID"),
    "payments": Resource(records.PostedPayment, "Order_ID"),
    "alerts": Resource(records.Alert, "Alert_ID"),
}

_Place = tuple[int, str]  # Changed and id: where a record stands in its list


class _Answer(NamedTuple):
    """rows: each id once, in order. total: from here on, these included."""

    rows: list[Any]
    total: int


class CashPractice:
    """One practice at Cash Practice. clerk_key: of who acts; "" = the API key alone, which only reads."""

    def __init__(
        self, *, base_url: str, api_key: str, allowed_hosts: str, clerk_key: str = "", **reader: Any
    ) -> None:
        self.clerk_key = clerk_key
        self._made_of = {"base_url": base_url, "api_key": api_key, "allowed_hosts": allowed_hosts, **reader}
        self._reader = Reader(
            "Cash Practice",
            base_url,
            allowed_hosts=allowed_hosts,
            headers={"TPS-Api-Key": api_key} | ({"Clerk-Key": clerk_key} if clerk_key else {}),
            secrets=(api_key, clerk_key),
            **reader,
        )

    def acting_as(self, clerk_key: str) -> "CashPractice":
        """The same practice with another person acting; close it as well."""
        return CashPractice(**self._made_of, clerk_key=clerk_key)

    def close(self) -> None:
        self._reader.close()

    def check(self) -> str:
        """What the key opens, in a sentence. Raises WrongCredentials or another TransportError."""
        account = self._one("/account")
        name = " ".join(mask_card_numbers(str(account.get("Name") or "")).split())[:80] or "this practice"
        count = self.count("customers")
        return f"Cash Practice accepts the key for {name}, with {count:,} {'patient' if count == 1 else 'patients'}."

    def count(self, resource: str) -> int:
        """How many records of a resource there are now."""
        return self._ask(resource, None, None, 1).total

    def pages(self, resource: str, *, since: int | None = None, size: int | None = None) -> Iterator[Page]:
        """Everything of a resource changed at or after `since` (Unix seconds; None = everything), oldest change first.

        Raises a TransportError; the pages handed over before it are good.
        """
        place: _Place | None = None
        size = size or PAGE_SIZE
        while True:
            answer = self._ask(resource, since, place, size)
            yield _handed_over(resource, answer)
            if len(answer.rows) >= answer.total:
                return
            places = [found for row in answer.rows if (found := _place(resource, row)) is not None]
            if not places:
                raise UnreadableAnswer(f"Cash Practice's {resource} cannot be told apart any more.")
            place = places[-1]

    def clerk(self) -> records.AccountUser:
        """Whose clerk key this is. Raises Refused when it is nobody's, or another TransportError."""
        try:
            return records.AccountUser.model_validate(self._one("/clerk"))
        except ValidationError as error:
            raise UnreadableAnswer("Cash Practice's answer about a clerk key cannot be read.") from error

    def standing(self, order_id: str) -> records.PaymentOutcome:
        """What became of a payment. Raises Refused (status 404: not there) or another TransportError."""
        try:
            return records.PaymentOutcome.model_validate(self._one(f"/payments/{order_id}"))
        except ValidationError as error:
            raise UnreadableAnswer("Cash Practice's answer about a payment cannot be read.") from error

    def reschedule(self, order_id: str, on: date, request_id: str) -> None:
        """Put a declined payment off to a day. Raises OutcomeUnknown, Refused or another TransportError."""
        self._change(f"/payments/{order_id}/reschedule", {"Date": f"{on:%m/%d/%Y}", "Request_ID": request_id})

    def email_request(self, order_id: str, request_id: str) -> bool:
        """“Email Payment Request”; False when it has no address to write to. Raises as `reschedule`."""
        answer = self._change(f"/payments/{order_id}/email-request", {"Request_ID": request_id})
        said = answer.get("data") if isinstance(answer, Mapping) else None
        return isinstance(said, Mapping) and said.get("Sent") == "Y"

    def _ask(self, resource: str, since: int | None, place: _Place | None, size: int) -> _Answer:
        """One page. An answer that cannot be right (too short, out of order) counts as a failed try."""
        params: dict[str, str | int] = {"limit": size}
        if since is not None:
            params["changed_from"] = since
        if place is not None:
            params["after"] = f"{place[0]}:{place[1]}"
        read: list[_Answer] = []

        def accept(answer: Any) -> None:
            read[:] = [_read_list(resource, answer)]
            _plausible(resource, read[0], since, place, size)

        self._get(f"/{resource}", params, accept)
        return read[0]

    def _one(self, path: str) -> Mapping[str, Any]:
        return self._get(path, {}, _is_record)["data"]

    def _get(self, path: str, params: Mapping[str, str | int], accept: Any) -> Any:
        try:
            return self._reader.get(_BASE + path, params, accept=accept)
        except WrongCredentials as error:
            raise _which_key(error) from error

    def _change(self, path: str, body: Mapping[str, str]) -> Any:
        try:
            return self._reader.change("POST", _BASE + path, body)
        except WrongCredentials as error:
            raise _which_key(error) from error


def _which_key(error: WrongCredentials) -> WrongCredentials | Refused:
    """The API key is the connection's trouble; a clerk's key, privilege or hours only that person's."""
    if error.code in {"CLERK_KEY", "PRIVILEGE", "LOGIN_TIMES"}:
        return Refused(_WORDS[error.code], status=403, code=error.code)
    return WrongCredentials(_WORDS["API_KEY"], code=error.code)


def _place(resource: str, row: Any) -> _Place | None:
    if not isinstance(row, Mapping):
        return None
    key, changed = row.get(RESOURCES[resource].key), str(row.get("Changed", ""))
    if not isinstance(key, str) or not key or not (changed.isascii() and changed.isdecimal()):
        return None
    return int(changed), key


def _is_record(answer: Any) -> None:
    if not isinstance(answer, Mapping) or not isinstance(answer.get("data"), Mapping):
        raise UnreadableAnswer("Cash Practice answered something that is not a record.")


def _read_list(resource: str, answer: Any) -> _Answer:
    """A list envelope; a record that comes twice counts once. Raises UnreadableAnswer."""
    rows = answer.get("list") if isinstance(answer, Mapping) else None
    total = str(answer.get("total", "")) if isinstance(answer, Mapping) else ""
    if not isinstance(rows, list) or not (total.isascii() and total.isdecimal()):
        raise UnreadableAnswer(f"Cash Practice answered something that is not a list of {resource}.")
    once = {_place(resource, row) or number: row for number, row in enumerate(rows)}
    return _Answer(list(once.values()), int(total))


def _plausible(resource: str, answer: _Answer, since: int | None, place: _Place | None, size: int) -> None:
    if len(answer.rows) != min(size, answer.total):
        raise UnreadableAnswer(f"Cash Practice answered only part of a page of {resource}.")
    places = [found for row in answer.rows if (found := _place(resource, row)) is not None]
    if places != sorted(places) or (place is not None and places and places[0] <= place):
        raise UnreadableAnswer(f"Cash Practice's {resource} did not come in the order they were asked for.")
    if since is not None and places and places[0][0] < since:
        raise UnreadableAnswer(f"Cash Practice answered {resource} older than those asked for.")


def _handed_over(resource: str, answer: _Answer) -> Page:
    good: list[records.Record] = []
    rejected: list[Rejected] = []
    places = [_place(resource, row) for row in answer.rows]
    if answer.rows and not any(places):
        raise UnreadableAnswer(f"Cash Practice's {resource} have no ids any more: has its format changed?")
    for row, place in zip(answer.rows, places, strict=True):
        try:
            good.append(RESOURCES[resource].record.model_validate(row))
        except ValidationError as error:
            rejected.append(_rejected(row, place, error))
    known = [place for place in places if place is not None]
    return Page(
        good, rejected, frozenset(key for _, key in known), max((at for at, _ in known), default=None)
    )


def _rejected(row: Any, place: _Place | None, error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    column = ".".join(str(step) for step in first["loc"])
    raw = dict(row) if isinstance(row, Mapping) else {"row": row}
    return Rejected(place[1] if place else "", None, column, first["msg"].removeprefix("Value error, "), raw)
