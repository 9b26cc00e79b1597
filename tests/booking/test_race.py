"""People race for times while cards are declined, answers are lost and servers die: never one without the other."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.booking.commands import save_hours
from core.booking.free_times import Stretch
from core.booking.models import BookedPlace, Booking, BookingCharge, BookingState, ChargeState
from core.store.engine import reader, transaction
from tests.booking.office import OWNER, ZONE, Office, open_office
from tests.booking.racing import Race
from tests.sandbox.running import Sandbox


def race(
    engine: Engine, sandbox: Sandbox, *, seed: int, people: int, slots: int, kills: int, seconds: float = 150
) -> None:
    office = open_office(engine, sandbox)
    day = clock.today(ZONE) + timedelta(days=3)
    week = [Stretch(day.weekday(), 8 * 60, 8 * 60 + 30 * slots)]
    with transaction(engine) as session:
        save_hours(session, OWNER, provider_id=office.providers[0], location_id=office.place, stretches=week)
    run = Race(office, office.offer(days_ahead=7), seed, people, slots)
    assert len(office.times(run.slug, days=7)) == slots
    run.run(servers=2, kills=kills, seconds=seconds)
    check(office, run)
    assert run.killed == kills


def check(office: Office, run: Race) -> None:
    """Appointments = kept charges; every other charge void, refunded or declined; no time twice; an answer for all."""
    with reader(office.engine) as session:
        booked = session.exec(select(Booking).where(Booking.state == BookingState.BOOKED)).all()
        accepted = session.exec(
            select(BookingCharge).where(BookingCharge.state == ChargeState.ACCEPTED)
        ).all()
        places = session.exec(select(BookedPlace.booking_id)).all()
        said = f"seed {run.seed}: {Counter(run.answers.values())}"
        assert len(run.answers) == run.people, said
        assert len(booked) == len({each.starts_at for each in booked}) == run.slots, said
        assert sorted(each.booking_id for each in accepted) == sorted(each.id or 0 for each in booked), said
        assert {each.id for each in booked} <= set(places)
        refs = {each.payment_ref for each in accepted}
    made = office.transactions()
    given_back = {each["transaction_api_id"] for each in made if each["type_id"] == 30}
    kept = {each["id"] for each in made if each["status_code"] == 101 and each["type_id"] != 30}
    assert given_back == set(), said  # nothing is settled yet: what goes back is void
    assert kept == refs, said
    assert {each["status_code"] for each in made} <= {101, 201, 301}, said
    assert Counter(run.answers.values())["booked"] == run.slots, said
    assert run.odd == [], said


@pytest.mark.kills
@pytest.mark.both_stores
@pytest.mark.parametrize("seed", [3])
def test_six_people_for_two_times_while_a_server_dies(store: Engine, sandbox: Sandbox, seed: int) -> None:
    race(store, sandbox, seed=seed, people=6, slots=2, kills=1)


@pytest.mark.night
@pytest.mark.parametrize("seed", range(50))
def test_two_hundred_people_for_twenty_times(store: Engine, sandbox: Sandbox, seed: int) -> None:
    race(store, sandbox, seed=seed, people=200, slots=20, kills=10, seconds=3_000)
