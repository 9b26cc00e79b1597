"""What the desk asks for now (DOMAIN §3, §6, §10)."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.dues.missing import MissingPayment
from core.ledger.rules import Balance
from core.money import short_dollars


@dataclass(frozen=True, slots=True)
class Collect:
    """cents: what to ask for now, never below 0. left_out_cents: due, but not to be asked for, and why."""

    cents: int
    left_out_cents: int
    why: str


def collect_now(
    balance: Balance, missing: Sequence[MissingPayment], *, accepted_not_posted_cents: int = 0
) -> Collect:
    """What the desk asks for now: what is due, without what must not be asked for (DOMAIN §3, §10).

    Left out: amounts under chargeback (reminders stopped), amounts the processor tries again by itself, amounts
    that somebody promised for a later day, and accepted payments that are only not posted yet.
    accepted_not_posted_cents: only what `balance.due_now_cents` still holds.
    """
    disputed = sum(m.open_cents for m in missing if m.reminders_stopped)
    asked = [m for m in missing if not m.reminders_stopped]
    retried = sum(m.open_cents for m in asked if m.retry_on is not None)
    promised = sum(m.open_cents for m in asked if m.retry_on is None and m.promised_on is not None)
    parts = [
        f"{short_dollars(cents)} {words}"
        for cents, words in (
            (disputed, "is disputed"),
            (retried, "is tried again by itself"),
            (promised, "is promised"),
            (accepted_not_posted_cents, "is paid but not posted"),
        )
        if cents > 0
    ]
    left_out = min(balance.due_now_cents, disputed + retried + promised + accepted_not_posted_cents)
    return Collect(
        balance.due_now_cents - left_out, left_out, f"Not asked for: {', '.join(parts)}." if parts else ""
    )
