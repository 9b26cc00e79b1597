"""A practice that takes bookings: two providers, types on offer, Fortis at the sandbox, and a patient at a phone."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.booking.addresses import key_in, token_of
from core.booking.commands import (
    assign_providers,
    offer_type,
    save_booking_rules,
    save_hours,
    save_type,
    switch_booking,
    turn_type,
)
from core.booking.costs import Charge
from core.booking.details import Given, give_details
from core.booking.free_times import Stretch
from core.booking.holding import take_time
from core.booking.models import Booking, BookingCharge
from core.booking.offers import free, offered_type
from core.booking.paying import pay_for
from core.connections.commands import connect
from core.jobs.outbox.send_and_settle import work_outbox
from core.patients.models import Patient
from core.permissions import Identity
from core.practice.models import Location, Practice
from core.schedule.models import Appointment, AppointmentType, Provider
from core.staff.models import Staff
from core.store.engine import reader, transaction
from tests.jobs.connecting import connect_sandbox
from tests.sandbox.running import Sandbox

ZONE = "America/New_York"
OWNER = Identity(1, 1, "olivia", "Olivia", "owner")
GOOD_CARD, BAD_CARD = "4111111111111111", "4000000000009995"
ANA = Given("Ana", "Ruiz", "1984-02-29", "(303) 555-0101", "ana@mail.example", True, True)
WEEK = tuple(Stretch(day, 8 * 60, 18 * 60) for day in range(7))


@dataclass
class Office:
    """ids of what was made. types: slug → online type."""

    engine: Engine
    sandbox: Sandbox | None
    fortis: int
    ehr: int
    place: int
    providers: list[int]
    types: dict[str, int] = field(default_factory=dict)

    def offer(self, name: str = "Massage", *, price: int = 6_000, **how: Any) -> str:
        """A type on offer by every provider. Returns its slug."""
        usual: dict[str, Any] = {
            "minutes": 30, "step_minutes": 30, "notice_minutes": 0, "days_ahead": 60, "charge": Charge.FULL,
        }  # fmt: skip
        with transaction(self.engine) as session:
            kind = AppointmentType(
                connection_id=self.ehr, external_id=f"T-{name}", name=name, minutes=30, price_cents=price
            )
            session.add(kind)
            session.flush()
            row = offer_type(session, OWNER, appointment_type_id=kind.id or 0)
            save_type(session, OWNER, online_type_id=row.id or 0, **usual | how)
            assign_providers(session, OWNER, online_type_id=row.id or 0, provider_ids=self.providers)
            turn_type(session, OWNER, online_type_id=row.id or 0, on=True)
            self.types[row.slug] = row.id or 0
            return row.slug

    def times(self, slug: str, *, day: date | None = None, days: int = 1) -> list[datetime]:
        """Free times from a day on (the day after tomorrow)."""
        with reader(self.engine) as session:
            kind = offered_type(session, slug)
            first = day or clock.today(ZONE) + timedelta(days=2)
            found = free(session, kind, first, days, by=kind.providers, now=clock.now())
            return sorted({one.starts_at for one in found})

    def hold(self, slug: str, at: datetime | None = None, **how: Any) -> str:
        """Take a time; the patient's token."""
        with transaction(self.engine) as session:
            return token_of(take_time(session, slug=slug, starts_at=at or self.times(slug)[0], **how))

    def say(self, token: str, given: Given = ANA) -> Booking:
        """Give the details."""
        with transaction(self.engine) as session:
            return give_details(session, token, given)

    def ticket(self, number: str = GOOD_CARD) -> str:
        """What the processor's frame gives for a typed card."""
        assert self.sandbox is not None
        wish = {"account_number": number, "exp_date": "1230", "location_id": self.sandbox.location_id}
        return self.sandbox.request("POST", "/v1/tickets", json=wish).json()["data"]["id"]

    def pay(self, token: str, number: str = GOOD_CARD, *, work: bool = True) -> None:
        """The frame's ticket comes in, and the worker does its rounds."""
        with transaction(self.engine) as session:
            pay_for(session, token, self.ticket(number))
        if work:
            self.work()

    def work(self, rounds: int = 3) -> None:
        """The outbox until nothing moves."""
        for _ in range(rounds):
            work_outbox(self.engine)

    def booking(self, token: str = "") -> Booking:
        """The booking of a token, or the only one."""
        with reader(self.engine) as session:
            query = select(Booking).where(Booking.key == key_in(token)) if token else select(Booking)
            row = session.exec(query).first()
            assert row
            session.expunge_all()
            return row

    def charges(self) -> list[BookingCharge]:
        with reader(self.engine) as session:
            rows = list(session.exec(select(BookingCharge).order_by(BookingCharge.id)))  # type: ignore[arg-type]
            session.expunge_all()
            return rows

    def transactions(self) -> list[dict[str, Any]]:
        """What Fortis holds of online bookings: made under an order id of ours."""
        assert self.sandbox is not None
        listed = self.sandbox.request("GET", "/v1/transactions", params={"page[size]": 5000}).json()["list"]
        return [each for each in listed if each["transaction_api_id"]]

    def patient(self, **facts: Any) -> int:
        """A patient of the EHR."""
        with transaction(self.engine) as session:
            row = Patient(
                **{"connection_id": self.ehr, "external_id": "P1", "location_id": self.place} | facts
            )
            session.add(row)
            session.flush()
            return row.id or 0

    def visit(self, at: datetime, patient_id: int, **facts: Any) -> int:
        """A visit in the EHR."""
        usual = {
            "connection_id": self.ehr,
            "external_id": f"A{at.timestamp():.0f}-{patient_id}",
            "patient_id": patient_id,
            "location_id": self.place,
            "provider_id": self.providers[0],
            "starts_at": at,
            "minutes": 30,
            "status": "scheduled",
        }
        with transaction(self.engine) as session:
            row = Appointment(**usual | facts)
            session.add(row)
            session.flush()
            return row.id or 0


def open_office(engine: Engine, sandbox: Sandbox | None = None, *, providers: int = 1) -> Office:
    """The practice, open for online booking, with nothing on offer yet."""
    fortis = connect_sandbox(engine, sandbox) if sandbox else 0
    with transaction(engine) as session:
        ehr = (
            connect(session, kind="practice_files", name="EHR", settings={"folder": "."}, secrets={}).id or 0
        )
        if session.get(Practice, 1) is None:
            session.add(Practice(id=1, name="Maple Street Chiropractic"))
            session.flush()
        session.add(
            Staff(
                id=1,
                username="olivia",
                display_name="Olivia",
                role="owner",
                password_hash="x",
                created_at=clock.now(),
            )
        )
        session.flush()
        place = Location(
            connection_id=ehr, external_id="L1", name="Maple Street", time_zone=ZONE, phone="+13035550100"
        )
        session.add(place)
        session.flush()
        ids = []
        for number in range(1, providers + 1):
            row = Provider(
                connection_id=ehr,
                external_id=f"D{number}",
                name=f"Dr. {chr(64 + number)}",
                location_id=place.id,
            )
            session.add(row)
            session.flush()
            ids.append(row.id or 0)
            save_hours(session, OWNER, provider_id=row.id or 0, location_id=place.id or 0, stretches=WEEK)
        save_booking_rules(session, OWNER, no_shows_prepay=None, days_ahead_prepay=None)
        switch_booking(session, OWNER, on=True)
        return Office(engine, sandbox, fortis, ehr, place.id or 0, ids)
