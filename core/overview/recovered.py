"""Money that came because somebody saw to it: paid on a link that was sent, or charged to a card on file."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlmodel import Session

from core import clock
from core.links.models import Link
from core.links.rules import LinkKind
from core.overview.month_reads import PAYMENT_COLUMNS, CountedLocation, all_of, local_payment, with_refunds
from core.patients.models import Patient
from core.payments.card_on_file import CardAuthorization, CardCharge, ChargeState, Signed
from core.payments.facts import PaymentFacts, net_by_payment
from core.payments.models import Payment
from core.store.base import table_of

_payment, _patient, _link = table_of(Payment), table_of(Patient), table_of(Link)
_charge, _under = table_of(CardCharge), table_of(CardAuthorization)


def recovered_by_day(
    session: Session, place: CountedLocation, first: date, last: date
) -> dict[date, int] | None:
    """Net cents recovered by the local day of payment, `first` through `last`. None: no link was sent and no card charged
    by then."""
    until = clock.day_bounds(last, place.time_zone)[1]
    sent = select(_link.c.id).where(_link.c.sent_at.is_not(None), _link.c.sent_at < until)
    charged = select(_charge.c.id).where(_charge.c.asked_at < until)
    if not any(session.execute(each.limit(1)).first() for each in (sent, charged)):
        return None
    days: defaultdict[date, int] = defaultdict(int)
    for payment, cents in recovered_payments(session, place, first, last):
        days[payment.happened_on] += cents
    return dict(days)


def first_sent_since(session: Session, instant: datetime) -> datetime | None:
    """When the first link after an instant was sent (UTC); None: none was. From then on nothing recovered is a nought."""
    first = func.min(_link.c.sent_at, type_=_link.c.sent_at.type)
    return session.execute(select(first).where(_link.c.sent_at >= instant)).scalar()


class Way(NamedTuple):
    """One way by which money came back. days: the median from asking (a link) or falling due (a charge) to payment; None =
    not known."""

    words: str
    payments: int
    cents: int
    days: int | None


def recovered_ways(session: Session, places: Sequence[CountedLocation], first: date, last: date) -> list[Way]:
    """By which way how much came back at these locations, and in how many days, the most first. Days are local, `first`
    through `last`."""
    told: defaultdict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for place in places:
        found = _found(session, place, first, last)
        nets = net_by_payment(with_refunds(session, [one.payment for one in found], place.time_zone))
        for one in found:
            begun = clock.local_date(one.asked_at, place.time_zone) if one.asked_at else one.due_on
            days = (one.payment.happened_on - begun).days if begun else None
            if nets[one.payment.id] > 0:
                told[one.way].append((nets[one.payment.id], None if days is None else max(0, days)))
    ways = [
        Way(words, len(rows), sum(cents for cents, _ in rows), _median([d for _, d in rows if d is not None]))
        for words, rows in told.items()
    ]
    return sorted(ways, key=lambda way: -way.cents)


def _median(days: list[int]) -> int | None:
    return round(median(days)) if days else None


def recovered_payments(
    session: Session, place: CountedLocation, first: date, last: date
) -> list[tuple[PaymentFacts, int]]:
    """The payments that answer a link or are a charge of a card on file at a location, each with its net cents."""
    payments = [one.payment for one in _found(session, place, first, last)]
    nets = net_by_payment(with_refunds(session, payments, place.time_zone))
    return [(payment, nets[payment.id]) for payment in payments]


class _Found(NamedTuple):
    payment: PaymentFacts
    way: str
    asked_at: datetime | None = None
    due_on: date | None = None


def _found(session: Session, place: CountedLocation, first: date, last: date) -> list[_Found]:
    here: Any = _patient.c.location_id == place.id
    if place.first:
        here = or_(here, _patient.c.location_id.is_(None))
    within = [
        here,
        _payment.c.gone_at.is_(None),
        _payment.c.happened_at >= clock.day_bounds(first, place.time_zone)[0],
        _payment.c.happened_at < clock.day_bounds(last, place.time_zone)[1],
    ]
    of_patient = _payment.join(_patient, _payment.c.patient_id == _patient.c.id)
    on_links = (
        select(*PAYMENT_COLUMNS, _link.c.kind, _link.c.sent_at)
        .select_from(
            of_patient.join(
                _link,
                (_link.c.connection_id == _payment.c.connection_id)
                & (_link.c.external_id == _payment.c.invoice_ref),
            )
        )
        .where(*within, _link.c.sent_at.is_not(None))
    )
    charged = (
        select(*PAYMENT_COLUMNS, _under.c.signed, _charge.c.due_on)
        .select_from(
            of_patient.join(
                _charge,
                (_charge.c.connection_id == _payment.c.connection_id)
                & (_charge.c.payment_ref == _payment.c.external_id),
            ).join(_under, _charge.c.authorization_id == _under.c.id)
        )
        .where(*within, _charge.c.state == ChargeState.ACCEPTED.value)
    )
    by_link = [
        _Found(
            local_payment(row, place.time_zone),
            "invoices" if kind == LinkKind.INVOICE else "payment links",
            asked_at=at,
        )
        for *row, kind, at in all_of(session, on_links)
    ]
    by_card = [
        _Found(
            local_payment(row, place.time_zone),
            "patients saving a new card" if signed == Signed.SCREEN else "charging the card on file",
            due_on=due_on,
        )
        for *row, signed, due_on in all_of(session, charged)
    ]
    return by_link + by_card
