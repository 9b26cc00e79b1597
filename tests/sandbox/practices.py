"""Shared by the tests of the practice generator: one practice, and small readings of its rows."""

from collections import defaultdict
from datetime import date
from functools import lru_cache

from core.money import parse_dollars
from data.sandbox.practice import GeneratedPractice, Row, generate

TODAY = date(2026, 11, 23)

signed = {"charge": 1, "refund": 1, "payment": -1, "adjustment": -1}


@lru_cache(maxsize=32)
def practice(
    seed: int = 7, today: date = TODAY, patients: int = 300, locations: int = 1
) -> GeneratedPractice:
    return generate(seed, today, patients, locations)


def of(made: GeneratedPractice, story: str, file: str) -> list[Row]:
    """The rows of a file that belong to a story's patient."""
    return [row for row in made.files[file] if row["patient_id"] == made.stories[story]]


def tokens_of(made: GeneratedPractice, story: str) -> list[dict]:
    return [t for t in made.fortis["tokens"] if made.owners[t["contact_id"]] == made.stories[story]]


def transactions_of(made: GeneratedPractice, story: str) -> list[dict]:
    """Oldest first."""
    found = [t for t in made.fortis["transactions"] if made.owners[t["contact_id"]] == made.stories[story]]
    return sorted(found, key=lambda t: t["created_ts"])


def patient_balances(made: GeneratedPractice) -> dict[str, int]:
    """Cents owed by patient id, of the patient's part (DOMAIN §6)."""
    owed: dict[str, int] = defaultdict(int)
    for row in made.files["ledger"]:
        if row["part"] == "patient":
            owed[row["patient_id"]] += signed[row["kind"]] * parse_dollars(row["amount"])
    return owed


def people_with_a_story(made: GeneratedPractice) -> set[str]:
    """The cast, the families it brings, and ordinary patients with an everyday trouble."""
    cast = set(made.stories.values())
    payers = {row["guarantor_id"] for row in made.files["patients"] if row["patient_id"] in cast}
    return (cast | payers | set(made.troubles)) - {""}
