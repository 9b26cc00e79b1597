"""A member's own visits are free up to the limit, and only a code tells that somebody is one."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from core import clock
from core.booking.costs import Charge
from core.booking.members import WRONG, WrongCode, ask_for_code, show_code
from core.booking.models import BookingState
from core.connections.commands import connect
from core.memberships.models import Membership, MembershipBenefit, MembershipPlan
from core.messages.models import Message
from core.schedule.models import AppointmentType
from core.store.engine import reader, transaction
from tests.booking.office import ZONE, Office
from tests.booking.test_money import HERS


@pytest.fixture
def member(office: Office) -> str:
    """Ana, a member with one massage a month, and e-mail connected. The slug of the type."""
    slug = office.offer(members_free=True)
    patient_id = office.patient(**HERS)
    with transaction(office.engine) as session:
        connect(
            session,
            kind="email",
            name="E-mail",
            settings={"host": "127.0.0.1", "port": "9", "security": "none", "sender": "desk@maple.example"},
            secrets={},
        )
        kind = session.exec(select(AppointmentType)).one()
        kind.service_class = "massage"
        session.add(kind)
        own = {"connection_id": office.ehr, "external_id": "M1"}
        plan = MembershipPlan(**own, name="Wellness", price_cents=9_900, period="month")
        session.add(plan)
        session.flush()
        session.add(MembershipBenefit(**own, membership_plan_id=plan.id, service_class="massage", visits=1))
        start = clock.today(ZONE) - timedelta(days=90)
        session.add(
            Membership(
                **own, patient_id=patient_id, membership_plan_id=plan.id, start_date=start, status="active"
            )
        )
    return slug


def code_sent(office: Office) -> str:
    with reader(office.engine) as session:
        bodies = session.exec(select(Message.body).where(Message.subject != "")).all()
        return next(found[1] for body in reversed(bodies) if (found := re.search(r"is (\d{6})\.", body)))


def asked(office: Office, token: str) -> None:
    with transaction(office.engine) as session:
        ask_for_code(session, token)


def shown(office: Office, token: str, code: str) -> str:
    with transaction(office.engine) as session:
        try:
            return show_code(session, token, code).words
        except WrongCode as error:
            return error.sentence


def test_a_members_visit_is_free_after_the_code_and_the_next_one_shows_its_price(
    office: Office, member: str
) -> None:
    times = office.times(member)
    first, second = office.hold(member, times[0]), office.hold(member, times[1])
    for token in (first, second):
        assert office.say(token).amount_cents == 6_000
        asked(office, token)
        shown(office, token, code_sent(office))
    assert office.booking(first).state == BookingState.BOOKED
    assert office.booking(first).prepaid_why == "A member's visit: visit 1 of 1."
    beyond = office.booking(second)
    assert (beyond.state, beyond.charge, beyond.amount_cents) == (BookingState.HELD, Charge.FULL, 6_000)
    assert "Beyond the membership" in beyond.prepaid_why
    office.pay(second)
    assert office.booking(second).state == BookingState.BOOKED


def test_a_wrong_code_and_a_stranger_read_the_same_and_tries_run_out(office: Office, member: str) -> None:
    token = office.hold(member)
    office.say(token)
    asked(office, token)
    right = code_sent(office)
    wrong = "000000" if right != "000000" else "111111"
    assert {shown(office, token, wrong) for _ in range(5)} == {WRONG}
    with pytest.raises(Exception, match="not the one we sent"):
        shown(office, token, right)
    stranger = office.hold(member)
    with transaction(office.engine) as session:
        from core.booking.details import give_details
        from tests.booking.office import ANA

        give_details(session, stranger, ANA._replace(first_name="Eve", email="eve@mail.example"))
    asked(office, stranger)
    assert shown(office, stranger, right) == WRONG
    assert office.booking(stranger).state == BookingState.HELD
