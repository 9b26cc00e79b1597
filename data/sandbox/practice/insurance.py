"""Coverages as the EHR last checked them (DOMAIN §7)."""

from datetime import date

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Row
from data.sandbox.practice.names import PAYERS


def self_pay(book: Book, person: Person) -> Row:
    return book.row(
        "coverages", coverage_id=book.next_id("CV"), patient_id=person.id, kind="self_pay", rank="1"
    )


def insure(book: Book, person: Person, copay: str = "25.00", **changes: str) -> Row:
    """A commercial policy in order: checked lately in this plan year, deductible met, covers the visit.

    `changes` overwrite cells: a story names the one thing that is wrong.
    """
    rng = book.rng
    new_year = date(book.today.year, 1, 1)
    checked = max(new_year, book.ago(rng.randint(1, 21)))
    medicare = (book.today - person.born).days > 66 * 365
    cells = {
        "payer": "Medicare" if medicare else rng.choice(PAYERS),
        "kind": "medicare" if medicare else "commercial",
        "rank": "1",
        "active_from": days.text(new_year),
        "checked_on": days.text(checked),
        "eligible": "true",
        "copay": copay,
        "coinsurance_percent": "0",
        "deductible": "500.00",
        "deductible_met": "500.00",
        "out_of_pocket_max": "4000.00",
        "out_of_pocket_met": f"{rng.randint(600, 2400)}.00",
        "authorisation_required": "false",
    }
    cells.update(changes)
    if cells.get("active_to", "9") < cells["active_from"]:  # ended before this plan year began
        cells["active_from"] = f"{cells['active_to'][:4]}-01-01"
    return book.row("coverages", coverage_id=book.next_id("CV"), patient_id=person.id, **cells)


def insure_case(book: Book, person: Person, kind: str, **changes: str) -> Row:
    """An accident or work injury case: no copay, the case pays (auto, injury, workers_comp)."""
    number = book.next_id("CASE", 3)
    cells = {
        "payer": {
            "auto": "Motorists Example Mutual",
            "injury": "Example Law Office",
            "workers_comp": "State Fund",
        }[kind],
        "kind": kind,
        "rank": "1",
        "active_from": days.text(book.ago(70)),
        "checked_on": days.text(max(date(book.today.year, 1, 1), book.ago(9))),
        "eligible": "true",
        "authorisation_required": "false",
    }
    cells["payer"] += f" ({number})"
    cells.update(changes)
    return book.row("coverages", coverage_id=book.next_id("CV"), patient_id=person.id, **cells)
