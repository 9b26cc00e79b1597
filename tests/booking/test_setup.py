"""Setting online booking up: what is missing is said, and nothing can be booked before it is there."""

import pytest
from sqlalchemy import Engine

from core import clock
from core.booking.commands import (
    add_day_off,
    assign_providers,
    offer_type,
    save_booking_rules,
    save_hours,
    switch_booking,
    turn_type,
)
from core.booking.costs import Charge
from core.booking.free_times import Stretch
from core.booking.missing import Lack
from core.booking.reports import booking_setup
from core.errors import BadInput, NotAllowed
from core.permissions import Identity
from core.store.engine import reader, transaction
from tests.booking.office import OWNER, ZONE, Office, open_office

DESK = Identity(2, 1, "dana", "Dana", "front desk")


@pytest.fixture
def office(sqlite_store: Engine) -> Office:
    return open_office(sqlite_store)


def test_a_type_without_a_provider_cannot_be_switched_on(office: Office) -> None:
    slug = office.offer(charge=Charge.NOTHING)
    with transaction(office.engine) as session:
        assign_providers(session, OWNER, online_type_id=office.types[slug], provider_ids=[])
    with (
        pytest.raises(BadInput, match="has no provider"),
        transaction(office.engine) as session,
    ):
        turn_type(session, OWNER, online_type_id=office.types[slug], on=True)
    with reader(office.engine) as session:
        [row] = booking_setup(session).types
    assert [each.lack for each in row.missing] == [Lack.PROVIDER]
    assert not row.is_on


def test_what_charges_needs_a_price_and_a_processor(office: Office) -> None:
    slug = office.offer(charge=Charge.NOTHING)
    with pytest.raises(BadInput, match="No card processor"):
        office.offer("Exam", charge=Charge.FULL)
    with pytest.raises(BadInput, match="has no price"):
        office.offer("Gift", price=0, charge=Charge.FULL)
    assert office.times(slug)


def test_stopping_takes_every_time_away_at_once(office: Office) -> None:
    slug = office.offer(charge=Charge.NOTHING)
    with transaction(office.engine) as session:
        switch_booking(session, OWNER, on=False)
    with pytest.raises(Exception, match="cannot be booked online"):
        office.times(slug)


def test_a_day_off_has_no_times(office: Office) -> None:
    slug = office.offer(charge=Charge.NOTHING)
    day = clock.local_date(office.times(slug)[0], ZONE)
    with transaction(office.engine) as session:
        add_day_off(session, OWNER, first_on=day, last_on=day, provider_id=office.providers[0])
    assert office.times(slug, day=day) == []


def test_only_the_owner_and_the_office_manager_set_it_up(office: Office) -> None:
    with pytest.raises(NotAllowed), transaction(office.engine) as session:
        switch_booking(session, DESK, on=False)
    with pytest.raises(NotAllowed), transaction(office.engine) as session:
        offer_type(session, DESK, appointment_type_id=1)


def test_hours_that_overlap_and_hosts_that_are_none_are_refused(office: Office) -> None:
    both = [Stretch(0, 480, 720), Stretch(0, 700, 800)]
    with pytest.raises(BadInput, match="overlap"), transaction(office.engine) as session:
        save_hours(session, OWNER, provider_id=office.providers[0], location_id=office.place, stretches=both)
    with pytest.raises(BadInput, match="not a host"), transaction(office.engine) as session:
        save_booking_rules(
            session, OWNER, no_shows_prepay=None, days_ahead_prepay=None, frame_hosts=["a b; script"]
        )


def test_a_length_that_is_not_the_ehrs_is_warned_of(office: Office) -> None:
    office.offer(charge=Charge.NOTHING, minutes=45, step_minutes=45)
    with reader(office.engine) as session:
        [row] = booking_setup(session).types
    assert row.warnings[0].startswith("The EHR plans 30 minutes")
