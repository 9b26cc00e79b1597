"""DOMAIN §4 and the instalments of §3, straight from the definitions."""

from datetime import date, timedelta
from typing import Any

from tests.oracle.reading import UNSURE, Clinic, Row, cents, day

RANKED = ("CHARGEBACK", "RETURNED", "REVERSED", "DECLINED_HARD", "DECLINED_SOFT")
HARD = (
    "1622",
    "1606",
    "1607",
    "1631",
    "1604",
    "1625",
)  # expired, lost, stolen, closed, pick up, not permitted
SOFT = ("1616",)  # funds


def net(clinic: Clinic, payment: Row) -> int:
    """Accepted − refunded − returned − charged back (§0): what is left of one payment. A surcharge is no payment, and a
    refund gives it back with the rest, each in its share (§3)."""
    if payment["refund_of"] or payment["status"] != "approved":
        return 0
    whole, fee = cents(payment["amount"]), cents(payment["surcharge"])
    left = whole - fee
    for other in clinic.rows("payments", refund_of=payment["payment_id"]):
        if other["status"] == "approved":
            back = cents(other["amount"])
            share = (
                back
                if back == whole - fee
                else (2 * back * (whole - fee) + whole) // (2 * whole)
                if whole
                else 0
            )
            left -= back - cents(other["surcharge"]) if other["surcharge"] else share
    return max(0, left) if fee else left


def failure(clinic: Clinic, payment: Row) -> Any:
    """The word of §3 for a payment that did not stay, None for one that did, UNSURE for a code §3 does not name."""
    if payment["status"] == "declined":
        if payment["reason_code"] in HARD:
            return "DECLINED_HARD"
        return "DECLINED_SOFT" if payment["reason_code"] in SOFT else UNSURE
    words = {
        "charged_back": "CHARGEBACK",
        "returned": "RETURNED",
        "voided": "REVERSED",
        "refunded": "REVERSED",
    }
    if payment["status"] in words:
        return words[payment["status"]]
    refunded = clinic.rows("payments", refund_of=payment["payment_id"], status="approved")
    return "REVERSED" if refunded else None


def paused(plan: Row, due: date) -> bool:
    if not plan["paused_from"]:
        return False
    first, last = day(plan["paused_from"]), day(plan["paused_to"])
    assert first is not None
    return first <= due and (last is None or due <= last)


def next_business_day(start: date) -> date:
    following = start + timedelta(days=1)
    while following.weekday() > 4:
        following += timedelta(days=1)
    return following


def payments_of(clinic: Clinic, plan: Row, ids: list[str]) -> list[Row]:
    return [
        payment
        for payment in clinic.files["payments"]
        if not payment["refund_of"]
        and (payment["instalment_id"] in ids or (payment["plan_id"] == plan["plan_id"]))
    ]


def desk_money(clinic: Clinic, plan: Row) -> Any:
    """Ledger payments with the plan's id that no payment explains (order id, or patient + amount within a day): as
    payments of it. UNSURE where money of the ledger was taken back, or a row may be another contract's payment."""
    found: list[Row] = []
    used: list[str] = []
    for entry in sorted(clinic.rows("ledger", plan_id=plan["plan_id"]), key=lambda row: row["posted_on"]):
        if entry["part"] != "patient" or date.fromisoformat(entry["posted_on"]) > clinic.today:
            continue
        known = clinic.rows("payments", order_id=entry["order_id"]) if entry["order_id"] else []
        if entry["kind"] == "refund" or (entry["kind"] == "adjustment" and entry["amount"].startswith("-")):
            return UNSURE
        if entry["kind"] != "payment" or any(row["plan_id"] == plan["plan_id"] for row in known):
            continue
        alike = [row for row in clinic.rows("payments", amount=entry["amount"]) if near(clinic, row, entry)]
        if known or any(row["plan_id"] != plan["plan_id"] or row["status"] != "approved" for row in alike):
            return UNSURE  # that payment says of itself what it is for, or did not stay
        mine = [row for row in alike if row["payment_id"] not in used and not posted_by_order(clinic, row)]
        if mine:
            used.append(mine[0]["payment_id"])
            continue
        found.append(
            {
                **dict.fromkeys(clinic.files["payments"][0], ""),
                "payment_id": f"desk {entry['entry_id']}",
                "patient_id": entry["patient_id"],
                "plan_id": plan["plan_id"],
                "happened_at": f"{entry['posted_on']}T12:00",
                "amount": entry["amount"],
                "status": "approved",
            }
        )
    return found


def near(clinic: Clinic, payment: Row, entry: Row) -> bool:
    """Whether a payment has the ledger row's patient (or is on its plan) and lies within a day of it."""
    days = (date.fromisoformat(entry["posted_on"]) - clinic.local_day(payment["happened_at"])).days
    same = payment["patient_id"] == entry["patient_id"] or payment["plan_id"] == entry["plan_id"]
    return same and not payment["refund_of"] and abs(days) <= 1


def posted_by_order(clinic: Clinic, payment: Row) -> bool:
    return bool(payment["order_id"] and clinic.rows("ledger", order_id=payment["order_id"]))


