"""What strangers can do at /book: no 5xx, no row, no charge, and no word of who is a patient."""

import re
import socket
import string
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from core import clock
from core.booking.commands import save_booking_rules
from core.booking.holding import sweep
from core.booking.models import Booking, BookingCharge
from core.jobs.housekeeping import tidy
from core.outbox.models import OutboxRow
from core.store.engine import reader, transaction
from dashboard.web import limits
from dashboard.web.booking import parts
from tests.booking.office import ANA, OWNER, Office
from tests.booking.test_pages import FORM, press_first_time
from tests.web.outside import public_site

PATHS = (
    "/book",
    "/book/massage",
    "/book/nothing",
    "/book/visit/x",
    "/book/visit/x/details",
    "/book/visit/x/pay",
    "/book/visit/x/paid",
    "/book/visit/x/cancel",
    "/book/visit/x/move",
    "/book/visit/x/code",
    "/book/visit/x/appointment.ics",
)
NAMES = (
    "at",
    "stamp",
    "website",
    "first_name",
    "birth_date",
    "ticket",
    "email",
    "mobile",
    "code",
    "by",
    "from",
)


@pytest.fixture
def visitor(office: Office) -> Iterator[httpx.Client]:
    with public_site(office.engine) as one:
        yield one


def counted(engine: Engine) -> tuple[int, int, int]:
    def count(session: Session, model: type) -> int:
        return session.exec(select(func.count()).select_from(model)).one()

    with reader(engine) as session:
        return count(session, Booking), count(session, BookingCharge), count(session, OutboxRow)


anything = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    (
        "2026-12-01T10:00:00+00:00 p1-1",
        "p1-1",
        "9" * 400,
        "' OR 1=1 --",
        "<script>",
        "\0",
        "%00",
        "2026-13-45",
    )
)
requests = st.tuples(
    st.sampled_from(("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")),
    st.sampled_from(PATHS) | st.text(string.printable, max_size=30).map(lambda tail: f"/book/{tail}"),
    st.dictionaries(st.sampled_from(NAMES), anything, max_size=4),
    st.dictionaries(st.sampled_from(NAMES), anything, max_size=4),
    st.sampled_from((None, b"", b"\xff\xfe&&&===", b"a=" + b"x" * 9_000, b"&" * 400)),
)


def fuzz(office: Office, visitor: httpx.Client, examples: int) -> None:
    office.offer()
    before = counted(office.engine)

    @given(requests)
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    def knock(one: tuple[str, str, dict[str, str], dict[str, str], bytes | None]) -> None:
        method, path, query, form, raw = one
        limits.forget()
        try:
            url = httpx.URL(str(visitor.base_url)).copy_with(path=path).copy_merge_params(query)
        except httpx.InvalidURL:
            return
        body = {"content": raw} if raw is not None else {"data": form}
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = visitor.request(method, url, headers=kind, **body)  # type: ignore[arg-type]
        assert answer.status_code < 500, (one, answer.status_code)

    knock()
    assert counted(office.engine) == before
    assert office.transactions() == []


def test_fuzzed_requests_make_no_row_no_charge_and_no_error(office: Office, visitor: httpx.Client) -> None:
    fuzz(office, visitor, 60)


@pytest.mark.night
def test_ten_thousand_fuzzed_requests(office: Office, visitor: httpx.Client) -> None:
    fuzz(office, visitor, 10_000)


def test_garbage_at_a_held_booking_charges_nothing_and_is_no_error(
    office: Office, visitor: httpx.Client
) -> None:
    address = press_first_time(visitor, office.offer())
    visitor.post(f"{address}/details", data=FORM)
    steps = ("details", "pay", "paid", "move", "code", "appointment.ics", "nothing")

    @given(
        st.sampled_from(steps), st.dictionaries(st.sampled_from(NAMES), anything, max_size=4), st.booleans()
    )
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def knock(step: str, form: dict[str, str], post: bool) -> None:
        limits.forget()
        # a well-formed ticket is the frame's business, and is refused by the processor
        form.pop("ticket", None)
        answer = visitor.post(f"{address}/{step}", data=form) if post else visitor.get(f"{address}/{step}")
        assert answer.status_code < 500

    knock()
    assert counted(office.engine) == (1, 0, 0)
    assert office.transactions() == []


def test_a_patient_and_a_stranger_get_the_same_answers_to_the_byte(
    office: Office, visitor: httpx.Client
) -> None:
    office.patient(first_name="Ana", last_name="Ruiz", email=ANA.email, mobile_phone="+13035550101")
    slug = office.offer()
    seen = []
    for form in (FORM, FORM | {"first_name": "Ada", "email": "ada@mail.example", "mobile": "(303) 555-0199"}):
        address = press_first_time(visitor, slug)
        answers = [
            visitor.post(f"{address}/details", data=form),
            visitor.get(address),
            visitor.get(f"{address}/details"),
        ]
        seen.append([plain(each, address, form) for each in answers])
    assert seen[0] == seen[1]
    assert len({row.known for row in bookings(office)}) == 2  # the desk does know the difference


