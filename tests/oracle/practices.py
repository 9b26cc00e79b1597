"""Small practices for the comparison: two dozen patients of a generated one, on a telling day, with changed rows."""

import copy
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from data.sandbox.practice import generate, whole_files
from data.sandbox.practice.columns import COLUMNS
from tests.oracle.billed_members import billed_members, families_and_packages
from tests.oracle.reading import Clinic, Row

DAYS = (
    date(2026, 11, 21),
    date(2026, 11, 1),  # the clocks go back
    date(2027, 3, 14),  # the clocks go forward
    date(2028, 2, 29),
    date(2028, 3, 1),
    date(2027, 2, 28),
    date(2026, 12, 31),
    date(2027, 1, 1),
    date(2026, 8, 31),
    date(2026, 4, 30),
    date(2026, 10, 31),
    date(2027, 5, 29),
)
ZONES = ("America/Chicago", "America/Denver", "America/New_York", "America/Phoenix", "America/Los_Angeles")
TIMES = (time(6, 7), time(6, 7), time(12, 22), time(17, 3), time(23, 58))
CAST = 64
PATIENTS = 24
MUTATIONS = []


def practice(seed: int) -> tuple[dict[str, list[Row]], datetime]:
    """Files and the instant to ask at; the same for the same seed. Every third one is left as it was generated."""
    rng = Random(f"oracle {seed}")  # noqa: S311  # rows to compare, no secret
    today = DAYS[seed % len(DAYS)] if seed % 2 else date(2026, 1, 1) + timedelta(days=rng.randrange(1200))
    files = some_patients(whole_files(generate(seed, today, patients=CAST)), rng)
    zone = rng.choice(ZONES)
    files["locations"][0]["time_zone"] = zone
    as_of = datetime.combine(today, rng.choice(TIMES), ZoneInfo(zone))
    if seed % 3:
        for mutate in MUTATIONS:
            mutate(files, rng, today)
        if rng.random() < 0.5:
            desk_has_worked(files, rng, as_of)
    families_and_packages(files, rng, today, new)
    billed_members(files, rng, today, new)
    settle_times(files, as_of)
    return files, as_of


def some_patients(files: dict[str, list[Row]], rng: Random) -> dict[str, list[Row]]:
    """Two dozen patients with their guarantors and payers, and all rows that are theirs."""
    files = copy.deepcopy(files)
    keep = {row["patient_id"] for row in rng.sample(files["patients"], PATIENTS)}
    keep |= {
        row["guarantor_id"] for row in files["patients"] if row["patient_id"] in keep and row["guarantor_id"]
    }
    keep |= {row["payer_id"] for row in files["plans"] if row["patient_id"] in keep and row["payer_id"]}
    for rows in files.values():
        rows[:] = [row for row in rows if row.get("patient_id", next(iter(keep))) in keep]
    # a plan whose patient is left out takes what belongs to it along
    for file, key in (("plans", "plan_id"), ("memberships", "membership_id")):
        there = {row[key] for row in files[file]}
        for rows in files.values():
            rows[:] = [row for row in rows if not row.get(key) or row[key] in there]
    return files


def mutation(function):  # type: ignore[no-untyped-def]
    MUTATIONS.append(function)
    return function


def some(rows: list[Row], rng: Random, share: float) -> list[Row]:
    return [row for row in rows if rng.random() < share]


def moved(text: str, rng: Random, days: int) -> str:
    return (date.fromisoformat(text) + timedelta(days=rng.randint(-days, days))).isoformat()


def dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def new(file: str, **cells: str) -> Row:
    return {**dict.fromkeys(COLUMNS[file], ""), **cells}


@mutation
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


@mutation
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


@mutation
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


@mutation
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


@mutation
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


@mutation
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


@mutation
def memberships_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    anchored = {row["membership_plan_id"] for row in files["membership_plans"] if row["period"] == "anchor"}
    for row in some(files["memberships"], rng, 0.3):
        if row["membership_plan_id"] in anchored:
            row["anchor_day"] = str(rng.choice((1, 15, 28, 29, 30, 31)))
    for row in some(files["memberships"], rng, 0.12):
        start = today + timedelta(days=rng.randint(-60, 40))
        row["frozen_from"] = start.isoformat()
        row["frozen_to"] = rng.choice(("", (start + timedelta(days=rng.randint(0, 50))).isoformat()))
    for row in some(files["memberships"], rng, 0.12):
        row["end_date"] = max(row["start_date"], moved(today.isoformat(), rng, 40))
    for row in some(files["memberships"], rng, 0.2):
        row["start_date"] = min(moved(row["start_date"], rng, 20), today.isoformat())
        if row["end_date"]:
            row["end_date"] = max(row["start_date"], row["end_date"])
    for row in some(files["membership_plans"], rng, 0.25):
        row["rollover_cap"], row["rollover_periods"] = str(rng.randint(1, 4)), str(rng.randint(1, 3))
    for row in some(files["membership_plans"], rng, 0.2):
        row["no_show_forfeits"] = "true"
    for row in some(files["membership_benefits"], rng, 0.2):
        row["visits"] = rng.choice(("", "1", "2", "3", "8"))
    for row in some(files["membership_benefits"], rng, 0.2):
        row["per_week"] = rng.choice(("1", "1", "2"))


