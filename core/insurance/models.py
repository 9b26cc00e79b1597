"""Insurance coverages, as the EHR last checked them. Percentages are whole basis points: 20% = 2000."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Synced, one_per_source


class CoverageKind(StrEnum):
    COMMERCIAL = "commercial"
    MEDICARE = "medicare"
    AUTO = "auto"
    INJURY = "injury"
    WORKERS_COMP = "workers_comp"
    SELF_PAY = "self_pay"


class Coverage(Synced, table=True):
    __table_args__ = (one_per_source(), Index(None, "patient_id"))

    patient_id: int = Field(foreign_key="patient.id")
    payer: str | None = None
    kind: str | None = None
    rank: int | None = None
    active_from: date | None = None
    active_to: date | None = None
    checked_on: date | None = None
    eligible: bool | None = None
    copay_cents: int | None = None
    coinsurance_basis_points: int | None = None
    deductible_cents: int | None = None
    deductible_met_cents: int | None = None
    out_of_pocket_max_cents: int | None = None
    out_of_pocket_met_cents: int | None = None
    visit_limit: int | None = None
    visits_used: int | None = None
    visits_pending: int | None = None
    authorisation_required: bool | None = None
    authorisation_from: date | None = None
    authorisation_to: date | None = None
    authorisation_units: int | None = None
    authorisation_used: int | None = None
