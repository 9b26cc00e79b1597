"""Daily roll-ups: what the overview's charts read instead of the practice's whole history.

Counted rows can be made anew from the other tables at any time. Seen rows (booked visits, cards by state) cannot:
they begin on the day Huddle starts. A day is the location's local date; money is cents.
"""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Row
from core.store.types import UtcInstant


class RollUpDay(Row, table=True):
    """Counted. expected_*: what fell due that day, less what was waived. service_*: DOMAIN §8, of that day's visits.

    arrears_*: instalments open at the day's end by their age (DOMAIN §4). allowance and used: of the periods that
    hold the day, visits done so far. unlimited_used: by members without a limit. recovered_cents: paid on links that
    were sent; None = no link had been sent by then.
    """

    location_id: int = Field(foreign_key="location.id", primary_key=True)
    day: date = Field(primary_key=True)
    expected_plans_cents: int = 0
    expected_memberships_cents: int = 0
    expected_visits_cents: int = 0
    service_due_cents: int = 0
    service_collected_cents: int = 0
    arrears_1_30_cents: int = 0
    arrears_31_60_cents: int = 0
    arrears_61_90_cents: int = 0
    arrears_over_90_cents: int = 0
    allowance: int = 0
    used: int = 0
    unlimited_used: int = 0
    recovered_cents: int | None = None


class RollUpMoney(Row, table=True):
    """Counted. Net cents (DOMAIN §0) of the payments of a day; method and part are words of receipts.py."""

    location_id: int = Field(foreign_key="location.id", primary_key=True)
    day: date = Field(primary_key=True)
    method: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    cents: int


class RollUpMonth(Row, table=True):
    """Which months are to be counted. marked grows whenever something of the month changed; counted_at None = never."""

    location_id: int = Field(foreign_key="location.id", primary_key=True)
    month: date = Field(primary_key=True)
    stale: bool = True
    marked: int = 1
    counted_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class RollUpState(Row, table=True):
    """How far one location's roll-up has come. looked_until: rows synced up to then have marked their months;
    terms_until: those of plans and memberships, which are looked at hourly.

    first_day: the practice's first day of money or visits within two years. started_on: the first day that was seen.
    seen_at, seen_version: of the last look at today's cards, bookings and drafts.
    """

    location_id: int = Field(foreign_key="location.id", primary_key=True)
    first_day: date
    today: date
    data_version: int = 0
    looked_until: datetime = Field(sa_type=UtcInstant)
    terms_until: datetime = Field(sa_type=UtcInstant)
    started_on: date | None = None
    seen_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    seen_version: int = 0


class SeenDay(Row, table=True):
    """Seen at the day's end (today: at the last look). Of members' periods that hold the day: visits booked and beyond."""

    location_id: int = Field(foreign_key="location.id", primary_key=True)
    day: date = Field(primary_key=True)
    members: int = 0
    booked: int = 0
    over: int = 0


class SeenCards(Row, table=True):
    """Seen. Active patients with something to pay by card, by the state of DOMAIN §1 and §2."""

    location_id: int = Field(foreign_key="location.id", primary_key=True)
    day: date = Field(primary_key=True)
    state: str = Field(primary_key=True)
    patients: int
    at_risk_cents: int


class CardStanding(Row, table=True):
    """Who was in which state from when to when: the patients behind SeenCards. until None = still."""

    __table_args__ = (Index(None, "location_id", "until"), Index(None, "patient_id"))

    id: int | None = Field(default=None, primary_key=True)
    location_id: int = Field(foreign_key="location.id")
    patient_id: int = Field(foreign_key="patient.id")
    state: str
    at_risk_cents: int
    since: date
    until: date | None = None


class DraftForecast(Row, table=True):
    """Seen last. What is drafted on a coming day, what of it will probably fail, and of what nobody can say."""

    location_id: int = Field(foreign_key="location.id", primary_key=True)
    day: date = Field(primary_key=True)
    cents: int
    failing_cents: int
    unknown_cents: int
