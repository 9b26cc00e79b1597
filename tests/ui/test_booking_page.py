"""The online booking page: setting a type up, hours, and what the desk sees and does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from core.booking.commands import offer_type
from core.booking.letters import hour
from core.booking.missing import Lack
from core.booking.models import BookingSwitch, OnlineType, PrepayByName, ProviderHours
from core.booking.reports import TypeRow, booking_setup
from core.jobs.booking.tend import tend_bookings
from core.permissions import Identity
from core.schedule.models import Appointment
from core.settings import settings
from core.staff.models import Staff
from core.store.engine import reader, transaction
from dashboard.ui.booking.setup_tab import pays_words, qr_code, type_row
from tests.booking.office import ZONE, Office, open_office
from tests.browser.practice import practice_store
from tests.sandbox.running import run_sandbox
from tests.ui.test_pages import opened


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("booking"))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def words(app: AppTest) -> str:
    assert not app.exception
    shown = [*app.markdown, *app.warning, *app.success, *app.error, *app.info]
    return "\n".join(str(one.value) for one in shown)


def offered(practice: Engine) -> TypeRow:
    """The practice's first type, offered by the owner."""
    with transaction(practice) as session:
        person = session.exec(select(Staff).where(Staff.username == "owner")).one()
        who = Identity(1, person.id or 0, "owner", "Olga", "owner")
        offer_type(session, who, appointment_type_id=booking_setup(session).types[0].appointment_type_id)
    with reader(practice) as session:
        return next(row for row in booking_setup(session).types if row.online_type_id)


def test_the_set_up_says_what_is_missing_and_what_a_type_lacks(practice: Engine) -> None:
    row = offered(practice)
    said = words(opened(practice, "booking", "owner", tab="Set-up"))
    assert "missing before patients can book" in said
    assert "no provider" in said.replace("\\", "")
    assert {one.lack for one in row.missing} == {Lack.PROVIDER}


def test_a_type_without_a_provider_cannot_be_switched_on(practice: Engine) -> None:
    row = offered(practice)
    app = opened(practice, "booking", "owner", tab="Set-up")
    app.session_state["open online type"] = (row.online_type_id, None)
    app.run()
    app.button(f"on {row.online_type_id}").click().run()
    assert "Assign at least one" in words(app)
    with reader(practice) as session:
        assert not session.get_one(OnlineType, row.online_type_id).is_on


def test_the_hours_of_a_provider_are_kept_for_the_whole_week(practice: Engine) -> None:
    app = opened(practice, "booking", "owner", tab="Hours")
    provider, place = app.selectbox("hours provider").value, app.selectbox("hours place").value
    app.toggle(f"hours {provider} {place} 0 on").set_value(True).run()
    app.button("save hours").click().run()
    assert not app.error
    with reader(practice) as session:
        kept = session.exec(select(ProviderHours).where(ProviderHours.provider_id == provider)).one()
        assert (kept.weekday, kept.starts_minute, kept.ends_minute) == (0, 9 * 60, 17 * 60)


def test_the_desk_sees_bookings_but_not_the_set_up(practice: Engine) -> None:
    app = opened(practice, "booking", "front.desk")
    assert [tab.label for tab in app.tabs] == ["Bookings"]
    assert not [one for one in app.button if one.key == "switch online booking"]


def test_booking_is_stopped_at_once_and_opened_again(practice: Engine) -> None:
    app = opened(practice, "booking", "owner")
    for is_on in (True, False, True):
        app.button("switch online booking").click().run()
        assert not app.exception
        with reader(practice) as session:
            assert session.exec(select(BookingSwitch)).one().is_on is is_on


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"charge": "nothing"}, "Nothing"),
        ({"charge": "deposit", "deposit_cents": 6_000}, "$60 deposit"),
        ({"charge": "full price", "price_cents": 8_500}, "$85 before booking"),
        ({"charge": "hold", "price_cents": None}, "no price held until the visit"),
        ({"charge": "card on file"}, "Card on file"),
    ],
)
def test_a_row_says_what_the_patient_pays(practice: Engine, changed: dict[str, object], said: str) -> None:
    assert pays_words(replace(offered(practice), **changed)) == said  # type: ignore[arg-type]


