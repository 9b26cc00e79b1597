"""What is the same for every patient of a report."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Setting:
    """as_of: the instant asked at (aware UTC). today is local to time_zone.

    cards_known: some source of cards is there and not too old. ledger_known: the practice's ledger reaches us.
    everyone_needs_card: the practice's policy (DOMAIN §2).
    """

    as_of: datetime
    today: date
    time_zone: str
    everyone_needs_card: bool
    cards_known: bool
    processors: bool
    ledger_known: bool
