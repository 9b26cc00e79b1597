"""Charging the card on file from the patient card, as scripts: the words first, then one charge, then what came of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from core.payments.card_on_file import CardAuthorization, CardCharge
from core.settings import settings
from core.store.engine import reader
from tests.links.desk import ANAS_CARD, Desk, processor
from tests.links.test_pay_links import behind_desk
from tests.sandbox.running import run_sandbox
from tests.ui.test_asking import card_of, press, said
from tests.web.running import staff_with_role


@pytest.fixture
def desk(sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with run_sandbox(tmp_path, processor()) as sandbox:
        found = behind_desk(sqlite_store, sandbox, tmp_path)
        for role in ("front desk", "provider"):
            staff_with_role(sqlite_store, role)
        monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
        settings.cache_clear()
        yield found
    settings.cache_clear()


def charges(desk: Desk) -> list[str]:
    with reader(desk.engine) as session:
        return list(session.exec(select(CardCharge.state)))


def drawn_again(desk: Desk, app: AppTest) -> AppTest:
    desk.work()
    return app.run()


def test_the_words_come_first_then_one_charge_then_the_reason_or_the_receipt(desk: Desk) -> None:
    app = press(card_of(desk), "Charge card")
    assert not app.exception
    assert "There is no authorization for this card yet." in said(app)
    assert not [button for button in app.button if button.label.startswith("Charge \\$")]
    words = next(area for area in app.text_area if area.label == "Words the patient agrees to")
    assert "charge it for payments of my plan or membership that were missed" in words.value
    press(app, "Record the authorization")
    with reader(desk.engine) as session:
        made = session.exec(select(CardAuthorization)).one()
        assert (made.card_ref, made.cap_cents, made.signed_by) == (ANAS_CARD, 20_000, "Ana Alvarez")
    assert "up to $200.00 a charge" in said(app)
    desk.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1616}})
    press(app, "Charge \\$149 now")
    assert "being charged" in said(app)
    app = drawn_again(desk, app)
    assert "Declined: not enough funds." in said(app)
    assert charges(desk) == ["declined"]
    press(app, "End it")
    assert "There is no authorization for this card yet." in said(app)


def test_a_provider_charges_nothing(desk: Desk) -> None:
    assert [button.label for button in card_of(desk, "provider").button] == []
