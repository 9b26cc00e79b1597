"""A passkey in a real Chromium, whose authenticator is Chromium's own virtual one: set up, used, and used to confirm."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import select

from core import clock
from core.staff.models import Passkey, StaffSession
from core.store.engine import open_store, reader, transaction
from tests.browser.conftest import Window
from tests.conftest import fresh_sqlite
from tests.web.running import PASSWORD, Running, run_dashboard, staff_with_role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser sign-in")]
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_store(fresh_sqlite(tmp_path_factory.mktemp("passkeys")))
    staff_with_role(engine, "owner", "olivia")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def running(practice: Engine) -> Iterator[Running]:
    url = practice.url.render_as_string(hide_password=False)
    with run_dashboard(url, HUDDLE_SECOND_STEP="managers") as dashboard:
        yield Running(
            dashboard.base_url.replace("127.0.0.1", "localhost"), dashboard.process, dashboard.log_file
        )


def test_an_owner_sets_a_passkey_up_and_signs_in_and_confirms_with_it(
    running: Running, practice: Engine, browse: Callable[..., Window], shot: Callable[..., object]
) -> None:
    window = browse(running)
    page = window.page
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    def password() -> None:
        page.goto(f"{running.base_url}/account")
        page.get_by_label("User name").fill("olivia")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

    password()
    shot(window, "second-step-set-up")
    page.get_by_role("button", name="Use a passkey of this device").click()
    page.get_by_text("Keep these codes").wait_for()
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("link", name="Add or remove passkeys").wait_for()
    page.get_by_role("button", name="Sign out", exact=True).click()
    password()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("link", name="Add or remove passkeys").wait_for()
    with transaction(practice) as session:
        session.execute(update(StaffSession).values(proved_at=clock.now() - timedelta(hours=1)))
    page.goto(f"{running.base_url}/passkeys")
    page.get_by_text("Confirm that it is you").first.wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("My passkeys").first.wait_for()
    shot(window, "my-passkeys")
    with reader(practice) as session:
        kept = session.exec(select(Passkey)).one()
        assert kept.last_used_at is not None
        assert kept.sign_count > 0
    page.get_by_role("button", name="Remove Passkey").click()
    page.get_by_text("You have none yet.").wait_for()
    assert window.elsewhere == []
