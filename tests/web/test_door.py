"""The small decisions of the door, without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from dashboard.web.gate import from_elsewhere, is_public, same_host
from dashboard.web.signin import safe_target


@pytest.mark.parametrize("path", ["/", "/patients", "/patient?id=7&tab=cards", "/patient?id=é"])
def test_after_signing_in_one_lands_where_one_wanted(path: str) -> None:
    assert safe_target(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "patients",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/ok\r\nSet-Cookie: sid=1",
        "/a\\b",
        "/\tx",
        "/signin?next=/signin",
        "/signout",
        "\\/evil",
        "/\u2028x",
    ],
)
def test_never_on_another_site(path: str) -> None:
    assert safe_target(path) == "/"


@given(st.text(max_size=60))
def test_whatever_is_asked_for_stays_on_this_site(wanted: str) -> None:
    target = safe_target(wanted)
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    assert target.isprintable()


@pytest.mark.parametrize(
    "path", ["/signin", "/healthz", "/static/js/index.js", "/_stcore/health", "/favicon.png"]
)
def test_these_are_open_to_everyone(path: str) -> None:
    assert is_public(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/morning",
        "/media/x",
        "/_stcore/stream",
        "/_stcore/upload_file/1/2",
        "/component/x",
        "/_stcore/metrics",
        "/static/../media/x",
        "/static//x",
        "/static/\\x",
        "/signin/",
        "/Signin",
        "/session",
        "/_stcore/agent/openapi.json",
    ],
)
def test_everything_else_is_shut(path: str) -> None:
    assert not is_public(path)


@pytest.mark.parametrize(
    ("sent", "elsewhere"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "http://huddle.lan:8501"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://huddle.lan:8501.evil.example"}, True),
    ],
)
def test_changes_sent_from_another_site_are_known_by_their_headers(
    sent: dict[str, str], elsewhere: bool
) -> None:
    assert from_elsewhere(Headers({"host": "huddle.lan:8501", **sent})) is elsewhere


def test_a_websocket_without_an_origin_is_not_ours() -> None:
    assert not same_host(None, "huddle.lan")
    assert same_host("https://Huddle.lan", "huddle.lan")


def test_the_morning_by_its_name_is_the_first_page() -> None:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from dashboard.web.routes import ROUTES

    answer = TestClient(Starlette(routes=ROUTES)).get("/morning?day=2026-12-01", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/?day=2026-12-01")
