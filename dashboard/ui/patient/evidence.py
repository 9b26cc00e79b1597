"""What a flag rests on, in words: each (table, id) is looked up among the rows of the patient card."""

from collections.abc import Callable
from typing import Any

from core.money import dollars
from core.patient_card.rows import PatientCard
from dashboard.wording.text import clock_time, day_month, visit_day

NAMES = {
    "card": "Card",
    "payment": "Payment",
    "instalment": "Instalment",
    "appointment": "Visit",
    "plan": "Plan",
    "membership": "Membership",
    "ledger_entry": "Ledger entry",
    "coverage": "Coverage",
    "recurring": "Planned draft",
    "processor_contact": "Processor record",
}


def evidence_words(card: PatientCard, table: str, external_id: str) -> str:
    """`Payment p-9: Nov 15, $149.00, declined`; only its name and id when the card does not hold the row."""
    name = f"{NAMES.get(table, table.replace('_', ' ').capitalize())} {external_id}"
    found = next((words for words in _told(card, table, external_id)), "")
    return f"{name}: {found}" if found else name


def _told(card: PatientCard, table: str, external_id: str) -> list[str]:
    look_up: dict[str, tuple[tuple[Any, ...], str, Callable[[Any], str]]] = {
        "card": (
            card.cards,
            "card_id",
            lambda row: f"{row.brand or row.kind} {row.last_four or ''}, {row.state}",
        ),
        "payment": (
            card.payments,
            "payment_id",
            lambda row: (
                f"{visit_day(row.happened_at, card.time_zone, card.day)}, {dollars(row.amount_cents)}, {row.status}"
            ),
        ),
        "instalment": (
            tuple(one for plan in card.plans for one in plan.instalments),
            "instalment_id",
            lambda row: f"due {day_month(row.due_on, card.day)}, {dollars(row.open_cents)} open",
        ),
        "appointment": (
            card.visits + card.today,
            "appointment_id",
            lambda row: (
                f"{visit_day(row.starts_at, card.time_zone, card.day)} {clock_time(row.starts_at, card.time_zone)}, {row.status}"
            ),
        ),
        "plan": (card.plans, "plan_id", lambda row: row.name),
        "membership": (card.memberships, "membership_id", lambda row: row.name),
        "ledger_entry": (
            card.ledger,
            "entry_id",
            lambda row: f"{day_month(row.posted_on, card.day)}, {row.kind} {dollars(row.amount_cents)}",
        ),
    }
    rows, key, words = look_up.get(table, ((), "", str))
    return [words(row) for row in rows if getattr(row, key) == external_id]
