"""Who a blast about cards is for: live conditions, each a list of people with the reason and the fields of the text.

A condition is asked again for every person when their message goes: who has put a new card on file is left alone.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core import clock
from core.blasts.audience import Wanted
from core.cards.models import Card, CardKind, Updater
from core.connections.models import PROCESSORS, Connection, ConnectionState, Kind
from core.dates import short_day
from core.money import short_dollars
from core.patients.models import Patient
from core.payments.models import Payment, PaymentStatus
from core.practice.models import Location
from core.practice.reports import locations
from core.reports.cards import cards
from core.reports.rows import CardRow
from core.schedule.models import Appointment
from core.schedule.rules import OPEN_STATUSES
from core.store.base import table_of

DECLINED_LATELY = timedelta(days=45)
_OR = ", or "


class Condition(StrEnum):
    """The words kept with a blast. CHOSEN: people ticked on a list, who stay chosen."""

    NO_CARD = "no card on file"
    BEFORE_DRAFT = "card ends before the next draft"
    SOON = "card ends soon"
    EXPIRED = "card expired or closed"
    DECLINED = "declined lately"
    OLD_PROCESSOR = "card at the old processor only"
    TODAY = "scheduled today without a card"
    CHOSEN = "chosen by hand"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who fits a condition. fields: last_four, expiry (MM/YY) and amount, as the text shows them, where known."""

    patient_id: int
    patient: str
    reason: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.patient_id, self.fields)


def conditions(
    session: Session, *, location_id: int | None, as_of: datetime
) -> dict[Condition, tuple[Candidate, ...]]:
    """Everybody each condition holds for, by last name within the report's order; CHOSEN is left out.

    location_id None = every location. as_of: aware UTC.
    """
    rows = cards(session, location_id=location_id, as_of=as_of).rows
    places = locations(session, location_id)
    by_row = {condition: _of_rows(rows, condition) for condition in _BY_ROW}
    return by_row | {condition: tuple(read(session, places, as_of)) for condition, read in _BY_READ.items()}


def combined(conditions: Iterable[Condition]) -> str:
    """The word kept with a blast for people of any of these conditions."""
    return _OR.join(one.value for one in Condition if one in set(conditions))


def still_fits(
    session: Session, condition: str, patient_ids: Collection[int], *, as_of: datetime
) -> frozenset[int]:
    """Of these patients, those the condition (or one of several `combined`) still holds for.

    People chosen by hand always fit.
    """
    try:
        wanted = {Condition(word) for word in condition.split(_OR)}
    except ValueError:
        return frozenset(patient_ids)
    if Condition.CHOSEN in wanted:
        return frozenset(patient_ids)
    found = [each for one in wanted & _BY_READ.keys() for each in _everywhere(session, one, as_of)]
    by_row = wanted & _BY_ROW.keys()
    rows = cards(session, location_id=None, as_of=as_of).rows if by_row else ()
    found += [each for one in by_row for each in _of_rows(rows, one)]
    return frozenset(patient_ids) & {each.patient_id for each in found}


def _everywhere(session: Session, condition: Condition, as_of: datetime) -> Iterable[Candidate]:
    return _BY_READ[condition](session, locations(session, None), as_of)


def one_processor_only(session: Session) -> bool:
    """Whether there is nothing to move from: the practice has cards at one processor, or at none."""
    return len(processors(session)) < 2


_BY_ROW: dict[Condition, Callable[[CardRow], bool]] = {
    Condition.NO_CARD: lambda row: row.state == "NONE",
    Condition.BEFORE_DRAFT: lambda row: row.state == "EXPIRING" and row.at_risk_cents > 0,
    Condition.SOON: lambda row: row.state == "EXPIRING" and row.at_risk_cents == 0,
    Condition.EXPIRED: lambda row: row.state in ("EXPIRED", "EXPIRED_ONLY", "INVALID"),
}


def _of_rows(rows: Iterable[CardRow], condition: Condition) -> tuple[Candidate, ...]:
    return tuple(_of_row(row) for row in rows if _BY_ROW[condition](row))


def _of_row(row: CardRow) -> Candidate:
    cents = row.next_draft_cents
    return Candidate(row.key, row.patient, row.reason, _fields(row.last_four, row.expires_on, cents))


def _fields(last_four: str | None, expires_on: date | None, cents: int | None = None) -> dict[str, str]:
    known = {
        "last_four": last_four or "",
        "expiry": f"{expires_on:%m/%y}" if expires_on else "",
        "amount": short_dollars(cents) if cents else "",
    }
    return {name: words for name, words in known.items() if words}


_card, _patient, _payment = table_of(Card), table_of(Patient), table_of(Payment)
_visit = table_of(Appointment)


def _here(places: Sequence[Location]) -> Any:
    ids = [place.id for place in places]
    return and_(
        _patient.c.active,
        _patient.c.gone_at.is_(None),
        or_(_patient.c.location_id.in_(ids), _patient.c.location_id.is_(None)),
    )


def _named(first_name: str, last_name: str) -> str:
    return f"{first_name} {last_name}".strip()


