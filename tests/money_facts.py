"""Short ways to write the facts of a test: what a test does not name is the ordinary case."""

import itertools
from datetime import UTC, date, datetime, time
from typing import Any

from core.cards.rules import CardFacts
from core.payments.facts import Draft, PaymentFacts, RecurringFacts
from core.plans.facts import InstalmentFacts, PlanFacts

_ids = itertools.count(1)


def day(text: str) -> date:
    return date.fromisoformat(text)


def card(expires: str | None = "2029-12-31", **other: Any) -> CardFacts:
    key = other.pop("id", None) or next(_ids)
    facts = CardFacts(
        key,
        f"card-{key}",
        "card",
        "visa",
        "4242",
        day(expires) if expires else None,
        None,
        True,
        True,
        "none",
    )
    return facts._replace(**other)


def draft(on: str, cents: int = 149_00, card_id: int | None = None) -> Draft:
    return Draft(day(on), cents, card_id, "membership", "M1")


def payment(on: str, cents: int, status: str = "approved", **other: Any) -> PaymentFacts:
    key = other.pop("id", None) or next(_ids)
    at = datetime.combine(day(on), time(16), UTC)
    facts = PaymentFacts(
        key, f"pay-{key}", 1, None, None, None, at, day(on), cents, status, None, None, None, "card"
    )
    return facts._replace(**other)


def refund(of: PaymentFacts, on: str, cents: int | None = None, **other: Any) -> PaymentFacts:
    return payment(on, of.amount_cents if cents is None else cents, refund_ref=of.external_id, **other)


def recurring(next_run_on: str | None, cents: int = 149_00, **other: Any) -> RecurringFacts:
    key = other.pop("id", None) or next(_ids)
    runs = day(next_run_on) if next_run_on else None
    return RecurringFacts(key, f"rec-{key}", 1, None, None, cents, 1, "month", runs, "active")._replace(
        **other
    )


def plan(**other: Any) -> PlanFacts:
    facts = PlanFacts(
        7, "PL1", 1, None, "treatment", "Care plan", day("2026-01-01"), day("2026-12-31"), 2400_00, 24,
        "active", None, None, None,
    )  # fmt: skip
    return facts._replace(**other)


def monthly(count: int = 12, cents: int = 200_00, first: str = "2026-01-01") -> list[InstalmentFacts]:
    """Instalments on the same day of each month; ids 1, 2, 3 …"""
    start = day(first)
    return [
        InstalmentFacts(n + 1, f"IN{n + 1}", 7, start.replace(year=start.year + (start.month - 1 + n) // 12,
                        month=(start.month - 1 + n) % 12 + 1), cents, 0)
        for n in range(count)
    ]  # fmt: skip
