"""What of an authorization and its card stands today."""

from sqlmodel import Session, col, select

from core import clock
from core.cards.models import Card, CardKind, Updater
from core.charges.rules import Terms
from core.errors import BadInput
from core.patients.models import Patient
from core.patients.reports import place_of
from core.payments.card_on_file import CardAuthorization, CardCharge
from core.store.concerned import concern
from core.store.version import touch


def usable_card(session: Session, patient: Patient, card_ref: str) -> Card:
    """The card, usable today and the patient's own or of who pays for them. Raises BadInput."""
    card = session.exec(select(Card).where(Card.external_id == card_ref, col(Card.gone_at).is_(None))).first()
    today = clock.today(place_of(session, patient).time_zone)
    if card is None or card.patient_id not in (patient.id, patient.guarantor_id):
        raise BadInput("This card is not on file any more. Refresh the page.")
    if card.kind != CardKind.CARD:
        raise BadInput("A bank account is not charged from here. Send a payment link instead.")
    over = card.expires_on is not None and card.expires_on < today and card.updater != Updater.UPDATED
    if not card.active or card.updater == Updater.CLOSED or over:
        raise BadInput("This card is expired or closed. Ask for a new one.")
    return card


def terms_of(under: CardAuthorization) -> Terms:
    """What was allowed, as the rules read it."""
    return Terms(
        under.card_ref,
        under.scope,
        under.cap_cents,
        under.until,
        under.ended_at is not None,
        (under.due_kind, under.due_ref),
    )


def changed(session: Session, charge: CardCharge) -> None:
    """Whatever shows this patient is drawn anew, and their tasks are looked at in this transaction."""
    touch(session)
    concern(session, charge.patient_id)
