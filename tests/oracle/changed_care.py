"""Memberships, cards, drafts, visits, coverages and accounts otherwise than they were generated."""

from datetime import date, timedelta
from random import Random

from tests.oracle.changing import dollars, moved, new, some
from tests.oracle.reading import Row


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


def drafts_differ(files: dict[str, list[Row]], rng: Random, today: date) -> None:
    for row in some(files["recurrings"], rng, 0.15):
        day = (today + timedelta(days=rng.choice((0, 6, 7, 8, 20, 45, 59, 60, 61)))).isoformat()
        for member in files["memberships"]:
            if member["membership_id"] == row["membership_id"] and row["membership_id"]:
                row["next_run_on"] = member["next_draft_on"] = day
    for row in some(files["recurrings"], rng, 0.05):
        row["status"] = rng.choice(("on_hold", "ended"))


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


# in the order in which they are made: a seed stays what it is
CHANGES = (
    memberships_differ,
    extras_are_given,
    cards_differ,
    drafts_differ,
    visits_differ,
    coverages_differ,
    coverages_are_several,
    ledger_differs,
    contracts_end_and_rest,
)
