"""Money that came because somebody was asked: payments that carry the processor's id of a link we sent."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Session

from core import clock
from core.links.models import Link
from core.overview.month_reads import PAYMENT_COLUMNS, CountedLocation, all_of, local_payment, with_refunds
from core.patients.models import Patient
from core.payments.facts import PaymentFacts, net_by_payment
from core.payments.models import Payment
from core.store.base import table_of

_payment, _patient, _link = table_of(Payment), table_of(Patient), table_of(Link)


def recovered_by_day(
    session: Session, place: CountedLocation, first: date, last: date
) -> dict[date, int] | None:
    """Net cents paid on links by the local day of payment, `first` through `last`. None: no link was sent by then."""
    until = clock.day_bounds(last, place.time_zone)[1]
    sent = select(_link.c.id).where(_link.c.sent_at.is_not(None), _link.c.sent_at < until)
    if session.execute(sent.limit(1)).first() is None:
        return None
    days: defaultdict[date, int] = defaultdict(int)
    for payment, cents in recovered_payments(session, place, first, last):
        days[payment.happened_on] += cents
    return dict(days)


def first_sent_since(session: Session, instant: datetime) -> datetime | None:
    """When the first link after an instant was sent (UTC); None: none was. From then on nothing recovered is a nought."""
    first = func.min(_link.c.sent_at, type_=_link.c.sent_at.type)
    return session.execute(select(first).where(_link.c.sent_at >= instant)).scalar()


def recovered_payments(
    session: Session, place: CountedLocation, first: date, last: date
) -> list[tuple[PaymentFacts, int]]:
    """The payments that answer a link at a location, each with its net cents."""
    here: Any = _patient.c.location_id == place.id
    if place.first:
        here = or_(here, _patient.c.location_id.is_(None))
    query = (
        select(*PAYMENT_COLUMNS)
        .join_from(_payment, _patient, _payment.c.patient_id == _patient.c.id)
        .join(
            _link,
            (_link.c.connection_id == _payment.c.connection_id)
            & (_link.c.external_id == _payment.c.invoice_ref),
        )
        .where(
            here,
            _link.c.sent_at.is_not(None),
            _payment.c.gone_at.is_(None),
            _payment.c.happened_at >= clock.day_bounds(first, place.time_zone)[0],
            _payment.c.happened_at < clock.day_bounds(last, place.time_zone)[1],
        )
    )
    payments = [local_payment(row, place.time_zone) for row in all_of(session, query)]
    nets = net_by_payment(with_refunds(session, payments, place.time_zone))
    return [(payment, nets[payment.id]) for payment in payments]