def bookings(office: Office) -> list[Booking]:
    with reader(office.engine) as session:
        rows = list(session.exec(select(Booking)))
        session.expunge_all()
        return rows


def plain(answer: httpx.Response, address: str, form: dict[str, str]) -> tuple[int, str]:
    """An answer without what the visitor themselves chose or typed: the address, the time, the fields."""
    text = answer.text + answer.headers.get("location", "")
    for own in (address, *sorted(form.values(), key=len, reverse=True), "+13035550101", "+13035550199"):
        text = text.replace(own, "…")
    text = re.sub(r"<strong>[^<]*(AM|PM)</strong>|until [0-9:]+ [AP]M|data-left=\"\d+\"", "…", text)
    return answer.status_code, text


def test_a_form_that_we_did_not_make_and_a_filled_trap_take_no_time(
    office: Office, visitor: httpx.Client
) -> None:
    slug = office.offer()
    page = visitor.get(f"/book/{slug}").text
    at = re.search(r'name="at" value="([^"]+)"', page)
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)
    assert at
    assert stamp
    for form in (
        {"at": at[1]},
        {"at": at[1], "stamp": "x"},
        {"at": at[1], "stamp": stamp[1], "website": "spam"},
    ):
        assert visitor.post(f"/book/{slug}", data=form).status_code == 400
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    form = {"at": at[1], "stamp": stamp[1]}
    assert visitor.post(f"/book/{slug}", data=form, headers=elsewhere).status_code == 403
    assert counted(office.engine) == (0, 0, 0)


def test_only_the_named_hosts_may_frame_the_pages_and_only_the_pages_of_booking(
    office: Office, visitor: httpx.Client
) -> None:
    office.offer()
    assert "frame-ancestors 'none'" in visitor.get("/book").headers["content-security-policy"]
    with transaction(office.engine) as session:
        save_booking_rules(
            session, OWNER, no_shows_prepay=None, days_ahead_prepay=None, frame_hosts=["www.maple.example"]
        )
    for path in ("/book", "/book/massage", "/book/visit/x"):
        policy = visitor.get(path).headers["content-security-policy"]
        assert "frame-ancestors https://www.maple.example;" in policy
        assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in visitor.get("/signin").headers["content-security-policy"]


def test_nothing_of_the_patient_stands_in_an_address(office: Office, visitor: httpx.Client) -> None:
    address = press_first_time(visitor, office.offer())
    answer = visitor.post(f"{address}/details", data=FORM)
    told = address + answer.headers["location"]
    assert not any(value in told for value in FORM.values())
    assert visitor.get(address).headers["referrer-policy"] == "same-origin"


def test_one_address_cannot_hold_every_time(office: Office, visitor: httpx.Client) -> None:
    slug = office.offer()
    for _ in range(5):
        press_first_time(visitor, slug)
    page = visitor.get(f"/book/{slug}").text
    at, stamp = (
        re.search(r'name="at" value="([^"]+)"', page),
        re.search(r'name="stamp" value="([^"]+)"', page),
    )
    assert at
    assert stamp
    answer = visitor.post(f"/book/{slug}", data={"at": at[1], "stamp": stamp[1]})
    assert answer.status_code == 409
    assert "hold several times" in answer.text


def test_one_phone_books_for_a_family_and_not_for_a_town(office: Office) -> None:
    from core.booking.costs import Charge
    from core.booking.details import BookingOver

    slug = office.offer("Talk", charge=Charge.NOTHING)
    for _ in range(6):
        office.say(office.hold(slug))
    with pytest.raises(BookingOver, match="phone number"):
        office.say(office.hold(slug))


def test_a_body_that_never_comes_is_not_waited_for(
    office: Office, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "BODY_SECONDS", 0.3)
    host, port = visitor.base_url.host, visitor.base_url.port or 80
    with socket.create_connection((host, port), timeout=10) as line:
        head = f"POST /book/massage HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 50\r\n\r\nat="
        line.sendall(head.encode())
        assert line.recv(64).startswith(b"HTTP/1.1 400")


def test_who_held_a_time_and_never_booked_is_forgotten_after_a_month(office: Office) -> None:
    token = office.hold(office.offer())
    office.say(token)
    with clock.frozen(clock.now() + timedelta(minutes=11)), transaction(office.engine) as session:
        sweep(session, None, clock.now())
    with clock.frozen(clock.now() + timedelta(days=29)):
        assert tidy(office.engine)["people who did not book"] == 0
    with clock.frozen(clock.now() + timedelta(days=31)):
        assert tidy(office.engine)["people who did not book"] == 1
    gone = office.booking(token)
    assert (gone.last_name, gone.email, gone.mobile_phone, gone.birth_date) == ("", None, None, None)
