"""The days of the owner's overview counted straight from practice files, with plain loops (DOMAIN §0, §4, §8)."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.oracle.plans import judged, net, paused
from tests.oracle.reading import UNSURE, Clinic, Row, cents

BACK = ("returned", "voided", "refunded", "charged_back")


def receipts(clinic: Clinic) -> list[dict[str, Any]]:  # noqa: PLR0912  # one plain reading, top to bottom
    """Every dollar that came in once: patient, local day, cents (below 0: given back at the desk), visit, fixed."""
    files = clinic.files
    orders = {row["order_id"] for row in files["payments"] if row["order_id"]}
    found, taken, posted = [], set(), {}
    ledger = [row for row in files["ledger"] if row["part"] == "patient"]
    ledger.sort(key=lambda row: row["posted_on"])
    accepted = [
        row
        for row in files["payments"]
        if not row["refund_of"] and (row["status"] == "approved" or row["status"] in BACK)
    ]
    accepted.sort(key=lambda row: clinic.instant(row["happened_at"]))
    rest = []
    for payment in accepted:
        mine = [row for row in ledger if row["patient_id"] == payment["patient_id"]]
        same = [row for row in mine if row["kind"] == "payment" and row["order_id"] == payment["order_id"]]
        if payment["order_id"] and same:
            posted[payment["payment_id"]] = same[0]
            taken |= {row["entry_id"] for row in same}
        else:
            rest.append((payment, mine))
    for apart in (0, 1):
        for payment, mine in rest:
            for row in mine:
                if payment["payment_id"] in posted or row["entry_id"] in taken or row["kind"] != "payment":
                    continue
                between = date.fromisoformat(row["posted_on"]) - clinic.local_day(payment["happened_at"])
                if cents(row["amount"]) == cents(payment["amount"]) and abs(between.days) == apart:
                    posted[payment["payment_id"]] = row
                    taken.add(row["entry_id"])
    for payment in accepted:
        row = posted.get(payment["payment_id"], {})
        if net(clinic, payment):
            fixed = payment["plan_id"] or payment["membership_id"] or row.get("plan_id", "")
            day = clinic.local_day(payment["happened_at"])
            found.append(receipt(payment, day, net(clinic, payment), row.get("appointment_id", ""), fixed))
    back = [
        [row["patient_id"], cents(row["amount"])]
        for row in files["payments"]
        if row["refund_of"] or row["status"] in BACK
    ]
    for row in ledger:
        day, amount = date.fromisoformat(row["posted_on"]), cents(row["amount"])
        if row["entry_id"] in taken or row["order_id"] in orders:
            continue
        if row["kind"] == "payment":
            found.append(receipt(row, day, amount, row["appointment_id"], row["plan_id"]))
        elif row["kind"] == "refund" and [row["patient_id"], amount] in back:
            back.remove([row["patient_id"], amount])
        elif row["kind"] == "refund":
            found.append(receipt(row, day, -amount, row["appointment_id"], row["plan_id"]))
    return found


def receipt(row: Row, day: date, amount: int, visit: str, fixed: str) -> dict[str, Any]:
    return {"patient": row["patient_id"], "day": day, "cents": amount, "visit": visit, "fixed": bool(fixed)}


def due_at(clinic: Clinic, visit: Row) -> int:
    """What the patient was to pay at a visit that was done."""
    day = clinic.local_day(visit["starts_at"]).isoformat()
    due = 0
    for row in clinic.rows("ledger", appointment_id=visit["appointment_id"]):
        if row["part"] == "patient" and not row["plan_id"]:
            if row["kind"] == "charge":
                due += cents(row["amount"])
            elif row["kind"] == "adjustment" and row["posted_on"] <= day:
                due -= cents(row["amount"])
    return max(0, due)


def at_service(clinic: Clinic, received: list[dict[str, Any]]) -> dict[date, list[int]]:
    """Local day → cents due at the visits of that day, and of them collected that day (§8)."""
    sums: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])
    of_patient: defaultdict[tuple[str, date], list[dict[str, Any]]] = defaultdict(list)
    for one in received:
        if not one["fixed"] and one["cents"] > 0:
            of_patient[one["patient"], one["day"]].append(dict(one))
    visits = [row for row in clinic.files["appointments"] if row["status"] == "completed"]
    visits.sort(key=lambda row: clinic.instant(row["starts_at"]))
    left = {row["appointment_id"]: due_at(clinic, row) for row in visits}
    for tied in (True, False):
        for visit in visits:
            day = clinic.local_day(visit["starts_at"])
            for one in of_patient[visit["patient_id"], day]:
                if one["visit"] == visit["appointment_id"] if tied else not one["visit"]:
                    paid = min(one["cents"], left[visit["appointment_id"]])
                    one["cents"] -= paid
                    left[visit["appointment_id"]] -= paid
    for visit in visits:
        due = due_at(clinic, visit)
        if due:
            day = clinic.local_day(visit["starts_at"])
            sums[day][0] += due
            sums[day][1] += due - left[visit["appointment_id"]]
    return sums


def instalments_due(clinic: Clinic) -> dict[date, int]:
    """Local day → instalments that fell due, less what was waived; none in a pause or after an early end."""
    sums: defaultdict[date, int] = defaultdict(int)
    for plan in clinic.files["plans"]:
        for row in clinic.rows("instalments", plan_id=plan["plan_id"]):
            due = date.fromisoformat(row["due_date"])
            ended = plan["status"] == "cancelled" and plan["end_date"] and plan["end_date"] < row["due_date"]
            if due <= clinic.today and not paused(plan, due) and not ended:
                sums[due] += max(0, cents(row["amount"]) - cents(row["waived"]))
    return sums


def arrears_on(files: dict[str, list[Row]], clinic: Clinic, day: date) -> Any:
    """Cents in arrears by age at the end of a local day, of all plans that ran then; UNSURE when one of them is."""
    that_day = datetime.combine(day, time(23, 59), clinic.zone)
    tomorrow = day + timedelta(days=1)
    by_then = [row for row in files["payments"] if clinic.local_day(row["happened_at"]) < tomorrow]
    then = Clinic({**files, "payments": by_then}, that_day)
    sums: defaultdict[str, int] = defaultdict(int)
    for plan in files["plans"]:
        if plan["status"] == "cancelled" and (plan["end_date"] or "") < day.isoformat():
            continue
        aging = judged(then, {**plan, "status": "active"})["aging"]
        if not clinic.rows("instalments", plan_id=plan["plan_id"]):
            continue
        if aging is UNSURE:
            return UNSURE
        for age, amount in aging.items():
            sums[age] += amount
    return {age: amount for age, amount in sums.items() if amount}
