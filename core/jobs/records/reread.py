"""Reading single records of a processor again and storing them as a sync would (DESIGN §2.7).

Used where something hints that a record changed: a webhook, a person who just paid. The store's own guards hold:
an older version never wins, and what is gone there is marked gone here.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Engine, Table, select, update
from sqlmodel import Session

from core import clock
from core.connections.quarantine import quarantine, resolve
from core.integrations.fortis.client import Fortis, Page
from core.jobs.records import references
from core.jobs.records.tables import MODELS
from core.links.history import follow_links
from core.matching.commands import link_contacts
from core.store.base import table_of
from core.store.engine import reader, transaction
from core.store.upsert import upsert
from core.store.version import touch
from core.tasks.at_once import look_at_once

# what a payment or card rests on: its column → the resource that holds it
RESTS_ON = {
    "transactions": {"contact_ref": "contacts", "recurring_ref": "recurrings", "card_ref": "tokens"},
    "recurrings": {"contact_ref": "contacts", "card_ref": "tokens"},
    "tokens": {"contact_ref": "contacts"},
}
_DEPTH = 3  # payment → draft → card → contact


def reread(
    engine: Engine, client: Fortis, connection_id: int, resource: str, ids: Collection[str]
) -> set[str]:
    """Ask for these records again and store what came; what they rest on and is not here is fetched first.

    No transaction is open while asking. Returns the ids of records whose predecessor could not be found anywhere.
    Raises TransportError.
    """
    wanted = sorted(ids)
    if not wanted:
        return set()
    page = client.some(resource, wanted)
    alone = _fetch_predecessors(engine, client, connection_id, resource, page, _DEPTH)
    with transaction(engine) as session:
        store_page(session, connection_id, resource, page)
        mark_gone(session, connection_id, resource, set(wanted) - page.ids)
        look_at_once(session)
    return alone


def store_page(session: Session, connection_id: int, resource: str, page: Page) -> None:
    """Rows, quarantine, and everything that follows from them: joins to patients and plans, the state of links."""
    rows = [record.row() for record in page.records]
    ids = [str(row["external_id"]) for row in rows]
    counts = upsert(session, MODELS[resource], connection_id, rows)
    quarantine(session, connection_id, resource, page.rejected)
    resolve(session, connection_id, resource, ids)
    if not counts.stored:
        return
    if resource == "contacts":
        link_contacts(session, connection_id)
    elif resource == "tokens":
        references.refer_cards(session, connection_id)
    elif resource == "recurrings":
        references.refer_recurrings(session, connection_id)
    elif resource == "transactions":
        references.refer_payments(session, connection_id, ids)
        follow_links(session, connection_id, ids)


def mark_gone(session: Session, connection_id: int, resource: str, ids: Collection[str]) -> None:
    """These records are no longer there."""
    table = table_of(MODELS[resource])
    if not ids:
        return
    gone = session.execute(
        update(table)
        .where(
            table.c.connection_id == connection_id, table.c.external_id.in_(ids), table.c.gone_at.is_(None)
        )
        .values(gone_at=clock.now())
    )
    if gone.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has one
        touch(session)


def _fetch_predecessors(
    engine: Engine, client: Fortis, connection_id: int, resource: str, page: Page, depth: int
) -> set[str]:
    rows = [record.row() for record in page.records]
    alone: set[str] = set()
    for column, other in RESTS_ON.get(resource, {}).items():
        missing = _not_here(engine, connection_id, other, (row.get(column) for row in rows))
        found = (
            _fetch(engine, client, connection_id, other, missing, depth - 1) if missing and depth else set()
        )
        # without one nobody knows whose it is; a deleted card or draft changes nothing
        if other == "contacts":
            alone |= {str(row["external_id"]) for row in rows if row.get(column) in missing - found}
    return alone


def _fetch(
    engine: Engine, client: Fortis, connection_id: int, resource: str, ids: set[str], depth: int
) -> set[str]:
    page = client.some(resource, sorted(ids))
    _fetch_predecessors(engine, client, connection_id, resource, page, depth)
    with transaction(engine) as session:
        store_page(session, connection_id, resource, page)
    return set(page.ids)


def _not_here(engine: Engine, connection_id: int, resource: str, ids: Iterable[Any]) -> set[str]:
    wanted = {str(each) for each in ids if each}
    table: Table = table_of(MODELS[resource])
    with reader(engine) as session:
        here: Sequence[Any] = session.execute(
            select(table.c.external_id).where(
                table.c.connection_id == connection_id, table.c.external_id.in_(wanted)
            )
        ).all()
    return wanted - {external_id for (external_id,) in here}
