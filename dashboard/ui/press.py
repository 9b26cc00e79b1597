"""A press of a button that changes something: one transaction, and the sentence of what went wrong beside the button."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from sqlmodel import Session

from core.errors import HuddleError, ProveAgain
from core.permissions import Identity
from dashboard.ui import page
from dashboard.ui.toasts import toast
from dashboard.wording.text import plain

T = TypeVar("T")
_SAID = "said beside buttons"  # session state: {place: sentence}, of the press before


def run(
    place: str, act: Callable[[Session, Identity], T], done: str = "", *, proved: bool = False
) -> T | None:
    """Run a command as whoever is signed in; None when it could not be done, and `say_error(place)` then tells why.

    proved: only for who said lately who they are; others are asked to confirm it in a tab beside this one.
    """
    st.session_state[_SAID] = {}
    try:
        with page.acting(proved=proved) as (session, who):
            found = act(session, who)
    except HuddleError as error:
        st.session_state[_SAID] = {place: error.sentence}
        return None
    st.session_state[CHANGED] = True
    if done:
        toast(done)
    return found


def say_error(place: str) -> None:
    """What went wrong at the last press of a button here, if that was the last thing pressed."""
    if sentence := st.session_state.get(_SAID, {}).get(place):
        say(sentence)


def say(sentence: str) -> None:
    """What went wrong; beside a link where that mends it."""
    ask = " [Confirm that it is you](/confirm)" if sentence == ProveAgain.SENTENCE else ""
    st.error(f"{plain(sentence, 400)}{ask}", icon=":material/error:")


def clear_error() -> None:
    """Nothing is wrong any more: something else was opened."""
    st.session_state.pop(_SAID, None)


def refresh_what_changed() -> None:
    """Draw the page again when a command changed something, the list behind the drawer too."""
    if st.session_state.pop(CHANGED, False):
        page.draw_again()


CHANGED = "choice changed"  # session state: the list behind the drawer is to be drawn again
