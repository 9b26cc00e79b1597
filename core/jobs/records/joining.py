"""Joining what processors know to the patients, plans and memberships of the EHR, whichever of the two came last."""

from sqlalchemy import Connection as OpenStore
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core.cards.models import Card
from core.connections.models import PROCESSORS, Connection
from core.jobs.records import references
from core.jobs.records.tables import MODELS
from core.matching.commands import link_contacts
from core.matching.moved import link_moved
from core.patients.models import ProcessorContact
from core.payments.models import Payment, Recurring
from core.store.engine import reader, transaction


def join_resource(session: Session, connection_id: int, resource: str, *, full: bool) -> None:
    """What rests on one resource of a processor that was just read to its end. full: all of it was read."""
    model = MODELS[resource]
    if model is ProcessorContact:
        link_contacts(session, connection_id)
        link_moved(session, connection_id)
    elif model is Card:
        references.refer_cards(session, connection_id)
        link_moved(session, connection_id)
    elif model is Recurring:
        _join_recurrings(session, connection_id)
    elif model is Payment and full:
        references.refer_payments(session, connection_id)


def join_records(engine: Engine | OpenStore) -> None:
    """Join every processor's records to the patients, plans and memberships there are now: after the EHR's rows came."""
    with reader(engine) as session:
        processors = list(session.exec(select(Connection.id).where(col(Connection.kind).in_(PROCESSORS))))
    for connection_id in processors:
        with transaction(engine) as session:
            link_contacts(session, connection_id or 0)
            link_moved(session, connection_id or 0)
            _join_recurrings(session, connection_id or 0)


def _join_recurrings(session: Session, connection_id: int) -> None:
    if references.refer_recurrings(session, connection_id):
        references.refer_payments(session, connection_id)
