"""Cliniko over its REST interface (facts §6.1). Reads only; nothing is ever changed there.

A list is read from the oldest change on, and each next page is asked for by the last change that came, not by its
number: what changes or is deleted while we read moves rows between numbered pages, and would hide some.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import httpx

from core.errors import Refused, TransportError, UnreadableAnswer, WrongCredentials
from core.integrations.cliniko import wire
from core.integrations.cliniko.key import address_of, shard_of
from core.integrations.cliniko.records import id_of
from core.integrations.http import Reader

PAGE_SIZE = 100
PER_SECOND = 3  # 200 a minute are allowed (Cliniko §6.1); 180 leave room for a test call beside a sync
_REFUSED = (
    "Cliniko does not take this API key: it was revoked, or belongs to another account or shard. Make a new one in "
    "Cliniko and connect again."
)


class Listed(NamedTuple):
    """How a list is asked for. also: filters that bring what lists leave out. whole: short, and read whole each time."""

    also: tuple[str, ...] = ()
    whole: bool = False


RESOURCES: dict[str, Listed] = {
    "businesses": Listed(whole=True),
    "practitioners": Listed(whole=True),
    "billable_items": Listed(whole=True),
    "appointment_types": Listed(("archived_at:*",), whole=True),
    "patients": Listed(("archived_at:*",)),
    "individual_appointments": Listed(("archived_at:*", "cancelled_at:*")),
    "attendees": Listed(("archived_at:*", "cancelled_at:*")),
    "invoices": Listed(),
}


class RawPage(NamedTuple):
    """rows: as they came. high: the latest change on the page, Unix seconds; None when it is empty."""

    rows: list[Any]
    high: int | None


class Cliniko:
    """One account. api_key: its shard decides the host. contact_email: for the User-Agent that Cliniko asks for."""

    def __init__(self, *, api_key: str, contact_email: str, base_url: str = "", **reader: Any) -> None:
        self.shard = shard_of(api_key)
        base, host = address_of(api_key, base_url)
        self._base = httpx.URL(base)
        token = base64.b64encode(f"{api_key}:".encode()).decode()
        self._reader = Reader(
            "Cliniko",
            base,
            allowed_hosts=host,
            headers={"Authorization": f"Basic {token}", "User-Agent": f"Huddle ({contact_email})"},
            secrets=(api_key, token),
            per_second=PER_SECOND,
            **reader,
        )

    def close(self) -> None:
        self._reader.close()

    def check(self) -> str:
        """What the key opens, in a sentence. Raises WrongCredentials or another TransportError."""
        account = self.account()
        return f"Cliniko accepts this key for {account.name or 'the practice'} (shard {self.shard})."

    def account(self) -> "Account":
        """The account's name and time zone."""
        answer = self._get("/settings", accept=_is_mapping)
        account = answer.get("account")
        named = account if isinstance(account, Mapping) else answer
        zone = answer.get("time_zone") or named.get("time_zone") or ""
        return Account(str(named.get("name") or ""), str(zone))

    def pages(self, resource: str, *, since: int | None = None) -> Iterator[RawPage]:
        """A list from the oldest change on: everything, or what changed at or after `since` (Unix seconds).

        Raises WrongCredentials, Unreachable, UnreadableAnswer or TransportError.
        """
        also = RESOURCES[resource].also
        yield from self._from_oldest(f"/{resource}", resource, also, since)
        if resource == "practitioners":
            try:
                yield from self._from_oldest("/practitioners/inactive", resource, also, since)
            except Refused as error:
                if error.status != 404:
                    raise  # an account without such a list has nobody who left

    def type_prices(self) -> dict[str, str]:
        """What each appointment type costs: the sum of its billable items, in dollars. Types without any are left out."""
        items = self._short("billable_items", wire.BillableItem)
        prices = {item.id: item.price for item in items}
        parts: dict[str, list[str | None]] = {}
        for each in self._short("appointment_type_billable_items", wire.TypePrice):
            if each.appointment_type:
                parts.setdefault(each.appointment_type, []).append(prices.get(each.billable_item or ""))
        return {
            key: f"{sum(map(Decimal, known)):.2f}"
            for key, found in parts.items()
            if len(known := [price for price in found if price is not None]) == len(found)
        }

    def groups(self, since: int | None) -> Iterator[wire.GroupAppointment]:
        """Group appointments, all or those that changed."""
        also = ("archived_at:*", "cancelled_at:*")
        for page in self._from_oldest("/group_appointments", "group_appointments", also, since):
            yield from _readable(page.rows, wire.GroupAppointment)

    def group(self, its_id: str) -> wire.GroupAppointment | None:
        """One group appointment; None when there is none."""
        try:
            answer = self._get(f"/group_appointments/{its_id}", accept=_is_mapping)
        except Refused as error:
            if error.status == 404:
                return None
            raise
        return next(_readable([answer], wire.GroupAppointment), None)

    def attendees_of(self, group_id: str) -> Iterator[RawPage]:
        """Everybody who was booked into one group appointment."""
        also = (*RESOURCES["attendees"].also, f"booking_id:={group_id}")
        yield from self._from_oldest("/attendees", "attendees", also, None)

    def _short(self, resource: str, model: type[Any]) -> Iterator[Any]:
        for page in self._from_oldest(f"/{resource}", resource, (), None):
            yield from _readable(page.rows, model)

    # Pages.

    def _from_oldest(
        self, path: str, resource: str, also: tuple[str, ...], since: int | None
    ) -> Iterator[RawPage]:
        key = "" if since is None else _stamp(since)
        address, params, number = path, self._params(also, key), 1
        while True:
            answer = self._get(address, params, accept=partial(_accept, resource, number))
            rows = answer[resource]
            yield RawPage(rows, _high(rows))
            if not self._more(answer, number):
                return
            last = _second(rows[-1].get("updated_at"))
            if last > key:
                key = last
                address, params, number = path, self._params(also, key), 1
            else:  # more than a page changed in that second: these are told apart by their pages only
                number += 1
                address, params = self._following(answer, path, also, key, number)

    def _params(self, also: tuple[str, ...], key: str, page: int = 1) -> dict[str, Any]:
        filters = [*also, *([f"updated_at:>={key}"] if key else [])]
        return {"page": page, "per_page": PAGE_SIZE, "sort": "updated_at:asc", "q[]": filters}

    def _more(self, answer: Mapping[str, Any], number: int) -> bool:
        """Whether something follows: their link says so, and their count agrees. A link elsewhere is refused."""
        following = answer["links"].get("next")
        if following:
            self._require_here(str(following))
        return bool(following) and number * PAGE_SIZE < int(answer["total_entries"])

    def _following(
        self, answer: Mapping[str, Any], path: str, also: tuple[str, ...], key: str, number: int
    ) -> tuple[str, dict[str, Any]]:
        """Their own link to the next page, where it leads to the page we mean; else the same page asked for by us."""
        link = httpx.URL(str(answer["links"]["next"]))
        if link.params.get("page") == str(number):
            given = {name: link.params.get_list(name) for name in link.params}
            return str(link.copy_with(query=None)), given
        return path, self._params(also, key, number)

    def _require_here(self, link: str) -> None:
        """A link is followed on the same host only. Raises TransportError."""
        try:
            there = httpx.URL(link)
        except httpx.InvalidURL:
            there = httpx.URL("")
        here = self._base
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            raise TransportError(
                "Cliniko's answer points to another host for its next page; Huddle does not follow.",
                permanent=True,
            )

    def _get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        accept: Callable[[Any], None] | None = None,
    ) -> Any:
        try:
            return self._reader.get(path, params, accept=accept)
        except WrongCredentials as error:
            raise WrongCredentials(_REFUSED) from error


