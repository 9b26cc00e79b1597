"""One row of the memberships report, in the words of CONTRACTS §2. Dates are the location's, instants aware UTC."""

from datetime import date, datetime
from typing import NamedTuple

from core.severity import Severity


class MembershipRow(NamedTuple):
    """One membership, period, service class and state that has something to say. key is the patient's store id.

    state UNKNOWN: nothing can be counted, so period and numbers are None and `reason` says why. NOT_SCHEDULED: the
    current period with all classes together, service_class None. allowance None otherwise = unlimited. name_key: for sorting by
    last name. should_be: visits
    due by today, None in periods that do not hold today. lapses_on: the last good day of the visits that would be lost.
    """

    key: int
    membership_id: str
    patient_id: str
    patient: str
    name: str
    period_start: date | None
    period_end: date | None
    service_class: str | None
    allowance: int | None
    used: int | None
    booked: int | None
    committed: int | None
    over: int | None
    excess_appointment_ids: tuple[str, ...]
    excess_starts_at: tuple[datetime, ...]
    state: str
    severity: Severity
    reason: str
    should_be: int | None
    lapsing: int
    lapses_on: date | None
    rollover: int
    add_ons: int
    last_visit: datetime | None
    next_visit: datetime | None
    time_zone: str
    initials: str
    mobile_last_four: str | None
    name_key: str