def judged(clinic: Clinic, plan: Row) -> dict[str, Any]:
    """Everything §4 says about one plan, and its missing instalments."""
    instalments = clinic.rows("instalments", plan_id=plan["plan_id"])
    instalments.sort(key=lambda row: (row["due_date"], row["instalment_id"]))
    ids = [row["instalment_id"] for row in instalments]
    desk = desk_money(clinic, plan)
    payments = payments_of(clinic, plan, ids) + (desk if desk is not UNSURE else [])
    allocated = allocate(clinic, plan, instalments, payments)
    opened: dict[str, int] = {}
    for row in instalments:
        owed = cents(row["amount"]) - cents(row["waived"]) - allocated[row["instalment_id"]]
        opened[row["instalment_id"]] = max(0, owed)

    expected, waived, arrears, missed, days_past_due = 0, 0, 0, 0, 0
    aging = {"d1_30": 0, "d31_60": 0, "d61_90": 0, "over_90": 0}
    for row in instalments:
        due, still_open = date.fromisoformat(row["due_date"]), opened[row["instalment_id"]]
        waived += cents(row["waived"])
        if due >= clinic.today or paused(plan, due):
            continue
        expected += cents(row["amount"])
        if still_open:
            late = (clinic.today - due).days
            arrears += still_open
            missed += 1
            days_past_due = max(days_past_due, late)
            bucket = (
                "d1_30" if late <= 30 else "d31_60" if late <= 60 else "d61_90" if late <= 90 else "over_90"
            )
            aging[bucket] += still_open
    paid = sum(net(clinic, payment) for payment in payments)
    found: dict[str, Any] = {
        "plan_id": plan["plan_id"],
        "expected_cents": expected,
        "paid_cents": paid,
        "arrears_cents": arrears,
        "days_past_due": days_past_due,
        "missed_count": missed,
        "aging": aging,
        "remaining_cents": cents(plan["total"]) - waived - paid,
        "missing": missing(clinic, plan, instalments, opened, payments),
    }
    if desk is UNSURE:
        for name in found:
            if name not in ("plan_id", "expected_cents"):
                found[name] = UNSURE
    if plan["status"] == "cancelled":  # SETTLEMENT: frozen until a person decides
        for name in found:
            if name not in ("plan_id", "paid_cents"):
                found[name] = UNSURE
    return found


def allocate(clinic: Clinic, plan: Row, instalments: list[Row], payments: list[Row]) -> dict[str, int]:
    """By its own link first, otherwise oldest due first; what is not due because of a pause comes last (§3, §4)."""
    given = {row["instalment_id"]: 0 for row in instalments}
    room = {row["instalment_id"]: cents(row["amount"]) - cents(row["waived"]) for row in instalments}
    loose = 0
    for payment in payments:
        left = net(clinic, payment)
        target = payment["instalment_id"]
        if target in given:
            part = max(0, min(left, room[target] - given[target]))
            given[target] += part
            left -= part
        loose += left
    in_order = [row for row in instalments if not paused(plan, date.fromisoformat(row["due_date"]))]
    in_order += [row for row in instalments if paused(plan, date.fromisoformat(row["due_date"]))]
    for row in in_order:
        target = row["instalment_id"]
        part = max(0, min(loose, room[target] - given[target]))
        given[target] += part
        loose -= part
    return given


def missing(
    clinic: Clinic, plan: Row, instalments: list[Row], opened: dict[str, int], payments: list[Row]
) -> Any:
    """Items of §3 by id: due_on, open_cents, reason. `maybe` = whether it is missing already depends on the grace."""
    found: dict[str, dict[str, Any]] = {}
    failed_elsewhere = False
    for row in instalments:
        due = date.fromisoformat(row["due_date"])
        still_open = opened[row["instalment_id"]]
        mine = [p for p in payments if belongs(clinic, p, row, instalments)]
        words = [failure(clinic, payment) for payment in mine]
        if not still_open or due >= clinic.today or paused(plan, due):
            failed_elsewhere = failed_elsewhere or any(word is not None for word in words)
            continue
        part = still_open < cents(row["amount"]) - cents(row["waived"])
        if clinic.today <= next_business_day(due) and not any(words):
            troubled = [p for p in payments if p["status"] == "pending" or failure(clinic, p)]
            if mine or part or troubled:
                return UNSURE  # whether that money, or a failure of another day, counts as tried here
            continue
        found[row["instalment_id"]] = {
            "kind": "instalment",
            "due_on": row["due_date"],
            "open_cents": still_open,
            "reason": reason(words, part),
            "pending": any(payment["status"] == "pending" for payment in payments),
        }
    early = [p for p in payments if not p["instalment_id"] and near_due(clinic, p, instalments)]
    if failed_elsewhere or early:
        for item in found.values():
            item["reason"] = UNSURE
    return found


def belongs(clinic: Clinic, payment: Row, instalment: Row, instalments: list[Row]) -> bool:
    """Its own link; without one the instalment that fell due last before the payment (the first when none had)."""
    if payment["instalment_id"]:
        return payment["instalment_id"] == instalment["instalment_id"]
    when = clinic.local_day(payment["happened_at"])
    fallen = [row for row in instalments if date.fromisoformat(row["due_date"]) <= when]
    latest = fallen[-1] if fallen else instalments[0]
    return latest["instalment_id"] == instalment["instalment_id"]


def near_due(clinic: Clinic, payment: Row, instalments: list[Row]) -> bool:
    """A payment shortly before a due date may be for either side of it."""
    when = clinic.local_day(payment["happened_at"])
    return any(0 < (date.fromisoformat(row["due_date"]) - when).days <= 5 for row in instalments)


def reason(words: list[Any], partly_paid: bool) -> Any:
    if UNSURE in words:
        return UNSURE
    for word in RANKED:
        if word in words:
            return word
    return "PARTIAL" if partly_paid else "NOT_ATTEMPTED"
