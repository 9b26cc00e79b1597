"""DOMAIN §3 of money that stands only in the ledger without a plan: what it may have paid, and that nothing is asked for it."""

from datetime import date
from typing import Any

from tests.oracle.reading import UNSURE, Clinic, Row, cents


def add_what_must_not_be_asked(
    clinic: Clinic, patient_id: str, found: dict[str, Any], own: list[Row]
) -> dict[str, Any]:
    """Each missing item with `not_asked`: why nothing may be asked for it ("disputed", "maybe paid"), None where nothing
    stands against it that this reading knows of, UNSURE where it may."""
    rows = loose_money(clinic, patient_id)
    dues = due_items(clinic, found, own)
    for kind, items in found["missing"].items():
        if items is UNSURE:
            continue
        for key, item in items.items():
            item["not_asked"] = "disputed" if item["reason"] == "CHARGEBACK" else None
            if kind != "visit" and item["not_asked"] is None:
                item["not_asked"] = maybe_paid(key, item, rows, dues)
    return found


def maybe_paid(key: str, item: dict[str, Any], rows: Any, dues: list[tuple[str, date, int]]) -> Any:
    if rows is UNSURE:
        return UNSURE
    amounts = {item["open_cents"], *(amount for name, _, amount in dues if name == key)}
    due = date.fromisoformat(item["due_on"])
    near = [row for row in rows if cents(row["amount"]) in amounts and around(row, due)]
    if not near:
        return None
    rivals = [name for name, when, _ in dues if name != key and any(around(row, when) for row in near)]
    return UNSURE if rivals else "maybe paid"


def around(row: Row, due: date) -> bool:
    return -3 <= (date.fromisoformat(row["posted_on"]) - due).days <= 10


def due_items(clinic: Clinic, found: dict[str, Any], own: list[Row]) -> list[tuple[str, date, int]]:
    """Everything this patient pays that a row could have paid: instalments of their plans, missing drafts."""
    items = [
        (row["instalment_id"], date.fromisoformat(row["due_date"]), cents(row["amount"]))
        for plan in own
        for row in clinic.rows("instalments", plan_id=plan["plan_id"])
    ]
    drafts = found["missing"]["membership"]
    if drafts is not UNSURE:
        items += [(key, date.fromisoformat(one["due_on"]), one["open_cents"]) for key, one in drafts.items()]
    return items


def loose_money(clinic: Clinic, patient_id: str) -> Any:
    """Ledger payments without plan and visit that no payment explains; UNSURE where some money was taken back, or a
    payment of somebody else may explain one."""
    found = []
    for row in clinic.rows("ledger", patient_id=patient_id):
        if row["part"] != "patient" or date.fromisoformat(row["posted_on"]) > clinic.today or row["plan_id"]:
            continue
        if row["kind"] == "refund" or row["amount"].startswith("-"):
            return UNSURE
        if row["kind"] != "payment" or (
            row["order_id"] and clinic.rows("payments", order_id=row["order_id"])
        ):
            continue
        if row["appointment_id"]:
            return UNSURE  # money of a visit, of which nobody says whether it may pay something else
        day = date.fromisoformat(row["posted_on"])
        alike = [
            one
            for one in clinic.rows("payments", amount=row["amount"])
            if abs((clinic.local_day(one["happened_at"]) - day).days) <= 1
        ]
        if alike:
            return UNSURE
        found.append(row)
    return found
