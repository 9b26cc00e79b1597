"""Patients as the EHR knows them, contacts as the processors know them, and the links between."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.store.base import Row, Synced, index_where_given, one_per_source
from core.store.types import UtcInstant


class Patient(Synced, table=True):
    """mobile_phone is E.164 (+15550100199). guarantor: who pays for this patient, another patient.

    text_consent, email_consent: None = never asked, which is not consent.
    search_name: first and last name, case-folded without accents, for the search box.
    ehr_number: the number the EHR's people use, where external_id is another (FHIR: the identifier of type MR).
    """

    __table_args__ = (
        one_per_source(),
        Index(None, "location_id", "active", "last_name"),
        Index(None, "mobile_last_four"),
        Index(None, "search_name"),
        Index(None, "birth_date"),
        Index(None, "email"),
        index_where_given("guarantor_id"),
        index_where_given("ehr_number"),
    )

    location_id: int | None = Field(default=None, foreign_key="location.id")
    first_name: str = ""
    last_name: str = ""
    birth_date: date | None = None
    email: str | None = None
    mobile_phone: str | None = None
    mobile_last_four: str | None = None
    guarantor_ref: str | None = (
        None  # external id as the file gave it; guarantor_id once that patient is known
    )
    guarantor_id: int | None = Field(default=None, foreign_key="patient.id")
    active: bool = True
    text_consent: bool | None = None
    email_consent: bool | None = None
    search_name: str = ""
    ehr_number: str | None = None


class LinkState(StrEnum):
    LINKED = "linked"
    PROPOSED = "proposed"
    UNLINKED = "unlinked"
    NOT_OURS = "not ours"  # a person said: not a patient of the practice


class ProcessorContact(Synced, table=True):
    """A person as a processor knows them. patient_id is set by a sure link or by a person (DOMAIN §11)."""

    __table_args__ = (one_per_source(), Index(None, "patient_id"))

    first_name: str = ""
    last_name: str = ""
    birth_date: date | None = None
    email: str | None = None
    mobile_phone: str | None = None
    ehr_id: str | None = None  # the EHR's patient id, where the processor was told it
    active: bool = True
    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    link_state: str = LinkState.UNLINKED
    linked_by: str = ""  # "same EHR id", or the staff name who confirmed
    linked_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class MovedId(Row, table=True):
    """One line of the list a practice gets when its cards move: its old id, and the new processor's for the same person
    or card. connection_id: the new processor's."""

    __table_args__ = (UniqueConstraint("connection_id", "old_id"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    old_id: str
    new_id: str


class LinkProposal(Row, table=True):
    """A contact that is probably a patient. evidence: what agreed, in words ("name and e-mail")."""

    __table_args__ = (UniqueConstraint("contact_id", "patient_id"),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="processor_contact.id")
    patient_id: int = Field(foreign_key="patient.id")
    evidence: str
    state: str = "open"  # open, accepted, rejected
    created_at: datetime = Field(sa_type=UtcInstant)
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcInstant)
