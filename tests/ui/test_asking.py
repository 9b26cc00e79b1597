"""Asking one patient from the patient card and on the page of invoices, as scripts: forms, sentences, roles, undo."""

from collections.abc import Iterator

import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from core.connections.commands import connect, split_secrets
from core.links.commands import void
from core.links.models import Link
from core.messages.models import Message
from core.patients.models import Patient
from core.settings import settings
from core.store.engine import open_store, reader, transaction
from dashboard.ui.asking.actions import Asking
from dashboard.ui.asking.invoice import _preview, _take_off
from dashboard.web.routes import MIDDLEWARE, ROUTES
from tests.conftest import fresh_sqlite
from tests.links.desk import Desk, open_desk, processor
from tests.sandbox.running import run_sandbox
from tests.ui.test_pages import opened
from tests.web.running import PASSWORD, staff_with_role

_MARKS = str.maketrans("", "", "\\*\u2060")  # of markdown
AMOUNTS = {
    "0": "an amount of $0 cannot",
    "-5": "below zero",
    "99": "more than the $65",
    "ten": "is not an amount",
}
ROLES = ("owner", "front desk", "provider")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("asking")
    with run_sandbox(folder, processor()) as sandbox:
        engine = open_store(fresh_sqlite(folder))
        desk = open_desk(engine, sandbox, folder)
        for role in ROLES:
            staff_with_role(engine, role)
        yield desk
        engine.dispose()


