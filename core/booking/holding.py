"""Taking a time for ten minutes, giving it up, and who wins it: decided inside the transaction that writes.

Whoever takes a time holds the provider's row until the transaction ends and writes one row for each five minutes of it,
which the store's unique constraint lets in once a place. Two people, one time: one of them is told so before paying.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, func, select

from core import clock
from core.booking.busy import busy_of, same_people
from core.booking.free_times import HOLD_MINUTES, Offer, grains, is_free, span_of
from core.booking.models import LIVE, BookedPlace, Booking, BookingState, BookingStep
from core.booking.offers import Bookable, OfferedType, Time, free, offered_type
from core.booking.pricing import price
from core.errors import HuddleError
from core.outbox.commands import new_key
from core.permissions import Identity
from core.schedule.models import Provider

MOST_HOLDS = 5
"""Times that one address may hold at once: a waiting room on one network still books."""


class TimeTaken(HuddleError):
    """Somebody else has this time, or it is not offered any more. The sentence is for the patient."""


class TooManyHolds(HuddleError):
    """One address holds several times already. The sentence is for the patient."""


TAKEN = "This time was just taken. Please choose another one."


def take_time(
    session: Session,
    *,
    slug: str,
    starts_at: datetime,
    provider_id: int | None = None,
    location_id: int | None = None,
    asked_from: str = "",
    key: str = "",
    practice_id: int = 1,
) -> Booking:
    """Hold a free time for ten minutes. provider_id None: with whoever is free and has the least to do that day.

    starts_at: aware. asked_from: a digest of who asks. key: of the press, "" = none; a second press of the same gets
    the booking of the first. Raises NotOffered, TimeTaken, TooManyHolds.
    """
    now = clock.now()
    kind = offered_type(session, slug, practice_id)
    wanted = [
        each
        for each in kind.providers
        if provider_id in (None, each.provider_id) and location_id in (None, each.location_id)
    ]
    ids = sorted({each.provider_id for each in wanted})
    lock_providers(session, ids)
    sweep(session, ids, now)
    first = session.exec(select(Booking).where(Booking.key == key)).first() if key else None
    if first is not None and first.state in LIVE:
        return first
    if asked_from and _held_by(session, asked_from) >= MOST_HOLDS:
        raise TooManyHolds("You hold several times already. Finish one of them, or wait ten minutes.")
    chosen = _choose(session, kind, wanted, starts_at, now)
    booking = Booking(
        practice_id=practice_id,
        location_id=chosen.by.location_id,
        online_type_id=kind.online_type_id,
        provider_id=chosen.by.provider_id,
        key=key if key and first is None else new_key(),
        starts_at=starts_at,
        minutes=kind.offer.minutes,
        prep_minutes=kind.offer.prep_minutes,
        group_name=kind.offer.group,
        asked_from=asked_from,
        hold_until=now + timedelta(minutes=HOLD_MINUTES),
        created_at=now,
        refund_percent=kind.refund_percent,
        refund_percent_late=kind.refund_percent_late,
        cutoff_hours=kind.cutoff_hours,
    )
    price(session, booking)  # for anybody; it is worked out anew once it is known who books
    session.add(booking)
    session.flush()
    take_places(session, booking, kind.offer)
    return booking


def lock_providers(session: Session, provider_ids: Sequence[int]) -> None:
    """Nobody else takes a time of these providers until the transaction ends, in whatever source they stand; always in
    the same order."""
    people = same_people(session, provider_ids).values()
    for provider_id in sorted({one for each in people for one in each}):
        session.exec(
            select(Provider.id).where(Provider.id == provider_id).with_for_update(key_share=True)
        ).first()


def take_places(session: Session, booking: Booking, offer: Offer) -> None:
    """Write down every five minutes of the booking's time. Raises TimeTaken, and nothing is kept.

    The provider must be locked, and the time found free.
    """
    span = span_of(booking.starts_at, booking.minutes, booking.prep_minutes)
    taken = session.exec(
        select(BookedPlace.at, BookedPlace.place).where(
            BookedPlace.provider_id == booking.provider_id,
            BookedPlace.at >= span.starts_at,
            BookedPlace.at < span.ends_at,
            BookedPlace.booking_id != booking.id,
        )
    ).all()
    by_grain: dict[datetime, set[int]] = {}
    for at, place in taken:
        by_grain.setdefault(at, set()).add(place)
    rows = []
    for at in grains(span):
        place = next((n for n in range(offer.capacity) if n not in by_grain.get(at, ())), None)
        if place is None:
            raise TimeTaken(TAKEN)
        rows.append(
            BookedPlace(provider_id=booking.provider_id, at=at, place=place, booking_id=booking.id or 0)
        )
    try:
        with session.begin_nested():
            session.add_all(rows)
    except IntegrityError as error:
        raise TimeTaken(TAKEN) from error


def let_go(session: Session, booking: Booking) -> None:
    """The time is free for others."""
    session.exec(delete(BookedPlace).where(col(BookedPlace.booking_id) == booking.id))


def sweep(session: Session, provider_ids: Sequence[int] | None, now: datetime) -> int:
    """Holds that ran out are over and their times free: how many. One that is being worked on right now is left alone."""
    query = select(Booking).where(Booking.state == BookingState.HELD, Booking.hold_until <= now)
    if provider_ids is not None:
        query = query.where(col(Booking.provider_id).in_(list(provider_ids)))
    over = session.exec(query.with_for_update(skip_locked=True)).all()
    for booking in over:
        booking.state, booking.ended_at = BookingState.EXPIRED, now
        booking.reason = "The time was held for ten minutes and not booked."
        session.add(booking)
        let_go(session, booking)
        if booking.last_name:
            note(session, booking, "The hold ran out before it was booked. Nothing was charged.")
    session.flush()
    return len(over)


def forget_unbooked(session: Session, before: datetime) -> int:
    """Who held a time and never booked is forgotten: how many. before: UTC, of their last word."""
    result = session.execute(
        update(Booking)
        .where(
            col(Booking.booked_at).is_(None),
            col(Booking.ended_at) < before,
            col(Booking.last_name) != "",
            col(Booking.state).in_([BookingState.EXPIRED, BookingState.FAILED, BookingState.CANCELLED]),
        )
        .values(
            first_name="", last_name="", birth_date=None, email=None, mobile_phone=None, patient_id=None,
            proposed_id=None, evidence="", asked_from="",
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return result.rowcount  # type: ignore[attr-defined]  # an UPDATE's result has one


def take_again(session: Session, booking: Booking, kind: OfferedType) -> None:
    """A hold that ran out, taken once more where the time is still free. The booking must be locked. Raises TimeTaken."""
    now = clock.now()
    lock_providers(session, [booking.provider_id])
    sweep(session, [booking.provider_id], now)
    by = [each for each in kind.providers if each.provider_id == booking.provider_id]
    found = free(session, kind, *_day(booking.starts_at, by), by=by, now=now)
    if booking.starts_at not in {one.starts_at for one in found}:
        raise TimeTaken(TAKEN)
    take_places(session, booking, kind.offer)
    booking.state, booking.ended_at, booking.reason = BookingState.HELD, None, ""
    booking.hold_until = now + timedelta(minutes=HOLD_MINUTES)
    session.add(booking)


def still_free(session: Session, booking: Booking, offer: Offer) -> bool:
    """Whether the EHR holds nothing else at the booking's time by now. Its own places are its own."""
    span = span_of(booking.starts_at, booking.minutes, booking.prep_minutes)
    busy = busy_of(session, [booking.provider_id], *span, without=booking.id)
    return is_free(span, offer, busy[booking.provider_id])


