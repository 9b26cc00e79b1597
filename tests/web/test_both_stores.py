"""The door on SQLite and on PostgreSQL: the routes and the gate alone, without Streamlit behind them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.settings import settings
from dashboard.web.routes import MIDDLEWARE, ON_ERROR, ROUTES
from tests.web.running import PASSWORD, staff_with_role


@pytest.fixture
def client(store: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("HUDDLE_STORE", store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    staff_with_role(store, "owner", "olga")
    whole = Starlette(routes=ROUTES, middleware=MIDDLEWARE, exception_handlers=ON_ERROR)
    with TestClient(whole, follow_redirects=False) as client:
        yield client
    settings.cache_clear()


def test_sign_in_work_and_sign_out(client: TestClient) -> None:
    assert client.get("/session").status_code == 303
    answer = client.post("/signin", data={"username": "OLGA ", "password": PASSWORD, "next": "/patients"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/patients")
    assert client.get("/session").json()["left"] > 890
    assert client.get("/signin?next=/account").headers["location"] == "/account"
    client.post("/signout")
    assert client.get("/session").status_code == 303


def test_an_empty_store_says_how_to_add_the_first_person(store: Engine, client: TestClient) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_entry")
        connection.exec_driver_sql("DELETE FROM staff")
    assert "huddle user add" in client.get("/signin").text


def test_health_tells_when_the_store_is_away(client: TestClient, store: Engine) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "store": "ok", "worker": "off"}
    with store.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["store"]) == (503, "unreachable")


@pytest.mark.parametrize("path", ["/patients", "/signin", "/session"])
def test_while_the_store_is_away_nobody_gets_in_and_is_told_so_plainly(
    client: TestClient, store: Engine, path: str
) -> None:
    client.post("/signin", data={"username": "olga", "password": PASSWORD})
    with store.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE practice RENAME TO mislaid")
        connection.exec_driver_sql("ALTER TABLE staff_session RENAME TO mislaid_too")
    answer = client.get(path)
    assert (answer.status_code, "Nothing is lost" in answer.text) == (503, True)
    assert "mislaid" not in answer.text
