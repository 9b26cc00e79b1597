"""Invoices: what a link of kind invoice asks for, line by line. Their state is their link's."""

from datetime import date

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.store.base import Row, index_where_given


class Invoice(Row, table=True):
    """number: what stands on it, one a practice and never used twice. note: to the patient."""

    __table_args__ = (UniqueConstraint("practice_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    link_id: int = Field(foreign_key="link.id", unique=True)
    number: str
    made_on: date  # local to the patient's location
    due_on: date
    title: str
    note: str = ""


class InvoiceLine(Row, table=True):
    """What is asked for one service. full_cents: what was open of it then. advance: asked for before it is owed."""

    __table_args__ = (Index(None, "invoice_id"), index_where_given("ledger_entry_id"))

    id: int | None = Field(default=None, primary_key=True)
    invoice_id: int = Field(foreign_key="invoice.id")
    position: int
    name: str
    served_on: date | None = None
    amount_cents: int
    full_cents: int
    service_id: int | None = Field(default=None, foreign_key="service.id")
    ledger_entry_id: int | None = Field(default=None, foreign_key="ledger_entry.id")
    advance: bool = False
