"""Short words that pass by at the edge of the page, once it is drawn.

Streamlit keeps toasts and the open drawer in one row of places. Said by a callback, a toast took the drawer's place:
the drawer vanished for a third of a second, came back, and lost the keyboard. After the drawer it takes the next one.
"""

import streamlit as st

from dashboard.wording.text import plain

_WAITING = "toasts"  # session state: [(words, icon)]


def toast(words: str, icon: str = "task_alt") -> None:
    """Say it when the page is drawn. icon: the name of a Material symbol."""
    st.session_state.setdefault(_WAITING, []).append((plain(words, 300), f":material/{icon}:"))


def show() -> None:
    """At the end of the page, of a drawer, and of a part that runs by itself and has buttons: what was said."""
    for words, icon in st.session_state.pop(_WAITING, []):
        st.toast(words, icon=icon)
