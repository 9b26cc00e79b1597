"""Membership drafts and visit charges of §3, and the balance of §6."""

from datetime import date, timedelta
from typing import Any

from tests.oracle.plans import failure, net, next_business_day, reason
from tests.oracle.reading import UNSURE, Clinic, Row, cents, day, months_later


def balance(clinic: Clinic, patient_id: str) -> dict[str, Any]:
    sums = {"patient": 0, "insurer": 0}
    for entry in clinic.rows("ledger", patient_id=patient_id):
        raises = entry["kind"] in ("charge", "refund")
        sums[entry["part"]] += cents(entry["amount"]) if raises else -cents(entry["amount"])
    return {
        "patient_owes_cents": sums["patient"],
        "insurance_pending_cents": sums["insurer"] if sums["insurer"] >= 0 else UNSURE,
        "credit_cents": max(0, -sums["patient"]),
    }


def draft_days(clinic: Clinic, membership: Row, plan: Row) -> list[date]:
    """First days of the periods inside the term, outside a freeze, before today."""
    start, end = day(membership["start_date"]), day(membership["end_date"])
    assert start is not None
    anchor = int(membership["anchor_day"]) if plan["period"] == "anchor" else 1
    found = []
    for count in range(400):
        first = months_later(start, count, anchor)
        if first >= clinic.today or (end is not None and first > end):
            break
        if first >= start and not frozen(membership, first):
            found.append(first)
    return found


def frozen(membership: Row, when: date) -> bool:
    first, last = day(membership["frozen_from"]), day(membership["frozen_to"])
    return first is not None and first <= when and (last is None or when <= last)


def missing_drafts(clinic: Clinic, membership: Row) -> Any:
    """Membership drafts that are open by id; UNSURE where the files do not spell out what was due."""
    plan = clinic.one("membership_plans", membership_plan_id=membership["membership_plan_id"])
    assert plan is not None
    if membership["status"] in ("paused", "cancelled"):
        return UNSURE
    payments = [
        row
        for row in clinic.rows("payments", membership_id=membership["membership_id"])
        if not row["refund_of"]
    ]
    drafts = draft_days(clinic, membership, plan)
    price = cents(plan["price"])
    start = day(membership["start_date"])
    runs = [
        row["next_run_on"] for row in clinic.rows("recurrings", membership_id=membership["membership_id"])
    ]
    anchor = int(membership["anchor_day"]) if plan["period"] == "anchor" else 1
    for planned in (day(text) for text in (membership["next_draft_on"], *runs)):
        if planned is not None and planned != months_later(planned, 0, anchor):
            return UNSURE  # the billing day was moved: which days it was before is not said
    if start != months_later(start, 0, anchor):
        return UNSURE  # began inside a period: what was due for the rest of it is not said
    if any(cents(row["amount"]) != price for row in payments):
        return UNSURE  # a part, or another price back then: the files do not say
    owners = [owner(clinic, row, drafts) for row in payments]
    if None in owners or (drafts and drafts[0] not in owners):
        return UNSURE  # from when on drafts are due is not said
    loose = sum(net(clinic, row) for row in payments)
    found: dict[str, dict[str, Any]] = {}
    failed_elsewhere = False
    for due in drafts:
        part = max(0, min(loose, price))
        loose -= part
        words = [failure(clinic, row) for row, own in zip(payments, owners, strict=True) if own == due]
        if part == price:
            failed_elsewhere = failed_elsewhere or any(words)
            continue
        if clinic.today <= next_business_day(due) and not any(words):
            if words or part:
                return UNSURE  # as with instalments: whether that was a try
            continue
        found[f"{membership['membership_id']}:{due}"] = {
            "kind": "membership",
            "due_on": due.isoformat(),
            "open_cents": price - part,
            "reason": reason(words, part > 0),
            "pending": any(row["status"] == "pending" for row in payments),
        }
    if failed_elsewhere:
        for item in found.values():
            item["reason"] = UNSURE
    return found


