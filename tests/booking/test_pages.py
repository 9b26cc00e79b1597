"""The patient's pages over real HTTP: type, time, details, payment, and what is said at each step."""

import re
from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import select

from core.booking.commands import switch_booking
from core.booking.costs import Charge
from core.booking.models import Booking, BookingState
from core.store.engine import reader, transaction
from tests.booking.office import ANA, OWNER, Office
from tests.web.outside import public_site
from tests.web.running import PASSWORD, staff_with_role

FORM = {
    "first_name": ANA.first_name,
    "last_name": ANA.last_name,
    "birth_date": ANA.birth_date,
    "mobile": ANA.mobile,
    "email": ANA.email,
}


@pytest.fixture
def visitor(office: Office) -> Iterator[httpx.Client]:
    with public_site(office.engine) as one:
        yield one


def press_first_time(visitor: httpx.Client, slug: str) -> str:
    """Take the first time on the page. The booking's address."""
    page = visitor.get(f"/book/{slug}").text
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)
    at = re.search(r'name="at" value="([^"]+)"', page)
    assert stamp
    assert at
    answer = visitor.post(f"/book/{slug}", data={"stamp": stamp[1], "at": at[1], "website": ""})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_patient_books_and_pays_on_the_pages(office: Office, visitor: httpx.Client) -> None:
    slug = office.offer()
    assert "Massage" in visitor.get("/book").text
    address = press_first_time(visitor, slug)
    assert "Who is it for?" in visitor.get(address).text
    assert visitor.post(f"{address}/details", data=FORM).status_code == 303
    assert "Pay $60" in visitor.get(address).text
    assert visitor.post(f"{address}/pay").headers["location"] == f"{address}/pay"
    frame = visitor.get(f"{address}/pay")
    assert 'id="card"' in frame.text
    assert visitor.post(f"{address}/paid", data={"ticket": office.ticket()}).status_code == 303
    paying = visitor.get(address)
    assert paying.headers["refresh"] == "2"
    office.work()
    booked = visitor.get(address).text
    assert "You are booked" in booked
    assert "You paid $60." in booked
    assert visitor.get(f"{address}/appointment.ics").text.startswith("BEGIN:VCALENDAR")


def test_a_double_press_takes_one_time_and_leads_to_the_same_page(
    office: Office, visitor: httpx.Client
) -> None:
    slug = office.offer("Talk", charge=Charge.NOTHING)
    page = visitor.get(f"/book/{slug}").text
    stamp, at = (re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("stamp", "at"))
    assert stamp
    assert at
    form = {"stamp": stamp[1], "at": at[1], "website": ""}
    first, second = (visitor.post(f"/book/{slug}", data=form) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    address = first.headers["location"]
    assert [visitor.post(f"{address}/details", data=FORM).status_code for _ in range(2)] == [303, 303]
    assert "You are booked" in visitor.get(address).text
    with reader(office.engine) as session:
        assert len(session.exec(select(Booking)).all()) == 1


def test_a_free_type_is_booked_by_the_details(office: Office, visitor: httpx.Client) -> None:
    address = press_first_time(visitor, office.offer("Talk", charge=Charge.NOTHING))
    assert visitor.post(f"{address}/details", data=FORM).status_code == 303
    assert "You are booked" in visitor.get(address).text
    assert office.booking().state == BookingState.BOOKED
    assert office.transactions() == []


def test_no_box_is_ticked_for_the_patient_and_what_is_wrong_is_said(
    office: Office, visitor: httpx.Client
) -> None:
    address = press_first_time(visitor, office.offer())
    page = visitor.get(address).text
    assert "checked" not in page
    assert "You pay $60 now." in page
    answer = visitor.post(f"{address}/details", data=FORM | {"mobile": "12"})
    assert answer.status_code == 422
    assert "mobile number" in answer.text
    assert ANA.email in answer.text


def test_choosing_another_time_lets_go_of_the_first_and_leads_back_to_the_times(
    office: Office, visitor: httpx.Client
) -> None:
    slug = office.offer()
    address = press_first_time(visitor, slug)
    answer = visitor.post(f"{address}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/book/{slug}")
    assert office.booking().state == BookingState.CANCELLED


def test_a_patient_moves_a_paid_visit_on_the_pages(office: Office, visitor: httpx.Client) -> None:
    slug = office.offer(cutoff_hours=0)
    token = office.hold(slug)
    office.say(token)
    office.pay(token)
    page = visitor.get(f"/book/visit/{token}/move").text
    assert "What you paid stays paid" in page
    at = re.findall(r'name="at" value="([^"]+)"', page)[-1]
    assert visitor.post(f"/book/visit/{token}/move", data={"at": at}).status_code == 303
    assert office.booking(token).starts_at.isoformat() == at.split(" ")[0]
    assert len(office.transactions()) == 1


def test_who_sets_booking_up_sees_the_pages_before_patients_do(office: Office, visitor: httpx.Client) -> None:
    slug = office.offer("Talk", charge=Charge.NOTHING)
    with transaction(office.engine) as session:
        switch_booking(session, OWNER, on=False)
    assert "This is how patients see it" not in visitor.get("/book?preview=1").text
    assert visitor.get(f"/book/{slug}?preview=1").status_code == 404
    staff_with_role(office.engine, "office manager")
    signed_in = visitor.post(
        "/signin", data={"username": "office.manager", "password": PASSWORD, "next": "/"}
    )
    assert signed_in.status_code == 303
    seen = visitor.get("/book?preview=1").text
    assert "This is how patients see it" in seen
    assert f"/book/{slug}?preview=1" in seen
    times = visitor.get(f"/book/{slug}?preview=1").text
    assert "disabled" in times
    stamp, at = (re.search(rf'name="{name}" value="([^"]+)"', times) for name in ("stamp", "at"))
    assert stamp
    assert at
    answer = visitor.post(f"/book/{slug}?preview=1", data={"stamp": stamp[1], "at": at[1]})
    assert answer.status_code == 404
    with reader(office.engine) as session:
        assert session.exec(select(Booking)).all() == []
