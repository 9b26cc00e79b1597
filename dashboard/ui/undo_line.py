"""One line above the list: what was just decided, and the button that takes it back."""

from collections.abc import Callable

import streamlit as st

from dashboard.wording.text import plain

_LAST = "last decision"  # session state: (words, how to take it back)


def offer(words: str, back: Callable[[], object]) -> None:
    """Say what was done and keep how to take it back, until the next decision."""
    st.session_state[_LAST] = (words, back)


def forget() -> None:
    """Nothing to take back any more."""
    st.session_state.pop(_LAST, None)


def undo_line(page: str) -> None:
    """Draw the line of the last decision of this page's visit, if there is one."""
    last = st.session_state.get(_LAST)
    if last is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"undo {page}"):
        st.markdown(f":material/task_alt: {plain(last[0], 160)}", width="content")
        st.button("Undo", key=f"undo button {page}", icon=":material/undo:", shortcut="U", on_click=_back)


def _back() -> None:
    last = st.session_state.pop(_LAST, None)
    if last is not None:
        last[1]()
