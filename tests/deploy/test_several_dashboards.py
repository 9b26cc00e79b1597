"""Two dashboards on one PostgreSQL store, alone and behind each proxy of deploy/: it does not matter which one answers."""

import contextlib
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select
from websockets.exceptions import ConnectionClosed, InvalidStatus

from core.booking.costs import Charge
from core.booking.models import BookingState
from core.inbox.models import InboxEvent
from core.links.models import LinkStep
from core.links.rules import LinkKind, Step
from core.settings import settings
from core.store.engine import open_store, reader
from tests.booking.office import Office, open_office
from tests.booking.test_pages import FORM, press_first_time
from tests.conftest import fresh_postgres
from tests.deploy.fronts import KINDS, Front, run_front
from tests.inbox.conftest import connected_key
from tests.inbox.telling import as_json, message
from tests.web.links_out import practice_with_patient, sent_link
from tests.web.running import Running, run_dashboard, staff_with_role
from tests.web.tab import open_tab

pytestmark = [pytest.mark.xdist_group("several dashboards"), pytest.mark.kills]
BACK_WITHIN = 30.0  # seconds, on a machine with other work


@dataclass
class Group:
    """Two dashboards, a proxy of each kind before both, and their store."""

    engine: Engine
    office: Office
    dashboards: list[Running]
    fronts: dict[str, Front]
    environment: dict[str, str]


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    folder = tmp_path_factory.mktemp("several")
    url = fresh_postgres()
    engine = open_store(url)
    office = open_office(engine)
    with engine.begin() as connection:  # the office's owner has a number that was not counted
        connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('staff', 'id'), 100)")
    for name in ("dana", "dora"):
        staff_with_role(engine, "front desk", name)
    environment = {"HUDDLE_TRUSTED_PROXIES": "127.0.0.1", "HUDDLE_KEY_FILE": str(settings().key_file)}
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(run_dashboard(url, **environment)) for _ in range(2)]
        ports = (_port(running[0]), _port(running[1]))
        fronts = {kind: stack.enter_context(run_front(kind, ports, folder / kind)) for kind in KINDS}
        yield Group(engine, office, running, fronts, environment)
    engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_a_person_signs_in_over_tls_stays_with_one_dashboard_and_opens_a_page(
    group: Group, kind: str
) -> None:
    front = group.fronts[kind]
    with front.sign_in("dana") as client:
        first = [client.get("/session").status_code for _ in range(6)]
        where = _kept_at(client)
        assert [client.get("/session").status_code for _ in range(6)] == first == [200] * 6
        assert _kept_at(client) == where != ""
        assert {cookie.name for cookie in client.cookies.jar if cookie.secure} >= {"__Host-sid"}
        with open_tab(client, trust=front.trust) as tab:
            assert "My account" in tab.rerun("account")


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_process_counts_is_not_shown_outside_and_plain_http_is_sent_to_tls(
    group: Group, kind: str
) -> None:
    front = group.fronts[kind]
    with front.visitor() as visitor:
        assert visitor.get("/metrics").status_code == 403
        assert visitor.get("/healthz").json()["store"] == "ok"
    answer = httpx.get(f"{front.plain_url}/book", trust_env=False)
    assert answer.status_code in {301, 308}
    assert answer.headers["location"].startswith("https://")


@pytest.mark.parametrize("kind", KINDS)
def test_another_site_opens_no_websocket_through_a_proxy(group: Group, kind: str) -> None:
    front = group.fronts[kind]
    with (
        front.sign_in("dana") as client,
        pytest.raises(InvalidStatus, match="403"),
        open_tab(client, trust=front.trust, origin="https://elsewhere.example"),
    ):
        pass


def test_one_session_is_known_to_both_and_over_at_both(group: Group) -> None:
    first, second = group.dashboards
    with first.sign_in("dana") as client, second.visitor() as other:
        other.cookies.update(client.cookies)
        assert other.get("/session").status_code == 200
        with open_tab(other) as tab:
            assert "My account" in tab.rerun("account")
            client.post("/signout")
            assert "signed out" in tab.rerun("account")
        assert other.get("/session").status_code == 303