class Account(NamedTuple):
    """time_zone: as Cliniko writes it, "" when it does not."""

    name: str
    time_zone: str


def _is_mapping(answer: Any) -> None:
    if not isinstance(answer, Mapping):
        raise UnreadableAnswer("Cliniko answered something else than was asked for.")


def _accept(resource: str, number: int, answer: Any) -> None:
    """Whether a page can be right: its list, its ids, as many rows as its count says, the oldest change first.

    Raises UnreadableAnswer, which counts as a failed try. Rows that came twice are taken once.
    """
    words = resource.replace("_", " ")
    _is_mapping(answer)
    rows, total, links = answer.get(resource), answer.get("total_entries"), answer.get("links")
    if not isinstance(rows, list) or not isinstance(total, int) or not isinstance(links, Mapping):
        raise UnreadableAnswer(f"Cliniko answered without its {words}.")
    by_id = {id_of(row): row for row in rows}
    if "" in by_id:
        raise UnreadableAnswer(f"Cliniko's {words} have no ids any more: has its format changed?")
    answer[resource][:] = by_id.values()
    if len(by_id) != max(0, min(PAGE_SIZE, total - (number - 1) * PAGE_SIZE)):
        raise UnreadableAnswer(f"Cliniko answered only part of a page of {words}.")
    changes = [at for row in by_id.values() if (at := _instant(row.get("updated_at"))) is not _EARLIEST]
    if changes != sorted(changes):
        raise UnreadableAnswer(f"Cliniko answered its {words} in another order than was asked for.")


_EARLIEST = datetime.min.replace(tzinfo=UTC)


def _instant(text: Any) -> datetime:
    """An instant as they write it; what is none counts as the earliest, and its record is turned away later."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return _EARLIEST
    return at if at.tzinfo else _EARLIEST


def _high(rows: list[Any]) -> int | None:
    known = [at for row in rows if (at := _instant(row.get("updated_at"))) is not _EARLIEST]
    return int(max(known).timestamp()) if known else None


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _second(text: Any) -> str:
    """An instant of theirs to the second, as filters take it; "" for what is none."""
    at = _instant(text)
    return "" if at is _EARLIEST else _stamp(int(at.timestamp()))


def _readable(rows: list[Any], model: type[Any]) -> Iterator[Any]:
    """Those of a side list that can be read; what rests on one that cannot says so itself."""
    for row in rows:
        try:
            yield model.model_validate(row)
        except ValueError:
            continue