@mutation
def extras_are_given(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for number, row in enumerate(some(files["memberships"], rng, 0.3)):
        benefits = [
            b for b in files["membership_benefits"] if b["membership_plan_id"] == row["membership_plan_id"]
        ]
        files["membership_extras"].append(
            new(
                "membership_extras",
                extra_id=f"XX{number}",
                membership_id=row["membership_id"],
                period_start=max(row["start_date"], moved(today.isoformat(), rng, 45)),
                service_class=rng.choice(benefits)["service_class"],
                kind=rng.choice(("add_on", "add_on", "rollover")),
                visits=str(rng.randint(1, 3)),
            )
        )


@mutation
def cards_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for row in some([card for card in files["cards"] if card["kind"] == "card"], rng, 0.5):
        month = today.year * 12 + today.month - 1 + rng.choice((-2, -1, 0, 0, 1, 1, 2, 3))
        row["expiry"] = f"{month % 12 + 1:02d}/{month // 12 % 100:02d}"
    for row in some(files["cards"], rng, 0.05):
        row["updater"] = rng.choice(("updated", "closed"))
    for row in some(files["cards"], rng, 0.05):
        row["active"] = "false"
    for number, row in enumerate(some(list(files["cards"]), rng, 0.1)):
        later = f"{rng.randint(1, 12):02d}/{(today.year + 2) % 100}"
        other = {"card_id": f"CX{number}", "expiry": later, "last_four": f"{7000 + number}"}
        files["cards"].append({**row, **other, "is_default": "false", "active": "true", "updater": "none"})


@mutation
def drafts_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for row in some(files["recurrings"], rng, 0.15):
        day = (today + timedelta(days=rng.choice((0, 6, 7, 8, 20, 45, 59, 60, 61)))).isoformat()
        for member in files["memberships"]:
            if member["membership_id"] == row["membership_id"] and row["membership_id"]:
                row["next_run_on"] = member["next_draft_on"] = day
    for row in some(files["recurrings"], rng, 0.05):
        row["status"] = rng.choice(("on_hold", "ended"))


@mutation
def visits_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    members = {row["patient_id"] for row in files["memberships"]}
    visits = [row for row in files["appointments"] if row["patient_id"] in members]
    for row in some(visits, rng, 0.08):
        row["starts_at"] = moved(row["starts_at"][:10], rng, 9) + row["starts_at"][10:]
    for row in some(files["appointments"], rng, 0.05):
        row["status"] = rng.choice(
            ("scheduled", "confirmed", "cancelled", "no_show", "rescheduled", "completed")
        )
    for row in some(visits, rng, 0.03):
        row["starts_at"] = row["starts_at"][:10] + rng.choice(("T00:00", "T23:45", "T01:30", "T02:30"))
    for number, row in enumerate(some(visits, rng, 0.05)):
        more = {"appointment_id": f"AX{number}", "starts_at": moved(today.isoformat(), rng, 40) + "T10:05"}
        files["appointments"].append({**row, **more, "status": "scheduled"})


@mutation
def coverages_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for row in some(files["coverages"], rng, 0.4):
        if row["kind"] == "self_pay" and rng.random() < 0.8:
            row["kind"], row["payer"] = "commercial", "Example Health"
        if row["kind"] == "self_pay":
            continue
        ago = rng.choice((0, 1, 29, 30, 31, 32, 100))
        row["checked_on"] = rng.choice(("", *[(today - timedelta(days=ago)).isoformat()] * 5))
        row["eligible"] = rng.choice(("true", "true", "true", "false"))
        row["active_from"] = date(today.year, 1, 1).isoformat()
        row["active_to"] = rng.choice(("", "", "", moved(today.isoformat(), rng, 2)))
        if row["active_to"]:
            row["active_to"] = max(row["active_to"], row["active_from"])
        row["copay"] = dollars(rng.choice((0, 2500, 4000, 9900)))
        row["coinsurance_percent"] = rng.choice(("0", "10", "20", "33", "12.5"))
        deductible = rng.choice((0, 3333, 50000))
        row["deductible"], row["deductible_met"] = dollars(deductible), dollars(rng.randint(0, deductible))
        row["out_of_pocket_max"], row["out_of_pocket_met"] = (
            "2000.00",
            dollars(rng.choice((0, 199_000, 200_000))),
        )
        used = rng.randint(0, 20)
        row["visit_limit"], row["visits_used"] = str(used + rng.randint(0, 5)), str(used)
        row["visits_pending"] = str(rng.randint(0, 3))
        row["authorisation_required"] = rng.choice(("true", "false"))
        if rng.random() < 0.8:
            row["authorisation_from"] = (today - timedelta(days=60)).isoformat()
            row["authorisation_to"] = (today + timedelta(days=rng.choice((-1, 0, 1, 20)))).isoformat()
            row["authorisation_units"], row["authorisation_used"] = "12", str(rng.randint(9, 12))


@mutation
def coverages_are_several(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    insured = [row for row in files["coverages"] if row["kind"] != "self_pay"]
    for number, row in enumerate(some(insured, rng, 0.3)):
        for rank in range(2, rng.choice((3, 3, 4))):
            other = {
                "coverage_id": f"COX{number}-{rank}",
                "payer": rng.choice(("Second Health", "Third Health")),
                "rank": str(rank),
                "eligible": rng.choice(("true", "true", "false", "")),
                "checked_on": (today - timedelta(days=rng.choice((0, 3, 29, 40)))).isoformat(),
                "copay": dollars(rng.choice((1000, 2000))),
                "active_to": rng.choice(("", "", (today - timedelta(days=1)).isoformat())),
            }
            if other["active_to"] < row["active_from"]:
                other["active_to"] = ""
            files["coverages"].append({**row, **other})
        row["rank"] = "1"


@mutation
def ledger_differs(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    gone = {row["entry_id"] for row in some(files["ledger"], rng, 0.02)}
    files["ledger"][:] = [row for row in files["ledger"] if row["entry_id"] not in gone]
    for row in some(files["ledger"], rng, 0.02):
        row["amount"] = dollars(rng.randint(1, 30000))
    for number, row in enumerate(some(list(files["ledger"]), rng, 0.02)):
        amount = rng.randint(1, 5000)
        kind = rng.choice(("adjustment", "adjustment", "refund", "payment"))
        sign = "-" if kind == "adjustment" and rng.random() < 0.3 else ""
        other = {
            "entry_id": f"EX{number}",
            "kind": kind,
            "amount": sign + dollars(amount),
            "order_id": f"OE{number}",
        }
        files["ledger"].append({**row, **other})


@mutation
def contracts_end_and_rest(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for row in some(files["plans"], rng, 0.05):
        row["status"], row["end_date"] = "cancelled", moved(today.isoformat(), rng, 30)
        row["end_date"] = max(row["end_date"], row["start_date"])
    for row in some(files["memberships"], rng, 0.05):
        row["status"] = rng.choice(("past_due", "past_due", "paused", "cancelled"))
    for row in some(files["recurrings"], rng, 0.05):  # the billing day was moved
        row["next_run_on"] = (today + timedelta(days=rng.randint(1, 40))).isoformat()
    for row in some(files["cards"], rng, 0.04):
        files["cards"].remove(row)
        for other in files["recurrings"] + files["plans"] + files["memberships"]:
            other["card_id"] = "" if other["card_id"] == row["card_id"] else other["card_id"]


def desk_has_worked(files: dict[str, list[Row]], rng: Random, as_of: datetime) -> None:
    """Some of today's patients have come, are here, or are no-shows."""
    for row in files["appointments"]:
        if row["starts_at"].startswith(as_of.date().isoformat()) and rng.random() < 0.6:
            row["status"] = rng.choice(("completed", "arrived", "no_show", "completed"))


def settle_times(files: dict[str, list[Row]], as_of: datetime) -> None:
    """Nothing has happened that lies ahead: no completed visit, no payment and no posting after the instant."""
    clinic = Clinic(files, as_of)
    for row in files["appointments"]:
        if row["status"] in ("completed", "no_show", "arrived") and clinic.starts(row) > as_of:
            row["status"] = "scheduled"
    for row in files["payments"]:
        if clinic.instant(row["happened_at"]) > as_of:
            row["happened_at"] = (as_of - timedelta(minutes=90)).isoformat()
    for row in files["ledger"]:
        row["posted_on"] = min(row["posted_on"], as_of.date().isoformat())