def note(session: Session, booking: Booking, words: str, actor: Identity | None = None) -> None:
    """Write down what happened, for the desk."""
    session.add(
        BookingStep(
            booking_id=booking.id or 0,
            at=clock.now(),
            staff_id=actor.staff_id if actor else None,
            words=words,
        )
    )


def _choose(
    session: Session, kind: OfferedType, wanted: Sequence[Bookable], starts_at: datetime, now: datetime
) -> Time:
    if not wanted:
        raise TimeTaken(TAKEN)
    found = free(session, kind, *_day(starts_at, wanted), by=wanted, now=now)
    fitting = [one for one in found if one.starts_at == starts_at]
    if not fitting:
        raise TimeTaken(TAKEN)
    day = timedelta(hours=12)
    busy = busy_of(session, sorted({one.by.provider_id for one in fitting}), starts_at - day, starts_at + day)
    return min(fitting, key=lambda one: (len(busy[one.by.provider_id]), one.by.provider, one.by.provider_id))


def _day(starts_at: datetime, by: Sequence[Bookable]) -> tuple[date, int]:
    """The local days of an instant at these places: the first, and how many."""
    days = sorted({clock.local_date(starts_at, each.time_zone) for each in by})
    return days[0], (days[-1] - days[0]).days + 1


def _held_by(session: Session, asked_from: str) -> int:
    mine = select(func.count()).select_from(Booking)
    return session.exec(
        mine.where(Booking.asked_from == asked_from, Booking.state == BookingState.HELD)
    ).one()
