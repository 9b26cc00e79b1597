# ruff: noqa: S608 (names in SQL come from the catalogue and from checked keys; values are bound)
"""What the processor keeps, and how any kind of record is listed, read and completed."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from data.sandbox.faults import Kind
from data.sandbox.fortis import query as queries
from data.sandbox.fortis import wire
from data.sandbox.fortis.schemas import Shape, check
from data.sandbox.state import OWN_KEYS, Record, State

LISTING_DELAY = "listing delay"  # seconds; remembered in the state
# Deprecated names that are still accepted and still answered (facts §5).
TWINS = {
    "token_id": "account_vault_id",
    "token_api_id": "account_vault_api_id",
    "token_c1": "accountvault_c1",
    "token_c2": "accountvault_c2",
    "token_c3": "accountvault_c3",
    "previous_token_id": "previous_account_vault_id",
    "previous_token_api_id": "previous_account_vault_api_id",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a handler sees it: already signed in, its body parsed."""

    state: State
    id: str
    params: list[tuple[str, str]]
    body: Record
    fault: Kind | None


@dataclass(frozen=True, slots=True)
class Resource:
    name: str  # also the table
    path: str
    kind: str  # the envelope's `type`
    shape: Shape
    expands: tuple[str, ...]
    constants: Record  # what the wire never leaves null
    fresh: Callable[[State, Record], Record] | None = None  # what is computed when it is asked for
    expand: Callable[[State, Record, str], Any] | None = None
    late: bool = False  # new ones are listed only after the listing delay (POST /control)
    blank: Record = field(init=False, default_factory=dict)  # a record of which nothing is known

    def __post_init__(self) -> None:
        self.blank.update({name: each.unknown() for name, each in self.shape.items()} | self.constants)

    def complete(self, record: Record) -> Record:
        """Every field of the answer: those given, then the constants, then null."""
        return self.blank | record


def list_records(
    state: State, resource: Resource, params: list[tuple[str, str]], fault: Any = None
) -> Response:
    """GET on a collection: one page of it in the list envelope."""
    query = queries.parse(params, resource.shape, resource.expands)
    where, values = query.where()
    if resource.late:
        where, values = f"{where} AND created_ts <= ?", [*values, _listed_up_to(state)]
    number = _wrong_number(query.number, fault)
    order = query.order_by()
    ((total,),) = state.select(f"SELECT count(*) FROM {resource.name} WHERE {where}", values)
    wanted = f"{where} ORDER BY {order} LIMIT ? OFFSET ?"
    texts = state.texts(resource.name, wanted, [*values, query.size, (number - 1) * query.size])
    bodies = [_shown(state, resource, text, query) for text in texts]
    pages = max(-(-total // query.size), 1)
    if fault is Kind.CURSOR_LOOP:
        pages = query.number + 1
    return wire.many(resource.kind, bodies, _rest(resource, params, query, total, pages))


def _listed_up_to(state: State) -> int:
    return int(state.now().timestamp()) - state.remembered(LISTING_DELAY, 0)


def _wrong_number(number: int, fault: Any) -> int:
    if fault is Kind.CURSOR_LOOP:
        return 1
    return max(number - 1, 1) if fault is Kind.REPEATED_PAGE else number


def _shown(state: State, resource: Resource, text: str, query: queries.Query) -> str:
    """A record's text, untouched where nothing was asked of it: a page of 5,000 is then only text."""
    if not (query.expand or query.fields or resource.fresh):
        return text
    return json.dumps(_dressed(state, resource, json.loads(text), query), separators=(",", ":"))


def _dressed(state: State, resource: Resource, record: Record, query: queries.Query) -> Record:
    if resource.fresh:
        record |= resource.fresh(state, record)
    for name in query.expand:
        record[name] = resource.expand(state, record, name) if resource.expand else None
    return {name: record[name] for name in query.fields if name in record} if query.fields else record


def read_record(state: State, resource: Resource, record_id: str, params: list[tuple[str, str]]) -> Response:
    """GET on one record."""
    query = queries.parse(params, resource.shape, resource.expands)
    return wire.one(resource.kind, _dressed(state, resource, known(state, resource, record_id), query))


def known(state: State, resource: Resource, record_id: str) -> Record:
    """The record of that id. Raises Refused (404)."""
    record = state.get(resource.name, record_id)
    if record is None:
        raise wire.no_such_record(resource.kind)
    return record


def shown(
    state: State,
    resource: Resource,
    record: Record,
    status: int = 200,
    params: Iterable[tuple[str, str]] = (),
) -> Response:
    """A record as the answer to a change, with the related records its `params` ask for."""
    query = queries.parse(params, resource.shape, resource.expands)
    return wire.one(resource.kind, _dressed(state, resource, dict(record), query), status)


def checked(body: Record, allowed: Shape) -> Record:
    """A request's body, coerced. Raises Refused (412) with every complaint."""
    accepted, complaints = check(body, allowed)
    if complaints:
        raise wire.invalid(complaints)
    return accepted


def twinned(record: Record, shape: Shape) -> Record:
    """The record with every `account_vault_*` name and its `token_*` twin saying the same."""
    both = dict(record)
    for new, old in TWINS.items():
        if new not in record and old not in record:
            continue
        value = record[new] if record.get(new) is not None else record.get(old)
        for name in (new, old):
            both.pop(name, None)
            if name in shape:
                both[name] = value
    return both


def stamped(state: State, resource: Resource, fields: Record) -> Record:
    """A new, complete record: its id, who made it and when."""
    seconds = int(state.now().timestamp())
    made = {
        "id": state.new_id(),
        "created_ts": seconds,
        "modified_ts": seconds,
        "created_user_id": state.key("user_id"),
    }
    shape = resource.shape
    return resource.complete(
        twinned({name: value for name, value in (fields | made).items() if name in shape}, shape)
    )


def location_of(state: State, location_id: str | None) -> Record:
    """The location a request names. Raises Refused (412)."""
    location = state.get("locations", location_id)
    if location is None:
        raise wire.refused_rule('"location_id" is not one of your locations', "location_id")
    return location


def keep_unique(
    state: State, resource: Resource, location_id: str, fields: Record, *, besides: str = ""
) -> None:
    """The caller's own key is unique in its location. Raises Refused (412)."""
    key = OWN_KEYS[resource.name]
    value = fields.get(key)
    others = state.find(resource.name, api_id=value, location_id=location_id) if value else []
    if any(other["id"] != besides for other in others):
        raise wire.refused_rule(f'"{key}" must be unique', key, kind="any.unique")


def _rest(
    resource: Resource, params: list[tuple[str, str]], query: queries.Query, total: int, pages: int
) -> Record:
    kept = [(name, value) for name, value in params if not name.startswith("page")]

    def link(number: int | None) -> str | None:
        page = [("page[size]", query.size), ("page[number]", number)]
        return None if number is None else f"/v1/{resource.path}?{urlencode([*page, *kept])}"

    return {
        "links": {
            "type": "Links",
            "first": link(1),
            "previous": link(query.number - 1 if query.number > 1 else None),
            "next": link(query.number + 1 if query.number < pages else None),
            "last": link(pages),
        },
        "pagination": {
            "type": "Pagination",
            "total_count": total,
            "page_count": pages,
            "page_number": query.number,
            "page_size": query.size,
        },
        "sort": {"type": "Sorting", "fields": [{"field": key, "order": way} for key, way in query.order]},
    }
