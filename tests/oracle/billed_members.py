"""Members as they are really billed: yearly, quarterly, weekly; coupons, old prices, surcharges, failed drafts and part payments."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.oracle.reading import Row, months_later

INTERVALS = ((12, "month"), (6, "month"), (3, "month"), (2, "month"), (1, "month"), (4, "week"), (2, "week"), (1, "week"), (10, "day"))  # fmt: skip
PLAN = "MPX"
SHARE = 0.25


def billed_members(files: dict[str, list[Row]], rng: Random, today: date, new: Any) -> None:
    """A quarter of the patients without a contract become members of plans billed at every interval there is."""
    taken = {row["patient_id"] for row in files["memberships"] + files["plans"]}
    taken |= {row["payer_id"] for row in files["plans"]}
    taken |= {row["patient_id"] for row in files["recurrings"]}
    for number, patient in enumerate(row for row in files["patients"] if row["patient_id"] not in taken):
        if rng.random() < SHARE:
            _member(files, rng, today, new, patient["patient_id"], number)


def families_and_packages(files: dict[str, list[Row]], rng: Random, today: date, new: Any) -> None:
    """Two patients without a contract share the visits of a plan; another one has a prepaid package."""
    taken = {row["patient_id"] for row in files["memberships"] + files["plans"] + files["recurrings"]}
    taken |= {row["payer_id"] for row in files["plans"]}
    free = [row["patient_id"] for row in files["patients"] if row["patient_id"] not in taken]
    rng.shuffle(free)
    start = today.replace(day=1) - timedelta(days=rng.choice((0, 31, 92)))
    plans = (
        ("MPP", "Family", "", "month", rng.choice(("1", "2", "3", ""))),
        ("MPQ", "Ten visits", "600.00", "package", "10"),
    )
    for plan_id, name, price, period, visits in plans:
        files["membership_plans"].append(
            new("membership_plans", membership_plan_id=plan_id, name=name, price=price, period=period,
                no_show_forfeits=rng.choice(("true", "false")))
        )  # fmt: skip
        files["membership_benefits"].append(
            new("membership_benefits", benefit_id=f"B{plan_id}", membership_plan_id=plan_id,
                service_class="adjustment", visits=visits, per_week=rng.choice(("", "", "1")))
        )  # fmt: skip
    for number, patient_id in enumerate(free[:2] if len(free) > 1 else []):
        files["memberships"].append(
            new("memberships", membership_id=f"MF{number}", patient_id=patient_id, membership_plan_id="MPP",
                start_date=(start + timedelta(days=number)).isoformat(), status="active", pool_id="POOL")
        )  # fmt: skip
    for patient_id in free[2:3]:
        begun = today - timedelta(days=rng.randint(1, 200))
        files["memberships"].append(
            new("memberships", membership_id="MQ0", patient_id=patient_id, membership_plan_id="MPQ",
                start_date=begun.isoformat(), status="active",
                end_date=rng.choice(("", (today + timedelta(days=rng.randint(-20, 90))).isoformat())))
        )  # fmt: skip
        row = files["memberships"][-1]
        row["end_date"] = max(row["end_date"], row["start_date"]) if row["end_date"] else ""
        for number, cents in enumerate(rng.choice(((60_000,), (20_000, 15_000), ()))):
            when = min(begun + timedelta(days=20 * number), today)
            files["payments"].append(
                new("payments", payment_id=f"PQ{number}", patient_id=patient_id, membership_id="MQ0",
                    happened_at=f"{when}T06:30", amount=_dollars(cents), status="approved",
                    order_id=f"OPQ{number}", method=rng.choice(("card", "cash")))
            )  # fmt: skip
            for kind in ("charge", "payment"):
                files["ledger"].append(
                    new("ledger", entry_id=f"LQ{number}{kind[0]}", patient_id=patient_id, posted_on=when.isoformat(),
                        kind=kind, part="patient", amount=_dollars(cents),
                        order_id=f"OPQ{number}" if kind == "payment" else "")
                )  # fmt: skip


def _member(
    files: dict[str, list[Row]], rng: Random, today: date, new: Any, patient_id: str, number: int
) -> None:
    every, unit = rng.choice(INTERVALS)
    by_recurring = rng.random() < 0.7
    price = rng.choice((7450, 14900, 44700, 149_000))
    plan_id, membership_id = f"{PLAN}{number}", f"MX{number}"
    fixed_day = rng.choice((1, 5, 28, 31))
    following = months_later(today, rng.randint(0, every) if unit == "month" else 0, fixed_day)
    if unit != "month":
        following = today + timedelta(days=rng.randint(0, every * (7 if unit == "week" else 1)))
    if following < today:
        following = months_later(following, every, fixed_day)
    runs = rng.randint(1, 8)
    days = [_before(following, n, every, unit, fixed_day) for n in range(runs, 0, -1)]
    days = [day for day in days if day < today]
    if not days:
        return
    anchored = unit == "month" and rng.random() < 0.5 and fixed_day != 1
    files["membership_plans"].append(
        new("membership_plans", membership_plan_id=plan_id, name="As billed", price=_dollars(price),
            period="anchor" if anchored else "month", no_show_forfeits="false",
            billing_every="" if by_recurring else str(every), billing_unit="" if by_recurring else unit)
    )  # fmt: skip
    files["membership_benefits"].append(
        new("membership_benefits", benefit_id=f"BX{number}", membership_plan_id=plan_id, service_class="adjustment",
            visits=rng.choice(("4", "4", "8", "")), per_week=rng.choice(("", "", "1", "2")))
    )  # fmt: skip
    files["memberships"].append(
        new("memberships", membership_id=membership_id, patient_id=patient_id, membership_plan_id=plan_id,
            start_date=days[0].isoformat(), anchor_day=str(fixed_day) if anchored else "", status="active",
            next_draft_on=following.isoformat())
    )  # fmt: skip
    if by_recurring:
        files["recurrings"].append(
            new("recurrings", recurring_id=f"RX{number}", patient_id=patient_id, membership_id=membership_id,
                amount=_dollars(price), interval=str(every), interval_unit=unit,
                next_run_on=following.isoformat(), status="active")
        )  # fmt: skip
    named = f"RX{number}" if by_recurring and rng.random() < 0.6 else ""
    fee = rng.random() < 0.3
    for place, day in enumerate(days):
        _run(
            files,
            rng,
            new,
            f"{number}-{place}",
            patient_id,
            membership_id,
            day,
            price,
            named,
            fee=fee,
            first=not place,
        )
    if rng.random() < 0.25:
        _decline(files, rng, new, f"{number}", patient_id, membership_id, days[-1], price, named, today)


def _run(
    files: dict[str, list[Row]],
    rng: Random,
    new: Any,
    key: str,
    patient_id: str,
    membership_id: str,
    day: date,
    price: int,
    named: str,
    *,
    fee: bool,
    first: bool,
) -> None:
    """One draft that ran; the first often for less, or for nothing."""
    cents = rng.choice((price, price // 2, 0, price - 1000)) if first else price
    cents = rng.choice((price, price, price, price, price - 500, price + 700)) if not first else cents
    charge = cents * 3 // 100 if fee else 0
    files["payments"].append(
        new("payments", payment_id=f"PX{key}", patient_id=patient_id, membership_id=membership_id,
            happened_at=f"{day}T05:{rng.randint(10, 59)}", amount=_dollars(cents + charge), status="approved",
            order_id=f"OPX{key}", method="card", recurring_id=named,
            surcharge=_dollars(charge) if charge and rng.random() < 0.7 else "")
    )  # fmt: skip
    for kind, paid in (("charge", cents), ("payment", cents + charge)):
        if paid:
            row = new("ledger", entry_id=f"LX{key}{kind[0]}", patient_id=patient_id, posted_on=day.isoformat(),
                      kind=kind, part="patient", amount=_dollars(paid), order_id=f"OPX{key}" if kind == "payment" else "")  # fmt: skip
            files["ledger"].append(row)


def _decline(
    files: dict[str, list[Row]],
    rng: Random,
    new: Any,
    key: str,
    patient_id: str,
    membership_id: str,
    day: date,
    price: int,
    named: str,
    today: date,
) -> None:
    """The last draft was declined after all; sometimes a part of it, or all, came later by another way."""
    last = [row for row in files["payments"] if row["membership_id"] == membership_id][-1]
    last |= {
        "status": "declined",
        "reason_code": rng.choice(("1616", "1622")),
        "amount": _dollars(price),
        "surcharge": "",
    }
    files["ledger"][:] = [
        row for row in files["ledger"] if not row["entry_id"].startswith(f"L{last['payment_id'][1:]}")
    ]
    later = day + timedelta(days=rng.randint(1, 3))
    if later < today and rng.random() < 0.6:
        files["payments"].append(
            new("payments", payment_id=f"PXL{key}", patient_id=patient_id, membership_id=membership_id,
                happened_at=f"{later}T15:30", amount=_dollars(rng.choice((price, price // 3))), status="approved",
                order_id=f"OPXL{key}", method=rng.choice(("card", "cash", "check")),
                recurring_id=rng.choice(("", named)))
        )  # fmt: skip


def _before(day: date, count: int, every: int, unit: str, wanted: int) -> date:
    if unit == "month":
        return months_later(day, -count * every, wanted)
    return day - timedelta(days=count * every * (7 if unit == "week" else 1))


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
