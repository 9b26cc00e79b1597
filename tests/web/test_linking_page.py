"""The linking page: the evidence, one press to link, and one to take it back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from core import clock
from core.connections.models import Connection
from core.matching.commands import link_contacts
from core.patients.models import LinkState, Patient, ProcessorContact
from core.payments.models import Payment
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.store.engine import reader, transaction
from tests.web.running import staff_with_role

EMAIL = "ana@mail.example"


@pytest.fixture
def manager(
    sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[reports.Identity]:
    """Max, signed in; Ana in the EHR; the processor's record of Ana with a payment of $149 on it."""
    monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    person = staff_with_role(sqlite_store, "office manager", "max")
    with transaction(sqlite_store) as session:
        for key, kind in enumerate(("practice_files", "fortis"), start=1):
            session.add(Connection(id=key, kind=kind, name=kind, created_at=clock.now()))
        session.flush()
        who = {"first_name": "Ana", "last_name": "Ruiz", "email": EMAIL}
        session.add(Patient(connection_id=1, external_id="P1", search_name="ana ruiz", **who))
        session.add(ProcessorContact(connection_id=2, external_id="c1", **who))
        paid = {"happened_at": clock.now(), "amount_cents": 14_900, "status": "approved"}
        session.add(Payment(connection_id=2, external_id="y1", contact_ref="c1", **paid))
        session.flush()
        link_contacts(session, 2)
        token = commands.start_session(session, person)
    with reader(sqlite_store) as session:
        found = reports.look_up(session, token)
    assert found is not None
    yield found
    settings.cache_clear()


def linking_page(who: reports.Identity) -> AppTest:
    """The page with the drawer of the first record open."""
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.user["session"] = str(who.session_id)
    app.session_state["open record"] = {"key": 1, "id": "contact 1"}
    found = app.run().switch_page("../pages/linking.py").run()
    assert not found.exception
    return found


def press(app: AppTest, label: str) -> AppTest:
    found = next(button for button in app.button if button.label == label).click().run()
    assert not found.exception
    return found


def stands(store: Engine) -> tuple[str, int | None]:
    """How the record stands, and whose the payment on it is."""
    with reader(store) as session:
        return (
            session.exec(select(ProcessorContact.link_state)).one(),
            session.exec(select(Payment.patient_id)).one(),
        )


def test_the_evidence_stands_side_by_side(manager: reports.Identity) -> None:
    drawn = (
        "\n".join(one.value for one in linking_page(manager).markdown).replace("\\", "").replace("\u2060", "")
    )
    assert "| E-mail | ana@mail.example | ana@mail.example | :material/check_circle:\u00a0agrees |" in drawn
    assert "| Birth\u00a0date | – | – | :material/help:\u00a0unknown |" in drawn
    assert "$149 paid in 90 days" in drawn


@pytest.mark.parametrize(
    ("label", "state", "patient"),
    [
        ("Same person: link", LinkState.LINKED, 1),
        ("Somebody else", LinkState.UNLINKED, None),
        ("Not a patient of ours", LinkState.NOT_OURS, None),
    ],
)
def test_a_press_decides_and_undo_takes_it_back(
    manager: reports.Identity, sqlite_store: Engine, label: str, state: str, patient: int | None
) -> None:
    before = stands(sqlite_store)
    app = press(linking_page(manager), label)
    assert stands(sqlite_store) == (state, patient)
    press(app, "Undo")
    assert stands(sqlite_store) == before == (LinkState.PROPOSED, None)


def test_a_patient_found_by_search_is_linked_by_hand(manager: reports.Identity, sqlite_store: Engine) -> None:
    app = linking_page(manager)
    app.text_input("linking search").input("rui").run()
    press(app, "Link")
    assert stands(sqlite_store) == (LinkState.LINKED, 1)


def test_on_a_shared_screen_only_initials_show(manager: reports.Identity) -> None:
    app = linking_page(manager)
    app.toggle("initials").set_value(True).run()
    drawn = "\n".join(one.value for one in app.markdown)
    assert "A.R." in drawn.replace("\\", "")
    assert EMAIL not in drawn.replace("\\", "")
    assert "Ruiz" not in drawn
