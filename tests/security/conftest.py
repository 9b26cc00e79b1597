"""One running dashboard for all tests of this folder, with a person of each role who may be changed freely."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import Engine

from core.permissions import Role
from core.staff.models import Staff
from core.store.engine import open_store
from tests.conftest import fresh_sqlite
from tests.web.running import Running, run_dashboard, staff_with_role

METRICS_TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="package")
def practice_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_store(fresh_sqlite(tmp_path_factory.mktemp("security")))
    yield engine
    engine.dispose()


@pytest.fixture(scope="package")
def dashboard(practice_store: Engine) -> Iterator[Running]:
    url = practice_store.url.render_as_string(hide_password=False)
    trusted = {"HUDDLE_TRUSTED_PROXIES": "127.0.0.1", "HUDDLE_METRICS_TOKEN": METRICS_TOKEN}
    with run_dashboard(url, **trusted) as running:
        yield running


@pytest.fixture
def hire(practice_store: Engine, request: pytest.FixtureRequest) -> Callable[[str], Staff]:
    """A new person of a role, for this test alone."""
    counter = iter(range(100))

    def _hire(role: str = Role.FRONT_DESK) -> Staff:
        name = f"p{abs(hash(request.node.nodeid)) % 10**10}.{next(counter)}"
        return staff_with_role(practice_store, role, name)

    return _hire


@pytest.fixture
def desk(dashboard: Running, hire: Callable[[str], Staff]) -> Iterator[httpx.Client]:
    """A browser in which somebody of the front desk is signed in."""
    with dashboard.sign_in(hire(Role.FRONT_DESK).username) as client:
        yield client
