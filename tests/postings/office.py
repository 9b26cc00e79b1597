"""A practice that posts: patients, payments of its processor, the EHR's ledger, and Genesis as the sandbox plays it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from core import clock
from core.connections.clerk_keys import set_clerk_key
from core.connections.commands import connect
from core.connections.models import Kind
from core.jobs.post_payments import PostingPass, post_payments
from core.ledger.models import LedgerEntry
from core.patients.models import Patient
from core.payments.models import Payment
from core.permissions import Identity, Role
from core.postings.commands import turn_on
from core.postings.dry_run import plan_postings
from core.postings.models import LedgerPosting, PostedEntry, PostingSwitch
from core.practice.models import Location
from core.staff.models import Staff
from core.store.engine import reader, transaction
from core.store.version import touch
from tests.sandbox.running import Sandbox

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
QUICK = {"sleep": lambda _seconds: None}


class Office:
    """`store` with two patients, a manager who posts, a processor, the EHR's files, and a Genesis connection."""

    def __init__(self, store: Engine, sandbox: Sandbox | None = None, *, drop: Path | None = None) -> None:
        self.store, self.sandbox, self._number = store, sandbox, 0
        with transaction(store) as session:
            self.files = self._connect(session, Kind.PRACTICE_FILES, "EHR files", {"folder": "/nowhere"}, {})
            self.processor = self._connect(
                session,
                Kind.FORTIS,
                "Fortis",
                {"user_id": "u", "location_id": "l", "base_url": "http://127.0.0.1:9"},
                {"user_api_key": "k", "developer_id": "d"},
            )
            self.genesis = self._connect(session, Kind.GENESIS, "Genesis", *self._genesis(drop))
            session.add(
                Location(
                    id=1,
                    connection_id=self.files,
                    external_id="L1",
                    name="Main",
                    time_zone="America/New_York",
                )
            )
            session.flush()
            for number, first in ((1, "Ana"), (2, "Ben")):
                self._patient(session, number, first)
            session.add(
                Staff(id=1, username="max", role=Role.OFFICE_MANAGER, password_hash="x", created_at=NOW)
            )
            session.flush()
            self.max = Identity(0, 1, "max", "Max", Role.OFFICE_MANAGER)
            if sandbox is not None:
                key = self.keys()["clerk_keys"]["max"]
                set_clerk_key(session, None, staff_id=1, connection_id=self.genesis, key=key)

    def keys(self) -> dict[str, Any]:
        assert self.sandbox is not None
        return self.sandbox.client.get(f"{self.sandbox.root_url}/control").json()["genesis"]

    def _genesis(self, drop: Path | None) -> tuple[dict[str, str], dict[str, str]]:
        if drop is not None:
            return {"drop_folder": str(drop)}, {}
        if self.sandbox is None:
            return {"base_url": "http://127.0.0.1:9", "cp_id": "123", "acts_as": "max"}, {"cp_mkey": "k"}
        keys = self.keys()
        return (
            {"base_url": keys["base_url"], "cp_id": keys["cp_id"], "acts_as": "max"},
            {"cp_mkey": keys["cp_mkey"]},
        )

    def _connect(
        self, session: Session, kind: str, name: str, plain: dict[str, str], secret: dict[str, str]
    ) -> int:
        return connect(session, kind=kind, name=name, settings=plain, secrets=secret).id or 0

    def _patient(self, session: Session, number: int, first: str) -> None:
        session.add(
            Patient(
                id=number,
                connection_id=self.files,
                external_id=f"P-{number}",
                location_id=1,
                first_name=first,
                last_name="Ray",
            )
        )
        session.flush()

    def pay(
        self, cents: int = 50_00, *, days_ago: float = 0, patient_id: int | None = 1, **also: Any
    ) -> Payment:
        """A payment the processor took; its order id is O1, O2 …"""
        with transaction(self.store) as session:
            return self.paid(session, cents, days_ago=days_ago, patient_id=patient_id, **also)

    def paid(
        self, session: Session, cents: int, *, days_ago: float = 0, patient_id: int | None = 1, **also: Any
    ) -> Payment:
        self._number += 1
        values = {
            "connection_id": self.processor,
            "external_id": f"tx{self._number}",
            "patient_id": patient_id,
            "happened_at": NOW - timedelta(days=days_ago, minutes=self._number % 60),
            "amount_cents": cents,
            "status": "approved",
            "order_id": f"O{self._number}",
            "method": "card",
        }
        payment = Payment(**{**values, **also})
        session.add(payment)
        touch(session)
        session.flush()
        session.expunge(payment)
        return payment

    def change(self, payment: Payment, **values: Any) -> None:
        with transaction(self.store) as session:
            row = session.get_one(Payment, payment.id)
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)
            touch(session)

    def ledger(self, cents: int = 50_00, *, days_ago: int = 0, patient_id: int = 1, **also: Any) -> None:
        """A row of the EHR's ledger."""
        self._number += 1
        values = {
            "connection_id": self.files,
            "external_id": f"G{self._number}",
            "patient_id": patient_id,
            "posted_on": TODAY - timedelta(days=days_ago),
            "kind": "payment",
            "part": "patient",
            "amount_cents": cents,
        }
        with transaction(self.store) as session:
            session.add(LedgerEntry(**{**values, **also}))
            touch(session)

    def turn_on(self, *, days_ago: int = 0, acknowledged: bool = True) -> Any:
        start = TODAY - timedelta(days=days_ago)
        with clock.frozen(NOW), transaction(self.store) as session:
            plan = plan_postings(session, self.genesis, date_start=start)
            turn_on(
                session,
                self.max,
                connection_id=self.genesis,
                date_start=start,
                seen=plan.seen,
                acknowledged=acknowledged,
            )
        return plan

    def turn_on_from(self, start: date) -> None:
        """From a real day on, by the real clock."""
        with transaction(self.store) as session:
            seen = plan_postings(session, self.genesis, date_start=start).seen
            turn_on(
                session, self.max, connection_id=self.genesis, date_start=start, seen=seen, acknowledged=True
            )

    def post(self, at: datetime = NOW) -> PostingPass:
        """One pass of the job."""
        with clock.frozen(at):
            return post_payments(self.store, wire=QUICK).get(self.genesis, PostingPass())

    def rows(self, *states: str) -> list[LedgerPosting]:
        with reader(self.store) as session:
            query = select(LedgerPosting).order_by(col(LedgerPosting.id))
            found = session.exec(query.where(col(LedgerPosting.state).in_(states)) if states else query).all()
            session.expunge_all()
            return list(found)

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]

    def at_genesis(self) -> list[tuple[str, str]]:
        """Order id and dollars of every entry there, oldest first."""
        assert self.sandbox is not None
        rows = self.sandbox.state.select("SELECT order_id, amount FROM genesis_entries ORDER BY number")
        return [(row[0], row[1]) for row in rows]

    def trouble(self) -> str:
        """Why nothing goes out."""
        with reader(self.store) as session:
            return session.get_one(PostingSwitch, self.genesis).trouble

    def forget_the_ledger(self) -> None:
        """As if what was posted had been taken out of the ledger again."""
        with transaction(self.store) as session:
            session.exec(delete(PostedEntry))
