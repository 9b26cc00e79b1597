"""An edited plan keeps its versions (DOMAIN §4): what its terms were before an import changed them.

`keep_old_terms` runs in the transaction that stores the new rows; `edited` tells the differences in words.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlmodel import Session

from core import clock
from core.dates import short_day
from core.money import short_dollars
from core.plans.models import Instalment, Plan, PlanVersion
from core.plans.records import PlanRecord
from core.store.base import Synced, table_of
from core.store.statements import IDS

TERMS: dict[type[Synced], tuple[str, ...]] = {
    Plan: (
        "payer_id",
        "start_date",
        "end_date",
        "total_cents",
        "visits",
        "status",
        "paused_from",
        "paused_to",
    ),
    Instalment: ("due_date", "amount_cents", "waived_cents"),
}
_AT_ONCE = 5_000
_version = table_of(PlanVersion)
_OF_PLANS = (
    select(_version.c.plan_id, _version.c.instalment_id, _version.c.replaced_at, _version.c.terms)
    .where(_version.c.plan_id.in_(IDS))
    .order_by(_version.c.replaced_at, _version.c.id)
)


class OldTerms(NamedTuple):
    """Terms as they were until replaced_at (aware UTC). instalment_id None = those of the plan itself."""

    plan_id: int
    instalment_id: int | None
    replaced_at: datetime
    terms: dict[str, Any]


def keep_old_terms(
    session: Session,
    model: type[Synced],
    connection_id: int,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: frozenset[str] = frozenset(),
) -> int:
    """Before `rows` replace what is held: write down the terms they change. Returns how many rows changed terms.

    Nothing is done for other models than plans and instalments. keep: columns that the rows do not really carry.
    """
    names = [name for name in TERMS.get(model, ()) if name not in keep]
    if not names or not rows:
        return 0
    new = {row["external_id"]: row for row in rows}
    old: list[dict[str, Any]] = []
    for held in _held(session, model, connection_id, sorted(new)):
        if any(
            name in new[held["external_id"]] and new[held["external_id"]][name] != held[name]
            for name in names
        ):
            old.append(_kept(model, held))
    if old:
        session.execute(insert(PlanVersion), old)
    return len(old)


def _held(
    session: Session, model: type[Synced], connection_id: int, external_ids: Sequence[str]
) -> Iterable[dict[str, Any]]:
    table = table_of(model)
    columns = [table.c[name] for name in ("id", "external_id", *TERMS[model])]
    if model is Instalment:
        columns.append(table.c.plan_id)
    for start in range(0, len(external_ids), _AT_ONCE):
        query = select(*columns).where(
            table.c.connection_id == connection_id,
            table.c.external_id.in_(external_ids[start : start + _AT_ONCE]),
        )
        yield from (dict(row._mapping) for row in session.execute(query).all())


def _kept(model: type[Synced], held: Mapping[str, Any]) -> dict[str, Any]:
    terms = {name: held[name] for name in TERMS[model]}
    of_plan = model is Plan
    return {
        "plan_id": held["id"] if of_plan else held["plan_id"],
        "instalment_id": None if of_plan else held["id"],
        "replaced_at": clock.now(),
        "terms": json.dumps(terms, default=str, sort_keys=True),
    }


def old_terms(session: Session, plan_ids: Sequence[int]) -> list[OldTerms]:
    """Former terms of some plans and of their instalments, in the order in which they were replaced."""
    rows = session.connection().execute(_OF_PLANS, {"ids": list(plan_ids)}).all() if plan_ids else []
    return [
        OldTerms(plan_id, instalment_id, at, json.loads(terms)) for plan_id, instalment_id, at, terms in rows
    ]


_LABELS = {
    "payer_id": "who pays",
    "start_date": "start",
    "end_date": "end",
    "total_cents": "total",
    "visits": "visits",
    "status": "status",
    "paused_from": "pause from",
    "paused_to": "pause to",
    "due_date": "due",
    "amount_cents": "amount",
    "waived_cents": "waived",
}


def changes(before: Mapping[str, Any], after: Mapping[str, Any], today: date) -> list[str]:
    """What changed from one version to the next, in words: `due Mar 1 → Mar 15`, `amount $200 → $180`."""
    return [
        _LABELS[name] if name == "payer_id" else f"{_LABELS[name]} {_word(name, before[name], today)} → {_word(name, after[name], today)}"
        for name in _LABELS
        if name in before and name in after and _plain(before[name]) != _plain(after[name])
    ]  # fmt: skip


def edited(
    record: PlanRecord, former: Sequence[OldTerms], today: date, time_zone: str
) -> dict[int | None, list[str]]:
    """The edits of a plan (None) and of its instalments (store id), oldest first: `Nov 3: amount $200 → $180`."""
    now: dict[int | None, Mapping[str, Any]] = {one.id: one._asdict() for one in record.instalments}
    now[None] = record.plan._asdict()
    found: dict[int | None, list[str]] = {}
    following: dict[int | None, Mapping[str, Any]] = dict(now)
    for one in reversed([old for old in former if old.plan_id == record.plan.id]):
        after = following.get(one.instalment_id)
        words = changes(one.terms, after, today) if after is not None else []
        if words:
            day = short_day(clock.local_date(one.replaced_at, time_zone), today)
            found.setdefault(one.instalment_id, []).insert(0, f"{day}: {', '.join(words)}")
        following[one.instalment_id] = one.terms
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _word(name: str, value: Any, today: date) -> str:
    if value is None or value == "":
        return "none"
    if name.endswith("_cents"):
        return short_dollars(value)
    if name.endswith(("_date", "_from", "_to")):
        return short_day(value if isinstance(value, date) else date.fromisoformat(value), today)
    return str(value)
