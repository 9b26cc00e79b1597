"""What a person decided about a plan that was ended early (DOMAIN §4): collect what is owed, or waive it. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from core.dates import short_day
from core.money import short_dollars


class SettlementFacts(NamedTuple):
    """decision: collect or waive; amount_cents: what was owed when it was decided. decided_on is local."""

    id: int
    plan_id: int
    decision: str
    amount_cents: int
    why: str
    decided_at: datetime
    decided_on: date
    decided_by: str
    undone_at: datetime | None = None
    undone_by: str = ""

    @property
    def waived_cents(self) -> int:
        return self.amount_cents if self.decision == "waive" else 0


def standing_settlement(settlements: Iterable[SettlementFacts]) -> SettlementFacts | None:
    """The latest decision that was not taken back."""
    stand = [one for one in settlements if one.undone_at is None]
    return max(stand, key=lambda one: (one.decided_at, one.id), default=None)


def settlement_words(one: SettlementFacts, today: date) -> str:
    """`Waived $280 on Nov 3 by dana: moved away.`"""
    what = "Waived" if one.decision == "waive" else "To be collected:"
    words = f"{what} {short_dollars(one.amount_cents)}, decided {short_day(one.decided_on, today)} by {one.decided_by}"
    return f"{words}: {one.why}."