def _declined(session: Session, places: Sequence[Location], as_of: datetime) -> Iterable[Candidate]:
    """The last try of these people was declined, and nothing of at least that amount came since."""
    later = table_of(Payment).alias("later")
    since_paid = (
        select(later.c.id)
        .where(
            later.c.patient_id == _payment.c.patient_id,
            later.c.happened_at > _payment.c.happened_at,
            later.c.status.in_([PaymentStatus.APPROVED.value, PaymentStatus.PENDING.value]),
            later.c.refund_ref.is_(None),
            later.c.amount_cents >= _payment.c.amount_cents,
            later.c.gone_at.is_(None),
        )
        .exists()
    )
    rows = session.execute(
        select(
            _patient.c.id,
            _patient.c.first_name,
            _patient.c.last_name,
            _payment.c.happened_at,
            _payment.c.amount_cents,
            _card.c.last_four,
            _card.c.expires_on,
        )
        .select_from(
            _payment.join(_patient, _payment.c.patient_id == _patient.c.id).outerjoin(
                _card,
                and_(
                    _card.c.external_id == _payment.c.card_ref,
                    _card.c.connection_id == _payment.c.connection_id,
                ),
            )
        )
        .where(
            _payment.c.status == PaymentStatus.DECLINED.value,
            _payment.c.happened_at >= as_of - DECLINED_LATELY,
            _payment.c.happened_at <= as_of,
            _payment.c.gone_at.is_(None),
            ~since_paid,
            _here(places),
        )
        .order_by(_patient.c.last_name, _patient.c.first_name, _patient.c.id, _payment.c.happened_at.desc())
    )
    zone = places[0].time_zone if places else "UTC"
    today = clock.local_date(as_of, zone)
    seen: set[int] = set()
    for key, first_name, last_name, at, cents, last_four, expires_on in rows:
        if key not in seen:
            seen.add(key)
            day = short_day(clock.local_date(at, zone), today)
            yield Candidate(
                key,
                _named(first_name, last_name),
                f"{short_dollars(cents)} was declined on {day}.",
                _fields(last_four, expires_on, cents),
            )


def processors(session: Session) -> list[Connection]:
    """The processors that hold cards, the present one last: one still connected, Fortis rather than Cash Practice (only
    Fortis takes a new card by link), and of several the one set up last."""
    rows = session.exec(
        select_rows(Connection)
        .where(
            col(Connection.kind).in_(PROCESSORS),
            select(_card.c.id).where(_card.c.connection_id == Connection.id).exists()
            | (col(Connection.state) != ConnectionState.DISCONNECTED),
        )
        .order_by(
            col(Connection.state) != ConnectionState.DISCONNECTED,
            col(Connection.kind) == Kind.FORTIS,
            col(Connection.created_at),
            col(Connection.id),
        )
    )
    return list(rows)


def _at_the_old_processor(
    session: Session, places: Sequence[Location], as_of: datetime
) -> Iterable[Candidate]:
    """A card at a processor the practice left, and none at the one it has now."""
    held_at = processors(session)
    if len(held_at) < 2:
        return
    present, former = held_at[-1], [one.id for one in held_at[:-1]]
    held = and_(_card.c.patient_id == _patient.c.id, _card.c.gone_at.is_(None))
    other = table_of(Card).alias("card_there")
    at_present = (
        select(other.c.id)
        .where(
            other.c.patient_id == _patient.c.id,
            other.c.gone_at.is_(None),
            other.c.connection_id == present.id,
            other.c.active,
        )
        .exists()
    )
    rows = session.execute(
        select(
            _patient.c.id, _patient.c.first_name, _patient.c.last_name, _card.c.last_four, _card.c.expires_on
        )
        .select_from(_patient.join(_card, held))
        .where(_here(places), _card.c.connection_id.in_(former), _card.c.active, ~at_present)
        .order_by(
            _patient.c.last_name,
            _patient.c.first_name,
            _patient.c.id,
            _card.c.is_default.desc(),
            _card.c.id,
        )
    )
    seen: set[int] = set()
    for key, first_name, last_name, last_four, expires_on in rows:
        if key not in seen:
            seen.add(key)
            reason = f"Card ending {last_four or '????'} is not at {present.name} yet."
            yield Candidate(key, _named(first_name, last_name), reason, _fields(last_four, expires_on))


def _today_without(session: Session, places: Sequence[Location], as_of: datetime) -> Iterable[Candidate]:
    """An open visit on the location's day, and no card or bank account on file, nor one of who pays for them."""
    owner = or_(_card.c.patient_id == _patient.c.id, _card.c.patient_id == _patient.c.guarantor_id)
    seen: set[int] = set()
    for place in places:
        today = clock.local_date(as_of, place.time_zone)
        start, end = clock.day_bounds(today, place.time_zone)
        usable = and_(
            owner,
            _card.c.gone_at.is_(None),
            _card.c.active,
            _card.c.updater != Updater.CLOSED.value,
            or_(
                _card.c.kind == CardKind.BANK.value,
                _card.c.updater == Updater.UPDATED.value,
                _card.c.expires_on >= today,
            ),
        )
        rows = session.execute(
            select(_patient.c.id, _patient.c.first_name, _patient.c.last_name, _visit.c.starts_at)
            .select_from(_visit.join(_patient, _visit.c.patient_id == _patient.c.id))
            .where(
                _visit.c.starts_at >= start,
                _visit.c.starts_at < end,
                _visit.c.status.in_(OPEN_STATUSES),
                _visit.c.gone_at.is_(None),
                _here([place]),
                ~select(_card.c.id).where(usable).exists(),
            )
            .order_by(_visit.c.starts_at, _patient.c.id)
        )
        for key, first_name, last_name, starts_at in rows:
            if key not in seen:
                seen.add(key)
                at = starts_at.astimezone(clock.zone(place.time_zone))
                hour = f"{at.hour % 12 or 12}:{at:%M} {at:%p}".lower()
                yield Candidate(
                    key, _named(first_name, last_name), f"Comes at {hour} and has no card on file."
                )


_BY_READ: dict[Condition, Callable[[Session, Sequence[Location], datetime], Iterable[Candidate]]] = {
    Condition.DECLINED: _declined,
    Condition.OLD_PROCESSOR: _at_the_old_processor,
    Condition.TODAY: _today_without,
}
