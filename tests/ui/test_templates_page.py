"""The page of the practice's texts: who may, what may not stand in a text, versions, archive, letterhead."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from core.messages.templates import letterhead, template, versions
from core.settings import settings
from core.store.engine import reader
from tests.ui.asking_practice import PUBLIC, asking_practice
from tests.ui.test_pages import opened


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = asking_practice(tmp_path_factory.mktemp("texts"))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", PUBLIC)
    settings.cache_clear()
    yield
    settings.cache_clear()


def body(app: AppTest):  # type: ignore[no-untyped-def]  # a widget of the test runner
    return next(one for one in app.text_area if one.label == "Message")


@pytest.mark.parametrize("role", ["front.desk", "provider"])
def test_only_who_manages_texts_has_the_page(practice: Engine, role: str) -> None:
    with pytest.raises(ValueError, match="page"):
        opened(practice, "templates", role)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("Hi {{ nickname }}", "There is no field"),
        ("Hi, about your sciatica: {{ link }}", "may not stand in a message"),
        ("Card 4111 1111 1111 1111", "card number"),
        ("{{ 1 + 1 }}", "Only fields can stand"),
    ],
)
def test_what_may_not_go_out_is_said_and_not_kept(practice: Engine, words: str, sentence: str) -> None:
    app = opened(practice, "templates", "office.manager")
    key = app.session_state["templates text"]
    with reader(practice) as session:
        before = len(versions(session, key))
    body(app).set_value(words).run()
    assert sentence in app.error[0].value
    app.button("save text").click().run()
    with reader(practice) as session:
        assert len(versions(session, key)) == before


def test_every_version_stays_and_an_old_one_can_be_taken_up_again(practice: Engine) -> None:
    app = opened(practice, "templates", "office.manager")
    key = app.session_state["templates text"]
    first = body(app).value
    body(app).set_value("Hi {{ first_name }}, look here: {{ link }}").run()
    app.button("save text").click().run()
    assert any("Version 2" in one.value and "Office Manager" in one.value for one in app.markdown)
    next(one for one in app.button if one.label == "Restore").click().run()
    with reader(practice) as session:
        assert [one.number for one in versions(session, key)] == [3, 2, 1]
        assert template(session, key).body == first


def test_an_archived_text_is_not_offered_any_more(practice: Engine) -> None:
    app = opened(practice, "templates", "owner")
    offered = app.selectbox("templates text")
    app.button(f"archive text {app.session_state['templates text']}").click().run()
    assert len(app.selectbox("templates text").options) == len(offered.options) - 1


def test_the_letterhead_is_kept_and_stands_in_the_preview(practice: Engine) -> None:
    app = opened(practice, "templates", "owner")
    name = next(one for one in app.text_input if one.label == "Practice name")
    name.set_value("Maple & Sons").run()
    app.button("save letterhead").click().run()
    with reader(practice) as session:
        assert letterhead(session, None)["practice"] == "Maple & Sons"
    assert any("Maple & Sons" in one.value for one in app.text)


def test_a_test_goes_to_myself(practice: Engine) -> None:
    app = opened(practice, "templates", "owner")
    field = next(one for one in app.text_input if one.label == "My mobile number")
    field.set_value("(303) 555-0199").run()
    next(one for one in app.button if one.label == "Send a test to myself").click().run()
    assert (list(app.exception), list(app.error)) == ([], [])
