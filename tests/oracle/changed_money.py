"""What is due, what was paid, and money taken at the desk, otherwise than it was generated."""

from datetime import date, timedelta
from random import Random

from tests.oracle.changing import dollars, moved, new, some
from tests.oracle.reading import Row


def instalments_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for row in some(files["instalments"], rng, 0.04):
        row["due_date"] = moved(row["due_date"], rng, 40)
    for row in some(files["instalments"], rng, 0.05):
        row["amount"] = dollars(rng.randint(100, 40000))
    for row in some(files["instalments"], rng, 0.05):
        row["waived"] = rng.choice((row["amount"], dollars(rng.randint(0, 10000))))
        row["waived"] = min(row["waived"], row["amount"], key=float)
    for row in some(files["plans"], rng, 0.3):
        mine = [
            i
            for i in files["instalments"]
            if i["plan_id"] == row["plan_id"] and i["due_date"] < today.isoformat()
        ]
        if mine:
            rng.choice(mine[-3:])["due_date"] = (
                today - timedelta(days=rng.choice((0, 1, 2, 3, 30, 31, 60, 61, 90, 91)))
            ).isoformat()


def plans_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for row in some(files["plans"], rng, 0.12):
        start = today - timedelta(days=rng.randint(0, 120))
        row["paused_from"] = start.isoformat()
        row["paused_to"] = rng.choice(("", (start + timedelta(days=rng.randint(0, 90))).isoformat()))
    for row in some(files["plans"], rng, 0.1):
        row["total"] = dollars(rng.randint(100_000, 400_000))
    for row in some(files["plans"], rng, 0.08):
        row["status"] = "completed"
    for row in some(files["plans"], rng, 0.08):
        row["payer_id"] = rng.choice(files["patients"])["patient_id"]
        if row["payer_id"] == row["patient_id"]:
            row["payer_id"] = ""


def payments_fail_and_come_back(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    tied = [row for row in files["payments"] if row["plan_id"] or row["membership_id"]]
    for row in some(tied, rng, 0.05):
        row["status"] = rng.choice(("declined", "returned", "charged_back", "voided", "refunded", "pending"))
        row["reason_code"] = rng.choice(("1616", "1622", "1607")) if row["status"] == "declined" else ""
    for row in some([r for r in tied if r["status"] == "approved" and not r["refund_of"]], rng, 0.05):
        if any(other["refund_of"] == row["payment_id"] for other in files["payments"]):
            continue
        whole = round(float(row["amount"]) * 100)
        given = {
            "payment_id": f"R{row['payment_id']}",
            "refund_of": row["payment_id"],
            "amount": dollars(rng.choice((whole, rng.randint(1, whole)))),
            "order_id": f"R{row['order_id']}",
        }
        files["payments"].append({**row, **given})


def payments_are_missing_or_more(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    gone = {row["payment_id"] for row in some(files["payments"], rng, 0.04)}
    files["payments"][:] = [
        row for row in files["payments"] if row["payment_id"] not in gone and row["refund_of"] not in gone
    ]
    for number, plan in enumerate(some(files["plans"], rng, 0.4)):
        mine = [row for row in files["instalments"] if row["plan_id"] == plan["plan_id"]]
        if not mine:
            continue
        files["payments"].append(
            new(
                "payments",
                payment_id=f"X{number}",
                patient_id=plan["payer_id"] or plan["patient_id"],
                plan_id=rng.choice((plan["plan_id"], "")) if number % 2 else plan["plan_id"],
                instalment_id=rng.choice(mine)["instalment_id"] if number % 2 else "",
                happened_at=f"{today - timedelta(days=rng.randint(1, 100))}T{rng.randint(0, 23):02d}:30",
                amount=dollars(rng.randint(100, 40000)),
                status="approved",
                order_id=f"OX{number}",
                method=rng.choice(("cash", "check", "card")),
            )
        )
    for row in files["payments"]:
        if not row["plan_id"] and not row["membership_id"] and not row["instalment_id"] and row["refund_of"]:
            row["plan_id"] = ""


def money_is_taken_at_the_desk(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    """A check or cash in the place of a draft, in the ledger alone: with the plan's id, seldom taken back again."""
    for number, plan in enumerate(some(files["plans"], rng, 0.3)):
        owner = plan["payer_id"] or plan["patient_id"]
        mine = [
            row for row in files["payments"] if row["plan_id"] == plan["plan_id"] and not row["refund_of"]
        ]
        if mine and rng.random() < 0.6:
            gone = rng.choice(mine)
            files["payments"][:] = [
                row
                for row in files["payments"]
                if gone["payment_id"] not in (row["payment_id"], row["refund_of"])
            ]
        for copy_ in range(rng.choice((1, 1, 2))):
            day = today - timedelta(days=rng.randint(-3, 90))
            kind = rng.choice(("payment",) * 9 + ("refund",))
            files["ledger"].append(
                new(
                    "ledger",
                    entry_id=f"ED{number}-{copy_}",
                    patient_id=rng.choice((owner, plan["patient_id"])),
                    posted_on=day.isoformat(),
                    kind=kind,
                    part="patient",
                    amount=dollars(rng.choice((20_000, 15_000, rng.randint(1_000, 40_000)))),
                    plan_id=plan["plan_id"],
                    description="Check 1123",
                )
            )


def money_is_taken_without_a_plan(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    """Cash of an instalment's amount around its due day, which the ledger ties to nothing."""
    plans = {row["plan_id"]: row for row in files["plans"]}
    since = (today - timedelta(days=75)).isoformat()
    late = [row for row in files["instalments"] if since < row["due_date"] < today.isoformat()]
    for number, row in enumerate(some(late, rng, 0.12)):
        plan = plans[row["plan_id"]]
        gone = [one for one in files["payments"] if one["instalment_id"] == row["instalment_id"]]
        if rng.random() < 0.7:
            files["payments"][:] = [
                one
                for one in files["payments"]
                if one not in gone and one["refund_of"] not in {g["payment_id"] for g in gone}
            ]
        day = date.fromisoformat(row["due_date"]) + timedelta(days=rng.choice((-4, -3, 0, 2, 10, 11)))
        files["ledger"].append(
            new(
                "ledger",
                entry_id=f"EL{number}",
                patient_id=plan["payer_id"] or plan["patient_id"],
                posted_on=min(day, today).isoformat(),
                kind="payment",
                part="patient",
                amount=row["amount"],
                description="Cash",
            )
        )


# in the order in which they are made: a seed stays what it is
CHANGES = (
    instalments_differ,
    plans_differ,
    payments_fail_and_come_back,
    payments_are_missing_or_more,
    money_is_taken_at_the_desk,
    money_is_taken_without_a_plan,
)
