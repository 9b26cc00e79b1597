"""Many plans of every shape, written straight into a store: pauses, waivers, refunds, tied money, bad terms."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from sqlalchemy import Engine, insert
from sqlmodel import Session

from core.connections.models import Connection
from core.ledger.models import LedgerEntry
from core.patients.models import Patient
from core.payments.models import Payment
from core.plans.models import Instalment, Plan
from core.practice.models import Location, Practice
from core.store.engine import transaction

ZONE = "America/Denver"
TODAY = date(2026, 4, 15)
AS_OF = datetime(2026, 4, 15, 18, tzinfo=UTC)
_STATUSES = ("approved",) * 8 + ("declined", "pending", "returned", "refunded", "charged_back", "voided")


def write_many(engine: Engine, seed: int, plans: int = 300) -> None:
    """So many plans of as many patients at one location; the same for the same seed."""
    rng = Random(f"plans {seed}")  # noqa: S311  # rows to compare, no secret
    with transaction(engine) as session:
        session.add(Practice(id=1))
        session.flush()
        session.add(Connection(id=1, practice_id=1, kind="practice_files", name="EHR", created_at=AS_OF))
        session.flush()
        session.add(Location(id=1, connection_id=1, external_id="L1", name="Maple Street", time_zone=ZONE))
        session.flush()
        people = [
            {"id": n, "connection_id": 1, "external_id": f"P{n}", "location_id": 1 if n % 9 else None,
             "first_name": "Ana", "last_name": f"Ruiz {n}", "active": True, "search_name": ""}
            for n in range(1, plans + 1)
        ]  # fmt: skip
        session.execute(insert(Patient), people)
        made = [_plan(n, rng) for n in range(1, plans + 1)]
        session.execute(insert(Plan), made)
        _write(session, made, rng)


def _plan(number: int, rng: Random) -> dict:
    start = date(2025, 9, 1) + timedelta(days=rng.randrange(240))
    paused_from = start + timedelta(days=rng.randrange(200)) if rng.random() < 0.2 else None
    end = start + timedelta(days=rng.randrange(-20, 400)) if rng.random() < 0.7 else None
    return {
        "id": number,
        "connection_id": 1,
        "external_id": f"N{number}",
        "patient_id": number,
        "payer_id": rng.randrange(1, number + 1) if rng.random() < 0.15 else None,
        "kind": "treatment",
        "name": "Care plan",
        "start_date": start,
        "end_date": end,
        "total_cents": rng.choice([None, 120_000, 120_000, -1]) if rng.random() < 0.2 else 120_000,
        "visits": rng.choice([None, 12, 24]),
        "status": rng.choice(("active",) * 7 + ("paused", "cancelled", "completed")),
        "paused_from": paused_from,
        "paused_to": paused_from + timedelta(days=rng.randrange(-5, 90)) if paused_from and rng.random() < 0.8 else None,
        "card_ref": "K1" if rng.random() < 0.5 else None,
    }  # fmt: skip


def _write(session: Session, plans: list[dict], rng: Random) -> None:
    instalments, payments = [], []
    for plan in plans:
        if rng.random() < 0.04:
            continue  # a plan without instalments
        first = plan["start_date"]
        mine = [
            {"connection_id": 1, "external_id": f"{plan['external_id']}-{n}", "plan_id": plan["id"],
             "id": len(instalments) + n, "due_date": first + timedelta(days=30 * n - 30),
             "amount_cents": rng.choice([10_000, 10_000, 12_345, 0]), "waived_cents": rng.choice([0, 0, 0, 0, 2_500, 99_999])}
            for n in range(1, rng.randrange(2, 14))
        ]  # fmt: skip
        if rng.random() < 0.03:
            mine[0]["amount_cents"] = -5
        instalments += mine
        payments += _payments(plan, mine, rng, len(payments))
    session.execute(insert(Instalment), instalments)
    session.execute(insert(Payment), payments)
    session.execute(insert(LedgerEntry), _at_the_desk(plans, payments))


def _at_the_desk(plans: list[dict], payments: list[dict]) -> list[dict]:
    """Cash and checks that only the ledger knows of, what was taken back of them, and postings of the processor's."""
    rng = Random("desk")  # noqa: S311  # rows to compare, no secret
    rows: list[dict] = []
    for plan in plans:
        for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
            kind = rng.choice(("payment",) * 14 + ("refund", "adjustment", "charge"))
            cents = rng.choice((10_000, 12_345, 4_000))
            day = TODAY - timedelta(days=rng.randrange(-10, 200))
            rows.append({"posted_on": day, "kind": kind, "amount_cents": -cents if kind == "adjustment" else cents,
                         "patient_id": plan["patient_id"], "plan_id": plan["id"], "order_id": None})  # fmt: skip
    for paid in payments:
        if paid["refund_ref"] is None and rng.random() < 0.2:
            rows.append({"posted_on": paid["happened_at"].date(), "kind": "payment", "amount_cents": paid["amount_cents"],
                         "patient_id": paid["patient_id"], "plan_id": paid["plan_id"], "order_id": paid["order_id"]})  # fmt: skip
    return [
        {"connection_id": 1, "external_id": f"E{n}", "part": "patient", **row} for n, row in enumerate(rows)
    ]


def _payments(plan: dict, instalments: list[dict], rng: Random, before: int) -> list[dict]:
    found: list[dict] = []
    keep_up = rng.random()  # some pay everything due, some little, some ahead
    for one in instalments:
        if rng.random() > keep_up * 1.3 or (one["due_date"] > TODAY and rng.random() < 0.8):
            continue
        key = f"Y{before + len(found)}"
        tied = rng.choice([one, one, rng.choice(instalments)])["id"] if rng.random() < 0.15 else None
        at = datetime.combine(min(one["due_date"], TODAY), datetime.min.time(), UTC) + timedelta(
            hours=rng.randrange(60)
        )
        amount = rng.choice([one["amount_cents"] or 500, 10_000, 4_000, 25_000])
        row = {"connection_id": 1, "external_id": key, "patient_id": plan["patient_id"], "plan_id": plan["id"],
               "instalment_id": tied, "happened_at": at, "amount_cents": max(amount, 1), "status": rng.choice(_STATUSES),
               "refund_ref": None, "order_id": rng.choice([None, f"O{key}"])}  # fmt: skip
        found.append(row)
        if rng.random() < 0.06:
            found.append({**row, "external_id": f"{key}-back", "refund_ref": key, "status": "approved", "instalment_id": None,
                          "plan_id": plan["id"] if rng.random() < 0.5 else None, "amount_cents": rng.choice([1_000, row["amount_cents"], 90_000]),
                          "happened_at": at + timedelta(days=rng.randrange(5))})  # fmt: skip
    return found