@pytest.fixture
def desk(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The desk, with nothing asked for."""
    monkeypatch.setenv("HUDDLE_STORE", shared.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", "https://huddle.example")
    settings.cache_clear()
    yield shared
    for link in links(shared):
        if link.state in ("created", "sent", "opened"):
            shared.do(void, link_id=link.id)
    settings.cache_clear()


def links(desk: Desk) -> list[Link]:
    with reader(desk.engine) as session:
        found = list(session.exec(select(Link).order_by(Link.id)))  # type: ignore[arg-type]  # a column of the class
        for one in found:
            session.expunge(one)
        return found


def card_of(desk: Desk, role: str = "front.desk", patient: str = "P1") -> AppTest:
    return opened(desk.engine, "patient", role, id=str(desk.patient(patient)))


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button whose label begins so."""
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def said(app: AppTest) -> str:
    """Everything written on the page, without the backslashes of markdown."""
    drawn = [*app.markdown, *app.caption, *app.text, *app.error, *app.info, *app.warning, *app.success]
    return " ".join(str(each.value) for each in drawn).translate(_MARKS)


def amount_of(app: AppTest, service: str) -> TextInput:
    return next(field for field in app.text_input if field.label.startswith(f"Amount of {service}"))


def invoice_form(desk: Desk, role: str = "front.desk") -> AppTest:
    return press(card_of(desk, role), "\\$ Invoice")


@pytest.mark.parametrize("role", ["owner", "front.desk"])
def test_who_may_ask_has_the_three_actions(desk: Desk, role: str) -> None:
    app = card_of(desk, role)
    assert [label for label in labels(app) if label in ("\\$ Invoice", "Payment link", "New card link")] == [
        "\\$ Invoice",
        "Payment link",
        "New card link",
    ]


def test_a_provider_has_none_of_it(desk: Desk) -> None:
    assert labels(card_of(desk, "provider")) == []
    with pytest.raises(ValueError, match="page"):
        opened(desk.engine, "invoices", "provider")


def test_what_is_open_is_ticked_and_the_total_follows_the_amounts(desk: Desk) -> None:
    app = invoice_form(desk)
    assert "To pay $105.00, nothing stays open after it." in said(app)
    amount_of(app, "Adjustment").set_value("25").run()
    assert "To pay $65.00, $40.00 stays open after it." in said(app)
    app.checkbox[0].uncheck().run()
    assert "To pay $40.00, $65.00 stays open after it." in said(app)


def test_an_amount_that_cannot_be_is_one_sentence_beside_the_button(desk: Desk) -> None:
    before = len(links(desk))
    app = invoice_form(desk)
    for typed, sentence in AMOUNTS.items():
        amount_of(app, "Adjustment").set_value(typed)
        press(app, "Generate invoice")
        assert sentence in said(app)
        assert len(app.error) == 1
    assert len(links(desk)) == before


def test_a_refusal_goes_when_what_was_wrong_is_changed(desk: Desk) -> None:
    app = invoice_form(desk)
    amount_of(app, "Adjustment").set_value("9999")
    assert len(press(app, "Generate invoice").error) == 1
    amount_of(app, "Adjustment").set_value("10").run()
    assert len(app.error) == 0
    assert "To pay $50.00" in said(app)


def test_more_than_is_open_goes_as_an_advance_when_it_is_meant(desk: Desk) -> None:
    app = invoice_form(desk)
    amount_of(app, "Adjustment").set_value("99").run()
    app.toggle[-1].set_value(True).run()
    assert "To pay $139.00" in said(app)


def test_a_card_number_in_the_note_is_refused_and_nothing_is_made(desk: Desk) -> None:
    before = len(links(desk))
    app = invoice_form(desk)
    next(field for field in app.text_input if field.label.startswith("Note")).set_value("4242 4242 4242 4242")
    press(app, "Generate invoice")
    assert "The note holds a card number." in said(app)
    assert len(links(desk)) == before


def test_the_preview_is_the_pdf_as_a_picture_and_a_file(desk: Desk) -> None:
    app = press(invoice_form(desk), "Preview")
    assert not app.exception
    assert len(app.get("image")) == 1
    assert [each.label for each in app.get("download_button")] == ["Download the PDF"]


def test_two_tabs_make_one_invoice_and_a_second_only_on_purpose(desk: Desk) -> None:
    before = len(links(desk))
    one, other = invoice_form(desk), invoice_form(desk)
    press(one, "Generate invoice")
    press(other, "Generate invoice")
    assert len(links(desk)) == before + 1
    assert "There is an open invoice for $105" in said(other)


def test_it_is_being_made_then_ready_then_texted_once(desk: Desk) -> None:
    app = press(invoice_form(desk), "Generate invoice")
    assert "Being made at the processor" in said(app)
    assert all(button.disabled for button in app.button if button.label.startswith("Send"))
    desk.work()
    app.run()
    assert "Link ready." in said(app)
    # this desk has no gateway: one sentence, and no button to press
    assert "Texts are not set up yet." in said(app)
    assert all(button.disabled for button in app.button if button.label.startswith("Send"))
    press(app, "Copy link")
    assert app.code[0].value.startswith("https://huddle.example/pay/")
    with reader(desk.engine) as session:
        assert session.exec(select(Message)).all() == []


def test_a_link_is_voided_and_the_void_taken_back(desk: Desk) -> None:
    app = press(invoice_form(desk), "Generate invoice")
    desk.work()
    press(app.run(), "Void")
    assert links(desk)[-1].state == "void"
    press(app, "Undo (")
    assert links(desk)[-1].state == "created"


def test_pressed_twice_what_is_taken_off_or_looked_at_stays_so() -> None:
    ask = Asking(1, "invoice", "f", services=[7, 8])
    for _ in range(2):
        _take_off(ask, 7)
        _preview(ask, True)
    assert (ask.services, ask.preview) == ([8], True)


def test_nothing_missing_is_good_news(desk: Desk) -> None:
    app = press(card_of(desk, patient="P3"), "Payment link")
    assert "Nothing is missing" in said(app)


def test_a_new_card_link_says_which_drafts_it_moves_and_until_when_it_works(desk: Desk) -> None:
    app = press(card_of(desk), "New card link")
    assert not app.exception
    assert "The link works 7 days and once." in said(app)
    assert any("Moves to the new card" in caption for caption in app.radio[0].proto.captions)
    press(app, "Make new card link")
    assert "Link ready." in said(app)
    assert links(desk)[-1].kind == "card"


def test_a_patient_unknown_to_the_processor_can_be_asked_for_a_card(desk: Desk) -> None:
    app = press(card_of(desk, patient="P3"), "New card link")
    assert "Fortis does not know Cleo yet" in said(app)
    press(app, "Make new card link")
    assert (list(app.error), "Link ready." in said(app)) == ([], True)


def test_the_page_of_invoices_finds_filters_and_opens(desk: Desk) -> None:
    press(invoice_form(desk), "Generate invoice")
    app = opened(desk.engine, "invoices", "owner")
    assert (list(app.exception), list(app.error)) == ([], [])
    app.text_input("invoices search").set_value("nobody of this name").run()
    app.session_state["invoices pressed"] = "paid"
    app.run()
    assert (list(app.exception), list(app.error)) == ([], [])


def test_a_new_invoice_on_the_page_has_the_pdf_beside_its_lines(desk: Desk) -> None:
    app = press(opened(desk.engine, "invoices", "front.desk"), "New invoice")
    app.session_state["new invoice patient"] = (desk.patient(), "Ana Alvarez")
    app.session_state["asking"] = Asking(desk.patient(), "invoice", "form of a test")
    app.run()
    assert len(app.get("image")) == 1
    press(app, "Generate invoice")
    assert links(desk)[-1].form == "form of a test"


def test_every_link_is_taken_along_as_a_file_by_who_may(desk: Desk) -> None:
    press(invoice_form(desk), "Generate invoice")
    status = {}
    for role in ROLES:
        client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
        client.post("/signin", data={"username": role.replace(" ", "."), "password": PASSWORD, "next": "/"})
        answer = client.get("/export/links.csv?initials=1")
        status[role] = answer.status_code
        if role == "owner":
            assert "A.A." in answer.text
            assert "Alvarez" not in answer.text
    assert status == {"owner": 200, "front desk": 403, "provider": 403}


def test_a_landline_and_a_bad_address_are_said_where_one_would_press(desk: Desk) -> None:
    sms = {"account_sid": "AC" + "1" * 32, "auth_token": "t" * 32, "from_number": "+13035550100"}
    mail = {"host": "127.0.0.1", "security": "none", "sender": "desk@maple.example"}
    with transaction(desk.engine) as session:
        for kind, fields in (("sms", sms), ("email", mail)):
            open_, sealed = split_secrets(kind, fields)
            connect(session, kind=kind, name=kind, settings=open_, secrets=sealed)
        ana = session.get_one(Patient, desk.patient("P1"))
        ana.mobile_phone, ana.email = "+442071838750", "ana at mail"
    app = press(invoice_form(desk), "Generate invoice")
    desk.work()
    words = said(app.run())
    assert "+44 20 7183 8750 is a landline and cannot get texts. Ask for a mobile number." in words
    assert "“ana at mail” is not an e-mail address; check it with the patient." in words
    assert all(button.disabled for button in app.button if button.label.startswith("Send"))
    with reader(desk.engine) as session:
        assert session.exec(select(Message)).all() == []
