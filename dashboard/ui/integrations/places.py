"""Which part of the integrations page is open; it stands in the address, so that it can be linked and gone back to."""

from typing import NamedTuple

import streamlit as st

SET_UP, CONNECTION = "set_up", "connection"
# session state: what was just done, shown until one goes elsewhere; of clerk keys by connection
SAID, KEYS_SAID = "integrations said", "clerk keys said"


class Open(NamedTuple):
    """set_up: the kind that is being connected, "" for none. connection: the one looked at or changed."""

    set_up: str
    connection: int | None


NOTHING = Open("", None)


def opened() -> Open:
    """As the address says; what is no number is no connection."""
    number = st.query_params.get(CONNECTION, "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    return Open(st.query_params.get(SET_UP, ""), int(number) if is_number else None)


def go(set_up: str = "", connection: int | None = None) -> None:
    """Open another part at the next run."""
    st.session_state.pop(SAID, None)
    st.session_state.pop(KEYS_SAID, None)
    st.query_params.clear()
    if set_up:
        st.query_params[SET_UP] = set_up
    if connection is not None:
        st.query_params[CONNECTION] = str(connection)


def back(words: str = "All connections") -> None:
    """The way back."""
    st.button(words, icon=":material/arrow_back:", type="tertiary", on_click=go, key="integrations back")
