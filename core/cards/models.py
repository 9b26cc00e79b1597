"""Cards and bank accounts on file. Least data: brand, last four, expiry month and the processor's id (DOMAIN §13)."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Synced, one_per_source


class CardKind(StrEnum):
    CARD = "card"
    BANK = "bank"


class Updater(StrEnum):
    NONE = "none"
    UPDATED = "updated"
    CLOSED = "closed"


class Card(Synced, table=True):
    """expires_on: last day of the expiry month; None with a text in expiry_text = unreadable, which is UNKNOWN.

    contact_ref: external id of the processor contact that holds it; patient_id follows from that contact's link.
    """

    __table_args__ = (
        one_per_source(),
        Index(None, "patient_id"),
        Index(None, "external_id"),
        Index(None, "last_four"),
    )

    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    contact_ref: str | None = None
    kind: str = CardKind.CARD
    brand: str | None = None
    last_four: str | None = None
    expires_on: date | None = None
    expiry_text: str | None = None
    is_default: bool = False
    active: bool = True
    updater: str = Updater.NONE
