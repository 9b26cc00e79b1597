"""What the desk asks for now (DOMAIN §3, §6, §10)."""

from dataclasses import dataclass

from core.dues.askable import Asking, because
from core.ledger.rules import Balance


@dataclass(frozen=True, slots=True)
class Collect:
    """cents: what to ask for now, never below 0. left_out_cents: due, but not to be asked for, and why."""

    cents: int
    left_out_cents: int
    why: str


def collect_now(balance: Balance, asking: Asking) -> Collect:
    """What the desk asks for now: what is due, without what must not be asked for (askable.py)."""
    cents = min(balance.due_now_cents, asking.cents)
    return Collect(cents, balance.due_now_cents - cents, because(asking.left_out))