def test_one_delivery_at_two_dashboards_is_stored_once(group: Group) -> None:
    key = connected_key(group.engine)
    for each in (group.dashboards[0].base_url, group.dashboards[1].base_url):
        assert httpx.post(f"{each}/webhooks/fortis", auth=key, **as_json(message())).status_code == 200
    for front in group.fronts.values():
        with front.visitor() as fortis:
            assert fortis.post("/webhooks/fortis", auth=key, **as_json(message())).status_code == 200
    with reader(group.engine) as session:
        assert len(session.exec(select(InboxEvent)).all()) == 1


def test_a_payment_link_is_open_at_both_and_counted_once(group: Group) -> None:
    token = sent_link(group.engine, practice_with_patient(group.engine), LinkKind.PAY)
    answers = [
        httpx.get(f"{each.base_url}/pay/{token}", headers={"user-agent": "Safari"})
        for each in group.dashboards
    ]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    with reader(group.engine) as session:
        assert len(session.exec(select(LinkStep).where(LinkStep.kind == Step.OPENED)).all()) == 1


def test_a_booking_begun_at_one_dashboard_is_completed_at_the_other(group: Group) -> None:
    slug = group.office.offer("Talk", charge=Charge.NOTHING)
    first, second = group.dashboards
    with first.visitor() as one, second.visitor() as two:
        address = press_first_time(one, slug)
        assert two.post(f"{address}/details", data=FORM).status_code == 303
        assert "You are booked" in one.get(address).text
    assert group.office.booking().state == BookingState.BOOKED


@pytest.mark.parametrize("kind", KINDS)
def test_a_patient_books_through_a_proxy(group: Group, kind: str) -> None:
    slug = group.office.offer(f"By {kind}", charge=Charge.NOTHING)
    with group.fronts[kind].visitor() as patient:
        address = press_first_time(patient, slug)
        assert patient.post(f"{address}/details", data=FORM | {"first_name": kind}).status_code == 303
        assert "You are booked" in patient.get(address).text


def test_when_one_dashboard_is_killed_its_people_are_at_the_same_page_of_the_other(group: Group) -> None:
    with contextlib.ExitStack() as stack:
        seats = [stack.enter_context(_two_seats(front)) for front in group.fronts.values()]
        first = group.dashboards[0]
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(30)
        try:
            for front, clients, tabs in seats:
                broken = [_is_broken(tab) for tab in tabs]
                assert sorted(broken) == [False, True], front.kind
                begun = time.monotonic()
                _open_again(front, clients[broken.index(True)])
                assert time.monotonic() - begun < BACK_WITHIN
        finally:
            again = stack.enter_context(
                run_dashboard(
                    group.engine.url.render_as_string(hide_password=False),
                    port=_port(first),
                    **group.environment,
                )
            )
    assert again.process.wait(30) == -signal.SIGTERM or again.process.returncode == 0


def _port(running: Running) -> int:
    return int(running.base_url.rsplit(":", 1)[1])


def _kept_at(client: httpx.Client) -> str:
    return next((cookie.value or "" for cookie in client.cookies.jar if cookie.name == "huddle_at"), "")


@contextlib.contextmanager
def _two_seats(front: Front) -> Iterator[tuple[Front, list[httpx.Client], list]]:
    """Two people, each with an open tab at another dashboard."""
    with contextlib.ExitStack() as stack:
        at: dict[str, httpx.Client] = {}
        for _ in range(30):
            client = stack.enter_context(front.sign_in("dora"))
            client.get("/session")
            at.setdefault(_kept_at(client), client)
            if len(at) == 2:
                break
        assert len(at) == 2, f"{front.kind} sends everybody to one dashboard"
        tabs = [stack.enter_context(open_tab(client, trust=front.trust)) for client in at.values()]
        for tab in tabs:
            assert "My account" in tab.rerun("account")
        yield front, list(at.values()), tabs


def _is_broken(tab) -> bool:
    try:
        return "My account" not in tab.rerun("account")
    except (ConnectionClosed, OSError):
        return True


def _open_again(front: Front, client: httpx.Client) -> None:
    """As a browser does when its connection breaks: try again until it stands, with the cookies it has."""
    deadline = time.monotonic() + 60
    while True:
        try:
            assert client.get("/_stcore/health").status_code == 200
            with open_tab(client, trust=front.trust) as tab:
                assert "My account" in tab.rerun("account")
                return
        except (InvalidStatus, ConnectionClosed, OSError, AssertionError):
            assert time.monotonic() < deadline
            time.sleep(0.2)
