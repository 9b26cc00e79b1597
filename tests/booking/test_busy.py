"""What takes a provider's time: visits of every source that syncs, also those that name nobody."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.booking.costs import Charge
from core.booking.holding import TimeTaken
from core.connections.commands import connect
from core.jobs.booking.tend import tend_bookings
from core.schedule.models import Provider
from core.store.engine import transaction
from tests.booking.office import Office, open_office
from tests.booking.test_money import HERS


@pytest.fixture
def office(sqlite_store: Engine) -> Office:
    return open_office(sqlite_store)


def test_a_visit_in_another_source_takes_the_time_of_the_same_provider(office: Office) -> None:
    slug = office.offer(charge=Charge.NOTHING)
    first, second = office.times(slug)[:2]
    with transaction(office.engine) as session:
        other = connect(session, kind="fhir", name="Second EHR", settings={"folder": "."}, secrets={}).id or 0
        twin = Provider(connection_id=other, external_id="X1", name="dr.  a", location_id=office.place)
        session.add(twin)
        session.flush()
        twin_id = twin.id
    office.visit(first, office.patient(), provider_id=twin_id)
    assert office.times(slug)[0] == second


def test_a_visit_that_names_no_provider_takes_everybodys_time_there(office: Office) -> None:
    slug = office.offer(charge=Charge.NOTHING)
    first, second = office.times(slug)[:2]
    patient_id = office.patient()
    office.visit(first, patient_id, provider_id=None)
    assert office.times(slug)[0] == second
    with pytest.raises(TimeTaken):
        office.hold(slug, first)


def test_a_booking_is_found_again_in_a_visit_that_names_no_provider(office: Office) -> None:
    slug = office.offer(charge=Charge.NOTHING)
    patient_id = office.patient(**HERS)
    token = office.hold(slug)
    office.say(token)
    at = office.booking(token).starts_at
    visit_id = office.visit(at, patient_id, provider_id=None)
    tend_bookings(office.engine)
    found = office.booking(token)
    assert (found.appointment_id, found.conflict) == (visit_id, "")
    assert office.times(slug)[0] == at + timedelta(minutes=30)
