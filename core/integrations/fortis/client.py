"""Fortis, read: the check of the keys, and each resource page by page in the order of its changes (facts: Fortis §1–7).

Pages are asked for by "changed since" and not by number: a record that changes while we read moves to the end and
would push another one over the edge of a numbered page. Numbers are used only inside one second that fills a page,
and for short lists read whole; there a total that changes under way starts that list again.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from core.errors import UnreadableAnswer
from core.integrations.fortis import records
from core.integrations.http import Reader
from core.integrations.records import Page, Rejected

PAGE_SIZE = 2_500  # Fortis takes 1..5000
_RESTARTS = 5
_REFERENCES_AT_ONCE = 100
_BANK_DETAILS = frozenset(
    {"track_data", "e_track_data", "e_keyed_data", "routing_number", "identity_verification"}
)


class Resource(NamedTuple):
    """whole: short enough to be read whole each time. of_location: can be narrowed to one location."""

    record: type[records.Record]
    whole: bool = False
    of_location: bool = True


RESOURCES: dict[str, Resource] = {
    "locations": Resource(records.Location, whole=True, of_location=False),
    "product-transactions": Resource(records.ProductTransaction, whole=True),
    "contacts": Resource(records.Contact),
    "tokens": Resource(records.Token),
    "recurrings": Resource(records.Recurring),
    "transactions": Resource(records.Transaction),
    "declined-recurring-transactions": Resource(records.DeclinedRecurring, whole=True, of_location=False),
}
_ADAPTERS = {
    name: TypeAdapter(list[resource.record])  # pyright: ignore[reportInvalidTypeForm]  # the type is a value here
    for name, resource in RESOURCES.items()
}


class _Answer(NamedTuple):
    """rows: each id once, oldest change first. total: of all pages. high: the latest modified_ts."""

    rows: list[dict[str, Any]]
    total: int
    high: int | None


_Filter = tuple[str, str, str]  # key, operator, value


class Fortis:
    """One location at Fortis, with one set of keys. `reader` options (transport, sleep …): see http.Reader."""

    def __init__(
        self,
        *,
        base_url: str,
        user_id: str,
        user_api_key: str,
        developer_id: str,
        location_id: str,
        allowed_hosts: str,
        **reader: Any,
    ) -> None:
        self.location_id = location_id
        self._reader = Reader(
            "Fortis",
            base_url,
            allowed_hosts=allowed_hosts,
            headers={"user-id": user_id, "user-api-key": user_api_key, "developer-id": developer_id},
            secrets=(user_api_key, developer_id),
            **reader,
        )

    def close(self) -> None:
        self._reader.close()

    def check(self) -> str:
        """What the keys open, in a sentence. Raises WrongCredentials or another TransportError."""
        location = self._location()
        accounts = [account for account in _accounts(location) if account.get("active", True)]
        name = location.get("name") or self.location_id
        plural = "account" if len(accounts) == 1 else "accounts"
        return f"Fortis accepts these keys for {name}, with {len(accounts)} merchant {plural}."

    def pages(self, resource: str, *, since: int | None = None, size: int | None = None) -> Iterator[Page]:
        """Everything of a resource changed at or after `since` (epoch seconds; None = everything), oldest change first.

        Raises a TransportError; the pages handed over before it are good.
        """
        size = size or PAGE_SIZE
        if resource == "product-transactions":
            accounts = _accounts(self._location())
            yield self._handed_over(resource, _Answer(accounts, len(accounts), None), frozenset())
        elif RESOURCES[resource].whole:
            yield from self._numbered(resource, [], size)
        else:
            yield from self._by_change(resource, since, size)

    def some(self, resource: str, ids: Sequence[str]) -> Page:
        """The records of a resource with these ids (at most a hundred), those that are there. Raises TransportError."""
        if not ids:
            return Page([], [], frozenset(), None)
        answer = self._ask(
            resource, [("id", "IN", ",".join(ids))], size=_REFERENCES_AT_ONCE, number=1, exact=True
        )
        rows = [row for row in answer.rows if _id(row) in set(ids)]  # should they not know the filter
        return self._handed_over(resource, answer._replace(rows=rows), frozenset())

    def count(self, resource: str) -> int:
        """How many records of a resource there are now."""
        return self._ask(resource, [], size=1, number=1).total

    def _by_change(self, resource: str, since: int | None, size: int) -> Iterator[Page]:
        edge: frozenset[str] = frozenset()  # what was handed over of the second `since`
        pages_left = None
        while True:
            answer = self._ask(resource, _changed(since), size=size, number=1, since=since)
            yield self._handed_over(resource, answer, edge)
            if len(answer.rows) >= answer.total:
                return
            if pages_left is None:
                pages_left = 3 * (answer.total // len(answer.rows)) + 100
            pages_left -= 1
            if pages_left == 0:
                raise UnreadableAnswer(f"Fortis's list of {resource} does not come to an end.")
            if answer.high is None:
                yield from self._numbered(resource, [], size)
                return
            if answer.high == since:
                yield from self._numbered(resource, _changed(since, until=since), size)
                since, edge = answer.high + 1, frozenset()
            else:
                since = answer.high
                edge = frozenset(_id(row) for row in answer.rows if _stamp(row) == since)

    def _numbered(self, resource: str, filters: Sequence[_Filter], size: int) -> Iterator[Page]:
        """A list that must not change its length while it is read; starts again when it does."""
        for _ in range(_RESTARTS):
            seen: set[str] = set()
            total, number = None, 1
            while True:
                answer = self._ask(resource, filters, size=size, number=number, exact=True)
                if total is not None and answer.total != total:
                    break  # a record came, went or changed: pages have shifted
                total = answer.total
                page = self._handed_over(resource, answer, frozenset(seen))
                yield page
                seen |= page.ids
                if len(seen) >= total:
                    return
                if number * size >= total:
                    break  # a record changed and moved to the end, and another slipped through
                number += 1
        raise UnreadableAnswer(f"Fortis's list of {resource} keeps changing while it is read.")

    def _ask(
        self,
        resource: str,
        filters: Sequence[_Filter],
        *,
        size: int,
        number: int,
        since: int | None = None,
        exact: bool = False,
        expand: str = "",
    ) -> _Answer:
        """One page. An answer that cannot be right (too short, unordered, not what was asked) counts as a failed try."""
        if RESOURCES[resource].of_location:
            filters = [("location_id", "=", self.location_id), *filters]
        params: dict[str, str | int] = {"page[number]": number, "page[size]": size}
        params |= {"order[0][key]": "modified_ts", "order[0][operator]": "asc"}
        for place, (key, operator, value) in enumerate(filters):
            params[f"filter_by[{place}][key]"] = key
            params[f"filter_by[{place}][operator]"] = operator
            params[f"filter_by[{place}][value]"] = value
        if expand:
            params["expand[0]"] = expand
        read: list[_Answer] = []

        def accept(answer: Any) -> None:
            read[:] = [_read_list(resource, answer)]
            _plausible(resource, read[0], since=since)
            expected = min(size, read[0].total - (number - 1) * size)
            if len(read[0].rows) < (expected if exact else min(expected, 1)):
                raise UnreadableAnswer(f"Fortis answered only part of a page of {resource}.")

        self._reader.get(f"/v1/{resource}", params, accept=accept)
        return read[0]

    def _handed_over(self, resource: str, answer: _Answer, already: frozenset[str]) -> Page:
        fresh = [row for row in answer.rows if not already or _id(row) not in already]
        if resource == "transactions":
            fresh = self._with_references(fresh)
        good, rejected = _validated(resource, fresh)
        if rejected and not any(_id(row) for row in fresh):
            raise UnreadableAnswer(f"Fortis's {resource} have no ids any more: has its format changed?")
        return Page(good, rejected, frozenset(map(_id, answer.rows)), answer.high)

    def _with_references(self, rows: list[Any]) -> list[Any]:
        """Refunds with the payment they give back, which Fortis tells only by expand: asked for refunds alone."""
        refunds = [_id(row) for row in rows if isinstance(row, Mapping) and _gives_back(row)]
        named: dict[str, Any] = {}
        for start in range(0, len(refunds), _REFERENCES_AT_ONCE):
            wanted = ",".join(refunds[start : start + _REFERENCES_AT_ONCE])
            answer = self._ask(
                "transactions",
                [("id", "IN", wanted)],
                size=_REFERENCES_AT_ONCE,
                number=1,
                expand="transaction_references",
            )
            named |= {_id(row): row.get("transaction_references") for row in answer.rows}
        return [
            {**row, "transaction_references": named[_id(row)]} if _id(row) in named else row for row in rows
        ]

    def _location(self) -> Mapping[str, Any]:
        answer = self._reader.get(
            f"/v1/locations/{self.location_id}", {"expand[0]": "product_transactions"}, accept=_is_record
        )
        return answer["data"]


def _changed(since: int | None, *, until: int | None = None) -> list[_Filter]:
    filters: list[_Filter] = [] if since is None else [("modified_ts", ">=", str(since))]
    return filters if until is None else [*filters, ("modified_ts", "<=", str(until))]


def _id(row: Any) -> str:
    found = row.get("id") if isinstance(row, dict) else None
    return found if isinstance(found, str) else ""


def _stamp(row: Any) -> int | None:
    found = row.get("modified_ts") if isinstance(row, dict) else None
    return found if type(found) is int else None  # a bool is no stamp


def _gives_back(row: Mapping[str, Any]) -> bool:
    return records.gives_back(row.get("type_id"), row.get("status_code"))


def _accounts(location: Mapping[str, Any]) -> list[Any]:
    accounts = location.get("product_transactions")
    return [each for each in accounts if isinstance(each, Mapping)] if isinstance(accounts, list) else []


def _is_record(answer: Any) -> None:
    if not isinstance(answer, Mapping) or not isinstance(answer.get("data"), Mapping):
        raise UnreadableAnswer("Fortis answered something that is not a record.")


def _read_list(resource: str, answer: Any) -> _Answer:
    """A list envelope; of records that come twice the newer. Raises UnreadableAnswer."""
    rows = answer.get("list") if isinstance(answer, Mapping) else None
    if not isinstance(rows, list):
        raise UnreadableAnswer(f"Fortis answered something that is not a list of {resource}.")
    newest: dict[Any, Any] = {}
    for place, row in enumerate(rows):
        key = _id(row) or place
        if key not in newest or (_stamp(row) or 0) > (_stamp(newest[key]) or 0):
            newest.pop(key, None)  # a newer copy takes the later place
            newest[key] = row
    total = _total(answer, len(newest))
    return _Answer(list(newest.values()), total, max(filter(None, map(_stamp, rows)), default=None))


def _total(answer: Mapping[str, Any], rows: int) -> int:
    """How many records the whole list has; without a count, one more than these when there is a next page."""
    pagination, links = answer.get("pagination"), answer.get("links")
    count = pagination.get("total_count") if isinstance(pagination, Mapping) else None
    if isinstance(count, int):
        return count
    return rows + 1 if isinstance(links, Mapping) and links.get("next") else rows


def _plausible(resource: str, answer: _Answer, *, since: int | None) -> None:
    stamps = [stamp for stamp in map(_stamp, answer.rows) if stamp is not None]
    if stamps != sorted(stamps):
        raise UnreadableAnswer(f"Fortis's {resource} did not come in the order they were asked for.")
    if since is not None and stamps and stamps[0] < since:
        raise UnreadableAnswer(f"Fortis answered {resource} older than those asked for.")


def _validated(resource: str, rows: Sequence[Any]) -> tuple[list[records.Record], list[Rejected]]:
    adapter = _ADAPTERS[resource]
    try:
        return adapter.validate_python(rows), []  # the usual case, all at once
    except ValidationError:
        pass
    good: list[records.Record] = []
    rejected: list[Rejected] = []
    for row in rows:
        try:
            good.append(RESOURCES[resource].record.model_validate(row))
        except ValidationError as error:
            rejected.append(_rejected(resource, row, error))
    return good, rejected


def _rejected(resource: str, row: Any, error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    column = ".".join(str(step) for step in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    left_out = _BANK_DETAILS | ({"account_number"} if resource == "tokens" else set())
    raw = row if isinstance(row, Mapping) else {"row": row}
    return Rejected(
        _id(row), None, column, reason, {key: value for key, value in raw.items() if key not in left_out}
    )
