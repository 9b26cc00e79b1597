"""Membership drafts and visit charges of §3, and the balance of §6."""

from datetime import date, timedelta
from typing import Any

from tests.oracle.plans import failure, net, next_business_day, reason
from tests.oracle.reading import UNSURE, Clinic, Row, cents, day, month_end, months_later, run_day


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


def draft_days(clinic: Clinic, membership: Row, plan: Row, *, resting: bool = False) -> Any:
    """The days before today on which it is drafted (§3): in step with the processor's next run, else by the plan's own
    billing; all of the term, none in a freeze. UNSURE where more than one draft, or one that rests or ended, may count.
    resting: those in a freeze or after the end instead."""
    start, end = day(membership["start_date"]), day(membership["end_date"])
    assert start is not None
    recurrings = clinic.rows("recurrings", membership_id=membership["membership_id"])
    if len(recurrings) > 1 or any(row["status"] != "active" for row in recurrings):
        return UNSURE
    if recurrings:
        every, unit = int(recurrings[0]["interval"]), recurrings[0]["interval_unit"]
        known = day(recurrings[0]["next_run_on"])
    else:
        every, unit = int(plan["billing_every"] or 1), plan["billing_unit"] or "month"
        known = day(membership["next_draft_on"])
    if known is None or not every or plan["period"] == "package":
        return UNSURE
    wanted = known.day
    if plan["period"] == "anchor" and membership["anchor_day"]:
        anchor = int(membership["anchor_day"])
        wanted = anchor if months_later(known, 0, anchor) == known else known.day
    elif known == month_end(
        known
    ):  # the 30th of April may stand for the 31st: the payments of other months tell
        paid_on = [
            clinic.local_day(row["happened_at"])
            for row in clinic.rows("payments", membership_id=membership["membership_id"])
        ]
        wanted = max([known.day, *(when.day for when in paid_on if when == month_end(when))])
    found = []
    for count in range(-1200, 400):
        when = run_day(known, count, every, unit, wanted)
        rests = frozen(membership, when) or (end is not None and when > end)
        if start <= when < clinic.today and rests is resting:
            found.append(when)
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
    payments.sort(key=lambda row: (clinic.instant(row["happened_at"]), row["payment_id"]))
    if plan["period"] == "package":
        return package(clinic, membership, plan, payments)
    drafts = draft_days(clinic, membership, plan)
    if drafts is UNSURE or unlike(clinic, membership, plan, payments, drafts):
        return UNSURE
    recurring = clinic.one("recurrings", membership_id=membership["membership_id"])
    price = cents(recurring["amount"] if recurring else plan["price"])
    settled: dict[date, Row] = {}
    tried: dict[date, list[Row]] = {due: [] for due in drafts}
    loose: list[Row] = []
    for payment in payments:
        due = owner(clinic, payment, drafts)
        if due is None:
            return UNSURE
        failed_before = any(row["status"] in ("declined", "returned") for row in tried[due])
        on_its_day = clinic.local_day(payment["happened_at"]) == due and payment["method"] not in (
            "cash",
            "check",
        )
        by_itself = bool(payment["recurring_id"]) or (on_its_day and not failed_before)
        tried[due].append(payment)
        if payment["status"] == "approved" and by_itself:
            if due in settled:
                return UNSURE  # two runs for one draft: which of them is for another is not said
            settled[due] = payment
        elif payment["status"] == "approved":
            loose.append(payment)
        elif paid_part(payment) < price and by_itself:
            return UNSURE  # what is owed of a lower draft that failed is not said
    return open_drafts(clinic, membership, price, tried, settled, loose)


def package(clinic: Clinic, membership: Row, plan: Row, payments: list[Row]) -> Any:
    """Its price is due once, when it starts; whatever came of it is a part of that."""
    due, paid = date.fromisoformat(membership["start_date"]), sum(net(clinic, row) for row in payments)
    price = cents(plan["price"])
    troubled = any(row["status"] != "approved" or failure(clinic, row) for row in payments)
    if troubled or clinic.rows("recurrings", membership_id=membership["membership_id"]):
        return UNSURE
    if due >= clinic.today or paid >= price:
        return {}
    if clinic.today <= next_business_day(due):
        return UNSURE if paid else {}
    return {
        f"{membership['membership_id']}:{due}": {
            "kind": "membership",
            "due_on": due.isoformat(),
            "open_cents": price - paid,
            "reason": reason([], paid > 0),
            "pending": False,
        }
    }


def open_drafts(
    clinic: Clinic,
    membership: Row,
    price: int,
    tried: dict[date, list[Row]],
    settled: dict[date, Row],
    loose: list[Row],
) -> Any:
    """A draft's own payment settles it, whatever its amount, and pays nothing else; other money the oldest due first."""
    money = sum(net(clinic, row) for row in loose)
    found: dict[str, dict[str, Any]] = {}
    failed_elsewhere = False
    for due, rows in tried.items():
        owed, part = price, 0
        if due in settled:
            owed = min(price, paid_part(settled[due]))
            part = min(owed, net(clinic, settled[due]))
        more = min(money, owed - part)
        money, part = money - more, part + more
        words = [failure(clinic, row) for row in rows]
        if part == owed:
            failed_elsewhere = failed_elsewhere or any(words)
            continue
        if clinic.today <= next_business_day(due) and not any(words):
            if words or part:
                return UNSURE  # as with instalments: whether that was a try
            continue
        found[f"{membership['membership_id']}:{due}"] = {
            "kind": "membership",
            "due_on": due.isoformat(),
            "open_cents": owed - part,
            "reason": reason(words, part > 0),
            "pending": any(row["status"] == "pending" for rows in tried.values() for row in rows),
        }
    if failed_elsewhere:
        for item in found.values():
            item["reason"] = UNSURE
    return found


def unlike(clinic: Clinic, membership: Row, plan: Row, payments: list[Row], drafts: list[date]) -> bool:
    """Whether §3 leaves open which drafts were due: a moved day, a start inside a period, no first payment."""
    start = day(membership["start_date"])
    assert start is not None
    runs = [
        row["next_run_on"] for row in clinic.rows("recurrings", membership_id=membership["membership_id"])
    ]
    if runs and membership["next_draft_on"] not in ("", *runs):
        return True  # the billing day was moved, or it is tried again
    if drafts and (not payments or not start == drafts[0] == clinic.local_day(payments[0]["happened_at"])):
        return True  # it began inside a period, or its billing day was moved: which days it was before is not said
    owners = [owner(clinic, row, drafts) for row in payments]
    if None in owners or (drafts and drafts[0] not in owners):
        return True  # from when on drafts are due is not said
    resting = draft_days(clinic, membership, plan, resting=True)
    if any(clinic.local_day(row["happened_at"]) in resting for row in payments):
        return True  # money drafted in a freeze or after the end: whether it pays an earlier debt is not said
    first = months_later(drafts[0], -1, 1) if drafts else clinic.today
    return any(clinic.local_day(row["happened_at"]) < first for row in payments)


def paid_part(payment: Row) -> int:
    """What of a payment pays: a surcharge is no payment (§3)."""
    return cents(payment["amount"]) - cents(payment["surcharge"])


def owner(clinic: Clinic, payment: Row, drafts: list[date]) -> date | None:
    """The draft a payment is for: the last one due by then; None when it may be for another."""
    when = clinic.local_day(payment["happened_at"])
    if any(0 < (due - when).days <= 5 for due in drafts) and when not in drafts:
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
            or not cents(payment["amount"])
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
