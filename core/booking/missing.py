"""What is missing before a type can be booked, and what is worth a second look: one sentence each, with its button."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from sqlmodel import Session, col, select

from core.booking.costs import Charge
from core.booking.models import OnlineProvider, OnlineType, ProviderHours
from core.connections.models import Connection, ConnectionState, Kind
from core.schedule.models import AppointmentType, Provider
from core.settings import settings

_USABLE = (ConnectionState.CONNECTED, ConnectionState.FAILING)


class Lack(StrEnum):
    """What a press on the button leads to."""

    PROVIDER = "assign a provider"
    HOURS = "enter hours"
    PRICE = "enter a price"
    DEPOSIT = "enter a deposit"
    PROCESSOR = "connect Fortis"
    PUBLIC_ADDRESS = "set the public address"
    SWITCH = "open online booking"
    TYPE = "offer a type"
    MESSAGES = "connect e-mail"


class Missing(NamedTuple):
    """One thing that is missing. online_type_id None: for the whole practice. blocks: nobody can book without it."""

    lack: Lack
    sentence: str
    online_type_id: int | None = None
    blocks: bool = True


def missing_for(session: Session, row: OnlineType) -> list[Missing]:
    """Everything without which this type cannot be switched on, the first to do first."""
    return list(_missing_for(session, row))


def _missing_for(session: Session, row: OnlineType) -> Iterator[Missing]:
    kind = session.get_one(AppointmentType, row.appointment_type_id)
    providers = providers_of(session, row.id or 0)
    if not providers:
        yield Missing(
            Lack.PROVIDER,
            f"“{kind.name}” has no provider. Assign at least one, then switch it on.",
            row.id,
        )
    elif not session.exec(
        select(ProviderHours.id)
        .where(col(ProviderHours.provider_id).in_(providers), col(ProviderHours.is_break).is_(False))
        .limit(1)
    ).first():
        yield Missing(Lack.HOURS, f"No provider of “{kind.name}” has hours. Enter when they work.", row.id)
    price = row.price_cents or kind.price_cents
    if row.charge in (Charge.FULL, Charge.HOLD) and not price:
        yield Missing(Lack.PRICE, f"“{kind.name}” has no price, so it cannot be charged. Enter one.", row.id)
    if row.charge == Charge.DEPOSIT and not row.deposit_cents:
        yield Missing(Lack.DEPOSIT, f"“{kind.name}” asks for a deposit. Enter how much.", row.id)
    if row.charge != Charge.NOTHING and processor_of(session, row.practice_id) is None:
        yield Missing(
            Lack.PROCESSOR,
            "No card processor is connected, so nothing can be charged. Connect Fortis under Integrations first.",
            row.id,
        )


def missing_for_practice(session: Session, practice_id: int, *, is_on: bool, offers: bool) -> list[Missing]:
    """What the practice as a whole lacks."""
    found = []
    if not offers:
        found.append(Missing(Lack.TYPE, "No type is offered online yet. Choose one and switch it on."))
    if not settings().public_url:
        found.append(
            Missing(
                Lack.PUBLIC_ADDRESS,
                "Huddle has no public address, so patients cannot reach the page. Set HUDDLE_PUBLIC_URL.",
            )
        )
    if not is_on:
        found.append(Missing(Lack.SWITCH, "Online booking is stopped. Open it when everything is ready."))
    mail = select(Connection.id).where(
        Connection.practice_id == practice_id,
        Connection.kind == Kind.EMAIL,
        col(Connection.state).in_(_USABLE),
    )
    if session.exec(mail.limit(1)).first() is None:
        found.append(
            Missing(
                Lack.MESSAGES,
                "No e-mail is connected: patients see their confirmation on the page only.",
                blocks=False,
            )
        )
    return found


def warnings_for(session: Session, row: OnlineType) -> list[str]:
    """What an EHR or a patient would stumble over."""
    kind = session.get_one(AppointmentType, row.appointment_type_id)
    found = []
    if kind.minutes and kind.minutes != row.minutes:
        found.append(
            f"The EHR plans {kind.minutes} minutes for “{kind.name}” and this says {row.minutes}. "
            "Some EHRs refuse a booking whose length is not theirs."
        )
    usual = kind.minutes or 0
    if usual and usual % row.step_minutes and row.step_minutes % usual:
        found.append(
            f"Times begin every {row.step_minutes} minutes, and the EHR plans {usual}: it may not take a visit that begins "
            "between two of its own times."
        )
    if row.minutes % row.step_minutes and row.step_minutes % row.minutes:
        found.append(
            f"Times begin every {row.step_minutes} minutes and a visit lasts {row.minutes}: gaps will be left between."
        )
    if row.charge == Charge.HOLD and row.days_ahead > 6:
        found.append(
            "Banks keep a hold for about a week. For a visit further ahead it is taken on the sixth day after booking."
        )
    return found


def providers_of(session: Session, online_type_id: int) -> list[int]:
    """Store ids of the providers who take bookings of a type and are still there."""
    found = (
        select(OnlineProvider.provider_id)
        .join(Provider, col(Provider.id) == OnlineProvider.provider_id)
        .where(OnlineProvider.online_type_id == online_type_id, col(Provider.gone_at).is_(None))
        .order_by(Provider.name)
    )
    return list(session.exec(found))


def processor_of(session: Session, practice_id: int) -> Connection | None:
    """The processor that online bookings are charged by: the first one connected."""
    found = select(Connection).where(
        Connection.practice_id == practice_id,
        Connection.kind == Kind.FORTIS,
        col(Connection.state).in_(_USABLE),
    )
    return session.exec(found.order_by(col(Connection.id)).limit(1)).first()
