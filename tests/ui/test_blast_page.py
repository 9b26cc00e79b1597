"""Asking many for a new card: who may, who gets it and who not, one blast however it is pressed, undo (RELIABILITY 19)."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core import clock
from core.audit.models import AuditEntry
from core.blasts.conditions import Condition
from core.connections.commands import connect
from core.links.models import Link
from core.messages.default_templates import Use
from core.messages.models import Batch, Message
from core.messages.templates import templates
from core.outbox.models import OutboxRow
from core.patients.models import Patient, ProcessorContact
from core.settings import settings
from core.store.engine import reader, transaction
from dashboard.ui.card_updates.blast_draft import TAB
from dashboard.web.routes import MIDDLEWARE, ROUTES
from tests.ui.asking_practice import PUBLIC, asking_practice
from tests.ui.test_pages import opened
from tests.web.running import PASSWORD

MAIL = {"host": "127.0.0.1", "port": "9", "sender": "desk@example.com"}


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = asking_practice(tmp_path_factory.mktemp("blast"))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", PUBLIC)
    monkeypatch.setenv("HUDDLE_MESSAGES_PER_WEEK", "1000")
    settings.cache_clear()
    yield
    settings.cache_clear()


def asking(practice: Engine, username: str = "office.manager", *conditions: Condition) -> AppTest:
    app = opened(practice, "card_updates", username, tab=TAB)
    app.session_state["blast draft"].picked = set(conditions or (Condition.EXPIRED, Condition.SOON))
    return app.run()


def batches(practice: Engine) -> list[Batch]:
    with reader(practice) as session:
        found = list(session.exec(select(Batch).order_by(col(Batch.id))))
        session.expunge_all()
        return found


def said(app: AppTest) -> str:
    return " ".join(one.value for one in (*app.markdown, *app.error, *app.info, *app.warning, *app.caption))


def choose_everybody(practice: Engine, app: AppTest) -> AppTest:
    with reader(practice) as session:
        app.session_state["blast draft"].chosen = tuple(session.exec(select(Patient.id)))
    return app.run()


def test_the_desk_is_not_offered_the_tab(practice: Engine) -> None:
    app = opened(practice, "card_updates", "front.desk", tab=TAB)
    assert [tab.label for tab in app.tabs] == ["Cards to mend"]
    assert not app.exception


def test_pressing_in_two_windows_makes_one_blast(practice: Engine) -> None:
    first, second = asking(practice), asking(practice)
    before = len(batches(practice))
    first.button("send blast").click().run()
    second.button("send blast").click().run()
    assert not first.exception
    assert "Goes out in" in said(first)
    made = batches(practice)[before:]
    assert [(one.count > 0, one.condition) for one in made] == [
        (True, "card ends soon, or card expired or closed")
    ]


def test_undone_within_the_time_nothing_goes_out_and_no_link_is_left(practice: Engine) -> None:
    app = asking(practice)
    app.button("send blast").click().run()
    app.button("blast undo").click().run()
    assert "Undone before it went out" in said(app)
    made = batches(practice)[-1]
    with reader(practice) as session:
        messages = session.exec(select(Message).where(Message.batch_id == made.id)).all()
        links = session.exec(select(Link.state).where(col(Link.id).in_([m.link_id for m in messages]))).all()
        assert {one.state for one in messages} == {"skipped"}
    assert set(links) == {"void"}


def test_above_fifty_the_number_is_typed(practice: Engine) -> None:
    app = choose_everybody(practice, asking(practice))
    before = len(batches(practice))
    app.button("send blast").click().run()
    assert "to confirm" in said(app)
    assert len(batches(practice)) == before
    field = next(one for one in app.text_input if one.label.endswith("to confirm"))
    field.set_value(field.placeholder).run()
    app.button("send blast").click().run()
    assert [one.count for one in batches(practice)[before:]] == [int(field.placeholder)]


def test_who_is_unknown_there_is_asked_and_who_has_no_such_field_is_left_out(practice: Engine) -> None:
    with transaction(practice) as session:
        contact = session.exec(
            select(ProcessorContact).join(Patient).where(col(Patient.guarantor_id).is_(None))
        ).first()
        assert contact is not None
        key, contact.patient_id = contact.patient_id, None
        session.add(contact)
    app = choose_everybody(practice, asking(practice))
    assert "Not linked" not in said(app)
    body = next(one for one in app.text_area if one.label == "Message, for this time")
    body.set_value("Hi {{ first_name }}, card {{ last_four }}: {{ link }}").run()
    assert "there is none for this patient" in said(app)
    with transaction(practice) as session:
        session.get_one(ProcessorContact, contact.id).patient_id = key


def test_words_that_may_not_go_out_stop_before_the_check(practice: Engine) -> None:
    app = asking(practice)
    body = next(one for one in app.text_area if one.label == "Message, for this time")
    body.set_value("Your card 4111 1111 1111 1111 {{ link }}").run()
    assert "card number" in said(app)
    assert "send blast" not in [one.key for one in app.button]


def test_words_without_a_link_stop_at_the_check(practice: Engine) -> None:
    app = asking(practice)
    body = next(one for one in app.text_area if one.label == "Message, for this time")
    body.set_value("Hi {{ first_name }}, please bring your new card.").run()
    assert "has no link to press" in said(app).replace("\\", "")
    assert "send blast" not in [one.key for one in app.button]


def test_a_message_in_doubt_is_settled_by_whoever_knows(practice: Engine) -> None:
    app = asking(practice)
    app.button("send blast").click().run()
    with transaction(practice) as session:
        message = session.exec(
            select(Message).where(Message.state == "queued").order_by(col(Message.id).desc())
        ).first()
        assert message is not None
        message.state, row = "unknown", session.get_one(OutboxRow, message.outbox_id)
        row.state, row.claimed_at, key = "unknown", clock.now(), message.id
        session.add_all([message, row])
    app.run()
    assert "1 message in doubt" in said(app)
    app.button(f"blast doubt {key} yes").click().run()
    with reader(practice) as session:
        assert session.get_one(Message, key).state == "sent"
    assert "in doubt" not in said(app)


@pytest.mark.parametrize(
    ("page", "kind"), [("card_updates", "card"), ("memberships", "card"), ("plans", "pay")]
)
def test_ask_all_shown_brings_these_patients(practice: Engine, page: str, kind: str) -> None:
    app = opened(practice, page, "office.manager")
    button = next(one for one in app.button if one.label.startswith("Ask all shown"))
    button.click().run()
    assert not app.exception
    draft = app.session_state["blast draft"]
    assert (f"({len(draft.chosen)})" in button.label, draft.kind) == (True, kind)
    assert not [one for one in opened(practice, page).button if one.label.startswith("Ask all")]


def test_the_results_are_taken_along_by_who_may_and_that_is_written_down(practice: Engine) -> None:
    asking(practice).button("send blast").click().run()
    made = batches(practice)[-1]
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    client.post("/signin", data={"username": "office.manager", "password": PASSWORD, "next": "/"})
    lines = client.get(f"/export/blast.csv?batch={made.id}").text.splitlines()
    assert len(lines) == 1 + made.count + made.left_out
    assert client.get("/export/blast.csv?batch=999999").status_code == 404
    client.post("/signin", data={"username": "front.desk", "password": PASSWORD, "next": "/"})
    assert client.get(f"/export/blast.csv?batch={made.id}").status_code == 403
    with reader(practice) as session:
        noted = session.exec(select(AuditEntry.who).where(AuditEntry.action == "exported a blast")).all()
    assert noted == ["office.manager"]


def test_payment_links_have_a_place_of_their_own_with_a_tick_an_amount_and_a_way_each(
    practice: Engine,
) -> None:
    app = opened(practice, "plans", "office.manager")
    next(one for one in app.button if one.label.startswith("Ask all shown")).click().run()
    draft = app.session_state["blast draft"]
    page = opened(practice, "payment_links", "office.manager")
    page.session_state["blast draft"] = draft
    page.run()
    assert list(page.exception) == []
    total = re.search(r"Goes to (\d+) people, \$[\d,.]+ in all", said(page).replace("\\", ""))
    assert total is not None
    with reader(practice) as session:
        body = words_of_text(session)
    draft = page.session_state["blast draft"]
    goes = sorted(set(draft.chosen))
    draft.without = set(goes[1:])
    mine = f"{body} Call us about it."
    draft.own = {goes[0]: mine}
    page.run()
    assert "Goes to 1 person, $" in said(page).replace("\\", "")
    page.button("send blast").click().run()
    made = batches(practice)[-1]
    with reader(practice) as session:
        sent = session.exec(select(Message).where(Message.batch_id == made.id)).all()
        session.expunge_all()
    assert [one.body.endswith("Call us about it.") for one in sent if one.state == "queued"] == [True]
    assert "Left out by hand." in {one.reason for one in sent}
    page.button("blast undo").click().run()
    assert "1 taken back." in said(page)
    assert not page.get("progress")


def words_of_text(session: Session) -> str:
    return next(one.body for one in templates(session, channel="text") if one.use == Use.PAY_LINK)


def test_text_else_e_mail_reaches_who_said_no_to_texts_by_e_mail(practice: Engine) -> None:
    with transaction(practice) as session:
        connect(session, kind="email", name="Mail", settings=MAIL, secrets={})
        keys = [session.exec(select(Patient.id).order_by(col(Patient.id))).all()[place] for place in (0, 1)]
        for key, by_text in zip(keys, (True, False), strict=True):
            one = session.get_one(Patient, key)
            one.text_consent, one.email_consent, one.email = by_text, True, f"p{key}@example.com"
    app = asking(practice)
    app.session_state["blast draft"].chosen = tuple(keys)
    app.run()
    next(one for one in app.segmented_control if one.label == "How").select("Text, else e-mail").run()
    assert not app.exception
    app.button("send blast").click().run()
    made = batches(practice)[-1]
    with reader(practice) as session:
        sent = session.exec(select(Message.patient_id, Message.channel).where(Message.batch_id == made.id))
        assert (made.channel, dict(sent.all())) == (
            "text, else e-mail",
            {keys[0]: "text", keys[1]: "email"},
        )
