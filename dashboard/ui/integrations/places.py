"""Which part of the integrations page is open; it stands in the address, so that it can be linked and gone back to."""

from typing import NamedTuple

import streamlit as st

SET_UP, CONNECTION, KIT = "set_up", "connection", "kit"
# session state: what was just done, shown until one goes elsewhere; of clerk keys by connection
SAID, KEYS_SAID = "integrations said", "clerk keys said"


class Open(NamedTuple):
    """set_up: the kind that is being connected, "" for none. connection: the one looked at or changed. kit: a longer piece
    of setting up, "" for none."""

    set_up: str
    connection: int | None
    kit: str = ""


NOTHING = Open("", None)


def opened() -> Open:
    """As the address says; what is no number is no connection."""
    number = st.query_params.get(CONNECTION, "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    return Open(
        st.query_params.get(SET_UP, ""), int(number) if is_number else None, st.query_params.get(KIT, "")
    )


def go(set_up: str = "", connection: int | None = None, *, kit: str = "") -> None:
    """Open another part at the next run."""
    st.session_state.pop(SAID, None)
    st.session_state.pop(KEYS_SAID, None)
    st.query_params.clear()
    if set_up:
        st.query_params[SET_UP] = set_up
    if kit:
        st.query_params[KIT] = kit
    if connection is not None:
        st.query_params[CONNECTION] = str(connection)


def back(words: str = "All connections") -> None:
    """The way back."""
    st.button(words, icon=":material/arrow_back:", type="tertiary", on_click=go, key="integrations back")
