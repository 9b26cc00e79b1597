"""At night: a patient and a stranger wait equally long for their answer, so that nobody can ask the clock who is one."""

import statistics
import time
from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import select

from core.booking.models import Booking, Known
from core.patients.models import Patient
from core.store.engine import reader, transaction
from dashboard.web import limits
from tests.booking.office import ANA, Office
from tests.booking.test_pages import FORM, press_first_time
from tests.web.outside import public_site

ROUNDS, PATIENTS = 200, 3_000
STRANGER = FORM | {"first_name": "Ada", "email": "ada@mail.example", "mobile": "(303) 555-0199"}


@pytest.fixture
def visitor(office: Office) -> Iterator[httpx.Client]:
    with public_site(office.engine) as one:
        yield one


@pytest.mark.night
def test_the_answer_to_a_patient_and_to_a_stranger_takes_as_long_within_five_percent(
    office: Office, visitor: httpx.Client
) -> None:
    """Both give their details again and again at a time of their own, in turn; the medians are compared."""
    office.patient(first_name="Ana", last_name="Ruiz", email=ANA.email, mobile_phone="+13035550101")
    with transaction(office.engine) as session:
        session.add_all(
            Patient(
                connection_id=office.ehr, external_id=f"N{number}", first_name=f"N{number}", last_name="Other"
            )
            for number in range(PATIENTS)
        )
    slug = office.offer()
    visits = [(press_first_time(visitor, slug), form) for form in (FORM, STRANGER)]
    took: list[list[float]] = [[], []]
    for turn in range(ROUNDS):
        limits.forget()
        order = (0, 1) if turn % 2 else (1, 0)
        for who in order:
            address, form = visits[who]
            began = time.perf_counter()
            answer = visitor.post(f"{address}/details", data=form)
            took[who].append(time.perf_counter() - began)
            assert answer.status_code == 303
    with reader(office.engine) as session:
        assert set(session.exec(select(Booking.known))) == {Known.MATCHED, Known.NEW}
    known, unknown = (statistics.median(each[10:]) for each in took)
    print(f"known {known * 1000:.2f} ms, unknown {unknown * 1000:.2f} ms, {known / unknown - 1:+.1%}")
    assert abs(known / unknown - 1) < 0.05