def owner(clinic: Clinic, payment: Row, drafts: list[date]) -> date | None:
    """The draft a payment is for: the last one due by then; None when it may be for another."""
    when = clinic.local_day(payment["happened_at"])
    if any(0 < (due - when).days <= 5 for due in drafts):
        return None
    fallen = [due for due in drafts if due <= when]
    return fallen[-1] if fallen else None


def missing_visits(clinic: Clinic, patient_id: str) -> Any:
    """Visit charges of the patient's part that are open by entry id; UNSURE where loose money may pay for them."""
    entries = [row for row in clinic.rows("ledger", patient_id=patient_id) if row["part"] == "patient"]
    loose_money = any(
        not row["appointment_id"] and not row["plan_id"] and row["kind"] != "charge" for row in entries
    )
    posted = {row["order_id"] for row in clinic.rows("ledger", patient_id=patient_id)}
    for payment in clinic.rows("payments", patient_id=patient_id):
        tied = payment["plan_id"] or payment["instalment_id"] or payment["membership_id"]
        if not tied and payment["order_id"] not in posted:
            loose_money = True  # accepted, not posted
    found: dict[str, dict[str, Any]] = {}
    visits = {row["appointment_id"] for row in entries if row["appointment_id"]}
    for visit in sorted(visits):
        rows = [row for row in entries if row["appointment_id"] == visit]
        charges = [row for row in rows if row["kind"] == "charge"]
        raised = [row for row in rows if row["kind"] == "refund" or row["amount"].startswith("-")]
        if len(charges) != 1 or raised:
            return UNSURE  # which of the rows is the item is not said
        owed = cents(charges[0]["amount"])
        for row in rows:
            if row["kind"] in ("payment", "adjustment"):
                owed -= cents(row["amount"])
        due = date.fromisoformat(charges[0]["posted_on"])
        if owed < 0:
            return UNSURE  # too much for one visit: whether it pays another is not said
        if owed == 0 or due >= clinic.today:
            continue
        if clinic.today <= next_business_day(due):
            if len(rows) > 1:
                return UNSURE  # whether a part paid at the visit counts as tried is not said
            continue
        found[charges[0]["entry_id"]] = {
            "kind": "visit",
            "due_on": charges[0]["posted_on"],
            "open_cents": owed,
            "reason": UNSURE,
            "pending": False,
        }
    return UNSURE if found and loose_money else found


def accepted_not_posted(clinic: Clinic, patient_id: str) -> Any:
    """Whether the processor took money, over an hour ago, that no ledger row shows (§3)."""
    found: Any = False
    for payment in clinic.rows("payments", patient_id=patient_id):
        when = clinic.instant(payment["happened_at"])
        if (
            payment["status"] != "approved"
            or payment["refund_of"]
            or payment["method"] not in ("card", "bank")
        ):
            continue
        shown = posted(clinic, payment)
        if when + timedelta(minutes=60) >= clinic.as_of or shown is True:
            continue
        refunded = clinic.rows("payments", refund_of=payment["payment_id"])
        if not (refunded or shown is UNSURE or (clinic.as_of - when).days > 20):
            return True
        found = UNSURE
    for membership in clinic.rows("memberships", patient_id=patient_id):
        for payment in clinic.rows("payments", membership_id=membership["membership_id"]):
            if payment["patient_id"] != patient_id and posted(clinic, payment) is not True:
                found = UNSURE  # somebody else's card: at whom it is shown is not said
    return found


def posted(clinic: Clinic, payment: Row) -> Any:
    """Whether a ledger row shows the payment; UNSURE where the only one like it is another payment's."""
    if payment["order_id"] and clinic.rows("ledger", order_id=payment["order_id"]):
        return True
    when = clinic.local_day(payment["happened_at"])
    found: Any = False
    for entry in clinic.rows("ledger", patient_id=payment["patient_id"]):
        alike = entry["kind"] == "payment" and entry["amount"] == payment["amount"]
        if alike and abs((date.fromisoformat(entry["posted_on"]) - when).days) <= 1:
            others = entry["order_id"] and clinic.rows("payments", order_id=entry["order_id"])
            found = True if found is True or not others else UNSURE
    return found
