"""What stands of a patient's authorizations and charges, for the patient card. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from core import clock
from core.cards.models import Card, CardKind, Updater
from core.cards.rules import CardFacts, is_usable
from core.connections.models import Connection, Kind
from core.patients.reports import patient_of
from core.payments.card_on_file import UNDER_WAY, CardAuthorization, CardCharge
from core.permissions import Identity

SHOWN = 6


@dataclass(frozen=True, slots=True)
class ChargeableCard:
    """A card at a processor that takes charges by its token. usable: today."""

    card_ref: str
    name: str
    usable: bool
    is_default: bool


@dataclass(frozen=True, slots=True)
class AuthorizationLine:
    """stands: charges may be made under it today."""

    authorization_id: int
    card_ref: str
    last_four: str
    wording: str
    scope: str
    cap_cents: int
    signed: str
    signed_by: str
    signed_on: date
    until: date | None
    copy_sent: str
    ended_at: datetime | None
    stands: bool


@dataclass(frozen=True, slots=True)
class ChargeLine:
    charge_id: int
    amount_cents: int
    state: str
    reason: str
    what: str
    asked_at: datetime
    done_at: datetime | None
    under_way: bool
    last_four: str
    patient_key: int
    due: tuple[str, str]


def chargeable_cards(
    session: Session, actor: Identity | None, patient_id: int, as_of: datetime
) -> list[ChargeableCard]:
    """The patient's cards (and of who pays for them) at Fortis, the default first. Cash Practice's wire takes no charge."""
    patient = patient_of(session, actor, patient_id)
    owners = [key for key in (patient_id, patient.guarantor_id) if key is not None]
    rows = session.exec(
        select(Card)
        .join(Connection, col(Connection.id) == Card.connection_id)
        .where(
            Connection.kind == Kind.FORTIS,
            Card.kind == CardKind.CARD,
            col(Card.patient_id).in_(owners),
            col(Card.gone_at).is_(None),
        )
        .order_by(col(Card.is_default).desc(), col(Card.id).desc())
    ).all()
    today = clock.local_date(as_of, "UTC")
    found = []
    for row in rows:
        facts = CardFacts(
            row.id or 0, row.external_id, row.kind, row.brand, row.last_four, row.expires_on, row.expiry_text,
            row.is_default, row.active, row.updater or Updater.NONE,
        )  # fmt: skip
        ends = f", ends {row.expires_on:%m/%y}" if row.expires_on else ""
        name = f"{(row.brand or 'card').capitalize()} ending {row.last_four or '????'}{ends}"
        found.append(ChargeableCard(row.external_id, name, is_usable(facts, today), row.is_default))
    return found


def authorizations_of(
    session: Session, actor: Identity | None, patient_id: int, today: date
) -> list[AuthorizationLine]:
    """Every authorization of a patient, those that stand first, the newest of each."""
    patient_of(session, actor, patient_id)
    rows = session.exec(
        select(CardAuthorization)
        .where(CardAuthorization.patient_id == patient_id)
        .order_by(col(CardAuthorization.ended_at).is_not(None), col(CardAuthorization.id).desc())
    )
    return [
        AuthorizationLine(
            one.id or 0, one.card_ref, one.last_four, one.wording, one.scope, one.cap_cents, one.signed, one.signed_by,
            one.signed_on, one.until, one.copy_sent, one.ended_at,
            one.ended_at is None and (one.until is None or today <= one.until),
        )
        for one in rows
    ]  # fmt: skip


def charges_of(session: Session, actor: Identity | None, patient_id: int) -> list[ChargeLine]:
    """The latest charges of a patient's cards, newest first."""
    patient_of(session, actor, patient_id)
    rows = session.exec(
        select(CardCharge, CardAuthorization.last_four)
        .join(CardAuthorization, col(CardAuthorization.id) == CardCharge.authorization_id)
        .where(CardCharge.patient_id == patient_id)
        .order_by(col(CardCharge.id).desc())
        .limit(SHOWN)
    )
    return [
        ChargeLine(
            one.id or 0, one.amount_cents, one.state, one.reason, one.what, one.asked_at, one.done_at,
            one.state in UNDER_WAY, last_four, one.patient_id, (one.due_kind, one.due_ref),
        )
        for one, last_four in rows
    ]  # fmt: skip
