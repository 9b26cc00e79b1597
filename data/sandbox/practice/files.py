"""Practice files on disk, and a practice without a processor: its cards and payments as files too (CONTRACTS §3)."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from data.sandbox.practice.book import Record, Row, money
from data.sandbox.practice.columns import COLUMNS
from data.sandbox.practice.contacts import Link
from data.sandbox.practice.generated import GeneratedPractice
from data.sandbox.practice.processor import REFUND
from data.sandbox.practice.tokens import UPDATER_CLOSED, UPDATER_UPDATED

BRANDS = {"visa": "Visa", "mc": "Mastercard", "amex": "American Express", "disc": "Discover"}
UNITS = {"d": "day", "w": "week", "m": "month"}
STATUS = {
    101: "approved",
    131: "pending",
    132: "pending",
    133: "pending",
    134: "approved",
    201: "voided",
    301: "declined",
}


def write_files(files: Mapping[str, list[Row]], folder: Path) -> None:
    """One CSV a file name, UTF-8, LF, header row, columns and rows in a stable order."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, COLUMNS[name], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def whole_files(practice: GeneratedPractice) -> dict[str, list[Row]]:
    """The practice entirely as files: as if a person had confirmed every proposed link.

    What belongs to a contact nobody can link is left out: a file has no way to say whose it might be.
    """
    files = dict(practice.files)
    known = {id_: owner for id_, owner in practice.owners.items() if practice.links[id_] != Link.UNLINKED}
    files["cards"] = [
        _card(token, known) for token in practice.fortis["tokens"] if token["contact_id"] in known
    ]
    files["recurrings"] = [
        _recurring(recurring, practice, known)
        for recurring in practice.fortis["recurrings"]
        if recurring["contact_id"] in known
    ]
    sales = {t["order_number"]: t["id"] for t in practice.fortis["transactions"] if t["type_id"] != REFUND}
    files["payments"] = files["payments"] + [
        _payment(taken, practice, known, sales)
        for taken in practice.fortis["transactions"]
        if taken["contact_id"] in known
    ]
    return files


def _row(file: str, **cells: str) -> Row:
    return {**dict.fromkeys(COLUMNS[file], ""), **cells}


def _card(token: Record, known: Mapping[str, str]) -> Row:
    exp = token["exp_date"] or ""
    updater = {UPDATER_UPDATED: "updated", UPDATER_CLOSED: "closed"}.get(
        token["cau_summary_status_id"], "none"
    )
    return _row(
        "cards",
        card_id=token["id"],
        patient_id=known[token["contact_id"]],
        kind="bank" if token["payment_method"] == "ach" else "card",
        brand=BRANDS.get(token["account_type"]) or token["account_type"],
        last_four=token["last_four"],
        expiry=f"{exp[:2]}/{exp[2:]}" if exp else "",
        is_default="true" if token["has_recurring"] else "false",
        active="true" if token["active"] else "false",
        updater=updater,
    )


def _recurring(recurring: Record, practice: GeneratedPractice, known: Mapping[str, str]) -> Row:
    return _row(
        "recurrings",
        recurring_id=recurring["id"],
        patient_id=known[recurring["contact_id"]],
        card_id=recurring["token_id"],
        **_paid_for(practice, recurring["id"]),
        amount=money(recurring["transaction_amount"]),
        interval=str(recurring["interval"]),
        interval_unit=UNITS[recurring["interval_type"]],
        next_run_on=recurring["next_run_date"],
        status=recurring["status"].replace(" ", "_"),
    )


def _paid_for(practice: GeneratedPractice, recurring_id: str | None) -> dict[str, str]:
    target = practice.pays_for.get(recurring_id or "", "")
    return {
        "plan_id": target if target.startswith("PL") else "",
        "membership_id": target if target.startswith("M") else "",
    }


def _payment(
    taken: Record, practice: GeneratedPractice, known: Mapping[str, str], sales: Mapping[str, str]
) -> Row:
    declined = taken["status_code"] == 301
    return _row(
        "payments",
        payment_id=taken["id"],
        patient_id=known[taken["contact_id"]],
        **_paid_for(practice, taken["recurring_id"]),
        happened_at=datetime.fromtimestamp(taken["created_ts"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        amount=money(taken["transaction_amount"]),
        status=_status(taken),
        reason_code=str(taken["reason_code_id"]) if declined or taken.get("return_date") else "",
        refund_of=sales[taken["order_number"]] if taken["type_id"] == REFUND else "",
        order_id=taken["order_number"],
        method="bank" if taken["payment_method"] == "ach" else "card",
        recurring_id=taken["recurring_id"] or "",
        surcharge=money(taken["surcharge_amount"]) if taken.get("surcharge_amount") else "",
    )


def _status(taken: Record) -> str:
    if taken["type_id"] == REFUND:
        return "approved"
    if taken.get("return_date"):
        return "returned"
    if taken.get("charge_back_date") or taken["status_code"] == 331:
        return "charged_back"
    return STATUS[taken["status_code"]]