def test_a_type_that_is_not_offered_says_so_quietly(practice: Engine) -> None:
    drawn = type_row(replace(offered(practice), online_type_id=None, missing=()), {})
    assert (drawn["quiet"], drawn["severity"]) == (True, "")


def test_the_qr_code_is_a_picture() -> None:
    assert qr_code("https://clinic.example/book").startswith(b"\x89PNG")


@pytest.fixture
def office(sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A practice with one paid booking, on a store of its own."""
    monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    with run_sandbox(tmp_path) as sandbox:
        made = open_office(sqlite_store, sandbox)
        token = made.hold(made.offer(cutoff_hours=24 * 7))
        made.say(token)
        made.pay(token)
        yield made
    settings.cache_clear()


def drawer(office: Office) -> AppTest:
    app = opened(office.engine, "booking", "olivia")
    app.session_state["open booking"] = {"key": str(office.booking().id)}
    return app.run()


def test_the_desk_moves_a_booking_and_nothing_is_charged(office: Office) -> None:
    app = drawer(office)
    number = office.booking().id
    app.selectbox(f"move time {number}").select_index(3).run()
    wanted = app.selectbox(f"move time {number}").value
    app.button(f"move {number}").click().run()
    assert not app.exception
    assert hour(office.booking().starts_at, ZONE).lower() in wanted
    office.work()
    assert len(office.transactions()) == 1


def test_what_was_kept_of_a_late_cancellation_is_given_back_at_the_desk(office: Office) -> None:
    at = office.booking().starts_at
    patient_id = office.patient(first_name="Ana", last_name="Ruiz", email="ana@mail.example")
    visit_id = office.visit(at, patient_id)
    tend_bookings(office.engine)
    with transaction(office.engine) as session:
        session.get_one(Appointment, visit_id).status = "cancelled"
    tend_bookings(office.engine)
    app = drawer(office)
    assert "was kept" in words(app)
    number = office.booking().id
    app.text_input(f"refund why {number}").input("the provider was ill")
    app.button(f"give back {number}").click().run()
    assert not app.exception
    office.work()
    assert [each["status_code"] for each in office.transactions()] == [201]


def test_somebody_is_bound_to_prepay_by_name_and_let_off_again(office: Office) -> None:
    patient_id = office.patient(first_name="Annie", last_name="Ruiz-Old", search_name="annie ruiz-old")
    number = office.booking().id
    app = drawer(office)
    app.text_input(f"whom {number}").set_value("old annie").run()
    app.button(f"whom {number} It is them {patient_id}").click().run()
    assert not app.exception
    assert office.booking().patient_id == patient_id
    app.segmented_control(f"prepay {patient_id}").select(True).run()
    assert not app.exception
    setup = opened(office.engine, "booking", "olivia", tab="Set-up")
    assert "always prepays" in words(setup)
    setup.button(f"prepay away {patient_id}").click().run()
    assert not setup.exception
    with reader(office.engine) as session:
        assert session.get(PrepayByName, patient_id) is None


def test_what_is_missing_has_a_button_each(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what belongs to no type: opening, offering a first type, and the public address."""
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", "")
    settings.cache_clear()
    with transaction(practice) as session:
        for row in session.exec(select(OnlineType)):
            session.delete(row)
        switch = session.exec(select(BookingSwitch)).first()
        if switch is not None:
            switch.is_on = False
    app = opened(practice, "booking", "owner", tab="Set-up")
    with reader(practice) as session:
        kinds = booking_setup(session).types
    assert {f"offer {kind.appointment_type_id}" for kind in kinds} <= {one.key for one in app.button}
    assert "HUDDLE_PUBLIC_URL" in words(app)
    next(one for one in app.button if one.label == "Open online booking").click().run()
    with reader(practice) as session:
        assert session.exec(select(BookingSwitch)).one().is_on
