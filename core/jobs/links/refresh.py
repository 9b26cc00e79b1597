"""Reading invoices and payment links back: opened, paid, closed or gone at the processor, and "seen at" (Fortis §8, §9).

Fortis tells nobody about these by webhook, so they are asked for after every sync and whenever something hints at one.
Its list shows a new invoice up to half an hour late: until then each is asked for by its id.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.errors import Refused
from core.integrations.fortis.asked_records import Paylink, QuickInvoice
from core.integrations.fortis.writes import FortisDesk
from core.jobs.links.read_back import ProcessorRecord, gone_at_processor, read_back
from core.jobs.records.reread import reread
from core.links.models import Link
from core.links.rules import LIVE, LinkKind, LinkState
from core.patients.models import Patient
from core.patients.reports import place_of
from core.payments.models import Payment
from core.store.engine import reader, transaction
from core.tasks.at_once import look_at_once

AT_ONCE = 100
MOST = 2_000
ALONE_AT_MOST = 50  # asked for one by one in a pass, those not looked at the longest first
ENDED = timedelta(days=7)  # a payment may still come for a link that was just closed


class _Known(NamedTuple):
    link_id: int
    kind: str
    external_id: str
    today: date


def refresh_links(engine: Engine, client: FortisDesk, connection_id: int) -> int:
    """Ask for every invoice and payment link that can still change, and for payments on them that are not here yet.

    Returns how many were read. Raises TransportError; what was read before it is kept.
    """
    known = _to_ask(engine, connection_id)
    return sum(
        _refresh(engine, client, connection_id, known[start : start + AT_ONCE])
        for start in range(0, len(known), AT_ONCE)
    )


def _to_ask(engine: Engine, connection_id: int) -> list[_Known]:
    since = clock.now() - ENDED
    with reader(engine) as session:
        links = session.exec(
            select(Link)
            .where(
                Link.connection_id == connection_id,
                col(Link.external_id).is_not(None),
                col(Link.state).in_(list(LIVE))
                | (col(Link.ended_at) >= since) & (col(Link.state) != LinkState.REFUSED),
            )
            .order_by(col(Link.seen_at).is_not(None), col(Link.seen_at), col(Link.id).desc())
            .limit(MOST)
        ).all()
        return [
            _Known(link.id or 0, link.kind, link.external_id or "", _today(session, link)) for link in links
        ]


def _today(session: Session, link: Link) -> date:
    return clock.today(place_of(session, session.get_one(Patient, link.patient_id)).time_zone)


def _refresh(engine: Engine, client: FortisDesk, connection_id: int, known: Sequence[_Known]) -> int:
    """Ask, fetch the payments that are not here, write it down: no transaction is open while asking."""
    told: dict[int, ProcessorRecord | None] = {}
    for kind, listing, one in (
        (LinkKind.INVOICE, client.quick_invoices, client.quick_invoice),
        (LinkKind.PAY, client.paylinks, client.paylink),
    ):
        told |= _ask([each for each in known if each.kind == kind], listing, one)
    _fetch_payments(engine, client, connection_id, told.values())
    with transaction(engine) as session:
        for each in known:
            if each.link_id not in told:
                continue
            link = session.exec(
                select(Link)
                .where(Link.id == each.link_id)
                .with_for_update()
                .execution_options(populate_existing=True)
            ).one()
            found = told[each.link_id]
            if found is None:
                gone_at_processor(session, link)
            else:
                read_back(session, link, found, today=each.today)
        look_at_once(session)
    return len(told)


def _ask(
    known: Sequence[_Known],
    listing: Callable[[Sequence[str]], Any],
    one: Callable[[str], QuickInvoice | Paylink],
) -> dict[int, ProcessorRecord | None]:
    """What the processor says of each, by link id; None = it is not there any more."""
    listed = {found.id: found for found in listing([each.external_id for each in known])} if known else {}
    told: dict[int, ProcessorRecord | None] = {
        each.link_id: ProcessorRecord(listed[each.external_id], listed=True)
        for each in known
        if each.external_id in listed
    }
    for each in [each for each in known if each.external_id not in listed][:ALONE_AT_MOST]:
        try:
            told[each.link_id] = ProcessorRecord(one(each.external_id), listed=False)
        except Refused as error:
            if error.status != 404:
                raise
            told[each.link_id] = None
    return told


def _fetch_payments(engine: Engine, client: FortisDesk, connection_id: int, told: Any) -> None:
    """Payments the processor names on a link and the store does not have: the transaction list may be later."""
    named = {ref for each in told if each is not None for ref in each.record.paid_by() or ()}
    with reader(engine) as session:
        here = set(
            session.exec(
                select(Payment.external_id).where(
                    Payment.connection_id == connection_id, col(Payment.external_id).in_(named)
                )
            )
        )
    missing = sorted(named - here)
    for start in range(0, len(missing), AT_ONCE):
        reread(engine, client, connection_id, "transactions", missing[start : start + AT_ONCE])
