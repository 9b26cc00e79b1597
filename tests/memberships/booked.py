"""A practice that sells two memberships, with one member booked beyond hers: written as practice files and loaded."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import select

from core.permissions import Identity
from core.reports.as_file import as_json
from core.reports.membership_row import MembershipRow
from core.reports.memberships import memberships
from core.schedule.models import Appointment
from core.staff.commands import add_staff
from core.store.engine import reader, transaction
from tests.reports.practice import load, visit

AS_OF = datetime(2026, 11, 21, 18, tzinfo=UTC)  # 11:00 in Denver
PLANS = [
    {"membership_plan_id": "MP1", "name": "Wellness 4", "price": "149.00", "period": "month"},
    {"membership_plan_id": "MP2", "name": "Wellness 8", "price": "249.00", "period": "month"},
]
BENEFITS = [
    {"benefit_id": "B1", "membership_plan_id": "MP1", "service_class": "adjustment", "visits": "4"},
    {"benefit_id": "B2", "membership_plan_id": "MP2", "service_class": "adjustment", "visits": "8"},
]
MEMBER = {
    "membership_id": "M1",
    "patient_id": "P1",
    "membership_plan_id": "MP1",
    "start_date": "2026-01-01",
    "status": "active",
}
NOVEMBER = ("2026-11-03", "2026-11-10", "2026-11-17", "2026-11-24", "2026-11-26", "2026-11-28")
DECEMBER = ("2026-12-01", "2026-12-03")


def booked(*days: str, today: str = "2026-11-21") -> list[dict[str, str]]:
    """A visit at 9:00 on each day, named A0, A1 …; those before today were done."""
    return [
        visit(f"A{n}", "P1", f"{day}T09:00", "completed" if day < today else "scheduled")
        for n, day in enumerate(days)
    ]


def load_member(engine: Engine, folder: Path, *days: str, **files: list[dict[str, str]]) -> None:
    """The member with visits on these days (the vector of DOMAIN §5 without any); `files` in place of its own."""
    given = {
        "membership_plans": PLANS,
        "membership_benefits": BENEFITS,
        "memberships": [MEMBER],
        "appointments": booked(*(days or NOVEMBER + DECEMBER)),
    }
    load(engine, folder, **given | files)


def rows(engine: Engine, as_of: datetime = AS_OF, **more: Any) -> tuple[MembershipRow, ...]:
    with reader(engine) as session:
        return memberships(session, location_id=None, as_of=as_of, **more).rows


def rows_as_json(engine: Engine, as_of: datetime = AS_OF) -> list[dict[str, Any]]:
    with reader(engine) as session:
        return as_json(memberships(session, location_id=None, as_of=as_of))["rows"]


def said(engine: Engine, as_of: datetime = AS_OF) -> list[tuple[str, int | None, tuple[str, ...]]]:
    return [(row.state, row.over, row.excess_appointment_ids) for row in rows(engine, as_of)]


def key_of(engine: Engine, appointment_id: str) -> int:
    with reader(engine) as session:
        found = session.exec(select(Appointment.id).where(Appointment.external_id == appointment_id)).one()
    assert found is not None
    return found


def hired(engine: Engine, role: str = "front desk") -> Identity:
    """Somebody of the practice, as commands are given them."""
    with transaction(engine) as session:
        staff = add_staff(
            session, None, username="dana", display_name="Dana Desk", role=role, password_hash="x"
        )
        return Identity(1, staff.id or 0, "dana", "Dana Desk", role)
