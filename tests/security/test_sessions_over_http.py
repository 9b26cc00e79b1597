"""Cookies, headers and other sites, on a running dashboard (RELIABILITY 21, 22, ASVS 3)."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select
from websockets.exceptions import InvalidStatus

from core.permissions import Role
from core.staff import commands
from core.staff.models import SignInAttempt, Staff
from core.store.engine import reader, transaction
from tests.security.conftest import METRICS_TOKEN
from tests.web.running import PASSWORD, Running
from tests.web.tab import open_tab

pytestmark = pytest.mark.xdist_group("security")  # one running dashboard for all
Hire = Callable[[str], Staff]
TLS = {"x-forwarded-proto": "https"}


def sign_in(client: httpx.Client, staff: Staff, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post("/signin", data={"username": staff.username, "password": password, **more})


def test_a_deep_link_survives_signing_in(dashboard: Running, hire: Hire) -> None:
    with dashboard.visitor() as client:
        sent_to = client.get("/patient?id=7&tab=cards").headers["location"]
        form = client.get(sent_to)
        assert 'value="/patient?id=7&amp;tab=cards"' in form.text
        answer = sign_in(client, hire(Role.OWNER), next="/patient?id=7&tab=cards")
    assert (answer.status_code, answer.headers["location"]) == (303, "/patient?id=7&tab=cards")


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(dashboard: Running, hire: Hire) -> None:
    with dashboard.visitor() as client:
        cookie = sign_in(client, hire(Role.OWNER)).headers.get_list("set-cookie")[0].lower()
    assert cookie.startswith("sid=")
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
    assert "max-age" not in cookie
    assert "domain" not in cookie


def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(dashboard: Running, hire: Hire) -> None:
    with dashboard.visitor() as client:
        client.headers.update(TLS)
        answer = sign_in(client, hire(Role.OWNER))
        for cookie in answer.headers.get_list("set-cookie"):
            assert cookie.startswith(("__Host-sid=", "__Host-device="))
            assert "Secure" in cookie
        assert "max-age=" in answer.headers["strict-transport-security"]
        token = answer.cookies["__Host-sid"]
        assert client.get("/", headers={"cookie": f"sid={token}"}).status_code == 303
        assert client.get("/", headers={"cookie": f"__Host-sid={token}"}).status_code == 200


def test_a_planted_cookie_is_worthless(dashboard: Running, hire: Hire) -> None:
    with dashboard.visitor() as client:
        client.cookies.set("sid", "planted-by-somebody-else", domain="127.0.0.1")
        assert client.get("/").status_code == 303
        cookie = sign_in(client, hire(Role.OWNER)).headers.get_list("set-cookie")[0]
        assert "planted" not in cookie
        assert client.get("/", headers={"cookie": "sid=planted-by-somebody-else"}).status_code == 303


def test_signing_out_kills_a_copy_of_the_cookie(dashboard: Running, desk: httpx.Client) -> None:
    copy = {"cookie": f"sid={desk.cookies['sid']}"}
    with dashboard.visitor() as thief:
        assert thief.get("/", headers=copy).status_code == 200
        assert desk.post("/signout").headers["location"] == "/signin?why=out"
        assert thief.get("/", headers=copy).status_code == 303
    assert "sid" not in desk.cookies


def test_signing_in_again_ends_the_session_of_whoever_sat_there(dashboard: Running, hire: Hire) -> None:
    with dashboard.sign_in(hire(Role.OWNER).username) as client:
        before = client.cookies["sid"]
        sign_in(client, hire(Role.FRONT_DESK))
        assert client.cookies["sid"] != before
        with dashboard.visitor() as other:
            assert other.get("/", headers={"cookie": f"sid={before}"}).status_code == 303


def test_looking_at_the_sign_out_page_signs_nobody_out(desk: httpx.Client) -> None:
    assert "Sign out?" in desk.get("/signout").text
    assert desk.get("/").status_code == 200


def test_unknown_wrong_and_disabled_get_the_same_answer_byte_for_byte(
    dashboard: Running, hire: Hire, practice_store: Engine
) -> None:
    known, disabled = hire(Role.OWNER), hire(Role.OWNER)
    with transaction(practice_store) as session:
        commands.disable(session, None, session.get_one(Staff, disabled.id))
    with dashboard.visitor() as client:
        answers = [
            sign_in(client, known, "not the password"),
            sign_in(client, disabled),
            sign_in(client, Staff(username="nobody.at.all", role="", password_hash=""), "whatever it is"),
        ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert len({tuple(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1


def test_the_eleventh_guess_has_to_wait_and_says_how_long(dashboard: Running, hire: Hire) -> None:
    person = hire(Role.OWNER)
    with dashboard.visitor() as client:
        client.headers["x-forwarded-for"] = "203.0.113.7"  # an address of its own, so that others may go on
        codes = [sign_in(client, person, f"guess number {number}").status_code for number in range(11)]
        refused = sign_in(client, person)
    assert codes == [401] * 10 + [429]
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert "Wait 15 minutes" in refused.text


def test_the_address_comes_from_the_proxy_we_trust(
    dashboard: Running, hire: Hire, practice_store: Engine
) -> None:
    person = hire(Role.OWNER)
    with dashboard.visitor() as client:
        client.headers["x-forwarded-for"] = "203.0.113.9"
        sign_in(client, person, "not the password")
    with reader(practice_store) as session:
        address = session.exec(
            select(SignInAttempt.address).where(SignInAttempt.username == person.username)
        ).one()
    assert address == "203.0.113.9"


@pytest.mark.parametrize("sent", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
@pytest.mark.parametrize("path", ["/signin", "/signout", "/session"])
def test_another_site_cannot_send_our_forms(desk: httpx.Client, path: str, sent: dict[str, str]) -> None:
    assert desk.post(path, headers=sent).status_code == 403
    assert desk.get("/").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_another_site_cannot_open_our_websocket(desk: httpx.Client, origin: str | None) -> None:
    with pytest.raises(InvalidStatus, match="403"), open_tab(desk, origin=origin):
        pass


def test_a_visitor_cannot_say_who_they_are(dashboard: Running, hire: Hire, desk: httpx.Client) -> None:
    owner = hire(Role.OWNER)
    forged = {"X-Huddle-User": owner.username, "X-Huddle-Session": "1"}
    with dashboard.visitor() as client:
        assert client.get("/", headers=forged).status_code == 303
        with pytest.raises(InvalidStatus, match="403"), open_tab(client, headers=forged):
            pass
    with open_tab(desk, headers=forged) as tab:
        assert owner.username not in tab.rerun("account")


@pytest.mark.parametrize(
    "path", ["/", "/signin", "/healthz", "/nowhere", "/static/js/none.js", "/signout", "/metrics"]
)
def test_every_answer_carries_the_security_headers(dashboard: Running, path: str) -> None:
    with dashboard.visitor() as client:
        answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "permissions-policy" in answer.headers
    assert path.startswith("/static/") or answer.headers["cache-control"] == "no-store"


def test_the_plain_pages_allow_no_script_at_all(dashboard: Running) -> None:
    with dashboard.visitor() as client:
        answer = client.get("/signin")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in answer.text.lower()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/signin", "/signout", "/healthz", "/metrics"])
def test_the_wrong_method_is_refused(dashboard: Running, method: str, path: str) -> None:
    with dashboard.visitor() as client:
        assert client.request(method, path).status_code == 405


def test_posting_to_a_page_of_reading_is_refused(dashboard: Running) -> None:
    with dashboard.visitor() as client:
        assert client.post("/healthz").status_code == 405
        assert client.post("/metrics").status_code == 405


def test_an_enormous_or_broken_form_is_only_a_wrong_password(dashboard: Running) -> None:
    with dashboard.visitor() as client:
        assert client.post("/signin", data={"username": "x" * 100_000, "password": "y"}).status_code == 401
        assert client.post("/signin", content=b"\xff\x00%%%").status_code == 401
        answer = client.post("/signin", files={"username": b"dana", "password": b"file"})
    assert answer.status_code in {400, 401}


def test_health_says_how_store_and_worker_are_and_nothing_else(dashboard: Running) -> None:
    with dashboard.visitor() as client:
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "store": "ok", "worker": "off"})


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 200),
        ({"x-forwarded-for": "203.0.113.5"}, 403),
        ({"x-forwarded-for": "127.0.0.1"}, 403),
        ({"host": "huddle.example"}, 403),
        ({"x-forwarded-for": "203.0.113.5", "authorization": "Bearer wrong"}, 403),
        ({"x-forwarded-for": "203.0.113.5", "authorization": f"Bearer {METRICS_TOKEN}"}, 200),
    ],
)
def test_metrics_are_for_this_machine_or_for_the_token(
    dashboard: Running, sent: dict[str, str], status: int
) -> None:
    with dashboard.visitor() as client:
        answer = client.get("/metrics", headers=sent)
    assert answer.status_code == status
    assert ("huddle_store_up 1.0" in answer.text) is (status == 200)


def test_no_password_token_or_name_reaches_the_log(dashboard: Running, desk: httpx.Client) -> None:
    assert PASSWORD not in dashboard.log
    assert desk.cookies["sid"] not in dashboard.log
