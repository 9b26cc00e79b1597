"""What a double click runs: the same callback twice in a row, with nothing drawn in between."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from core.postings.commands import Pressed
from core.tasks import commands
from dashboard.ui import press as press_module
from dashboard.ui import undo_line
from dashboard.ui.activity import books_bar
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking.actions import Asking
from dashboard.ui.linking import drawer as linking_drawer
from dashboard.ui.tasks import bar as task_bar
from dashboard.ui.team import drawer as team_drawer


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where each command was run; every one of them succeeds."""
    places: list[str] = []

    def do(place: str, act: Callable[..., Any], said: str = "", *, proved: bool = False) -> object:
        places.append(place)
        return Pressed(1, ("One cannot be.",)) if place == books_bar.PLACE else [7]

    monkeypatch.setattr(press_module, "run", do)
    st.session_state.clear()
    yield places
    st.session_state.clear()


def twice(press: Callable[..., object], *args: object, **also: object) -> None:
    press(*args, **also)
    press(*args, **also)


def test_ticked_tasks_are_taken_once_and_the_step_is_undone_once(done: list[str]) -> None:
    st.session_state[task_bar.TICKED] = [1]
    twice(task_bar._do, commands.take, "Taken")
    assert st.session_state[task_bar.LAST] == ([7], "taken: 1 task")
    twice(task_bar._take_back)
    assert done == [task_bar.PLACE] * 2


def test_ticked_payments_are_posted_once_and_what_was_refused_stays_said(done: list[str]) -> None:
    st.session_state[books_bar.TICKED] = [1, 2]
    twice(books_bar._post)
    assert (done, st.session_state[books_bar.REFUSED]) == ([books_bar.PLACE], ("One cannot be.",))


def test_one_decision_about_a_record_is_taken_back_and_not_the_one_before_it(done: list[str]) -> None:
    st.session_state[linking_drawer.OPEN] = {"key": 1, "id": "contact 1"}
    twice(linking_drawer._decide, None, None, "", lambda session, who: None, undoable=False)
    assert (done, st.session_state[linking_drawer.CLOSED]["id"]) == ([linking_drawer.PLACE], "contact 1")


def test_the_line_above_the_list_is_taken_back_once(done: list[str]) -> None:
    undo_line.offer("Done.", lambda: press_module.run("line", lambda session, who: None))
    twice(undo_line._back)
    assert done == ["line"]


def test_an_emptied_field_does_not_say_that_the_saved_key_is_missing(done: list[str]) -> None:
    st.session_state["field"] = "a key"
    team_drawer._save_key(1, 1, "field")
    team_drawer._save_key(1, 1, "field", has_one=True)
    assert (done, st.session_state["field"]) == ([team_drawer.KEYS], "")


def test_a_double_click_opens_a_form_and_a_later_press_closes_it(
    monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    st.session_state[asking._OPEN] = Asking(1, "invoice", "f")
    asking._leave_again()
    assert asking.asked_of(1) is not None
    later = asking.time.monotonic() + 5
    monkeypatch.setattr(asking, "time", SimpleNamespace(monotonic=lambda: later))
    asking._leave_again()
    assert asking.asked_of(1) is None
