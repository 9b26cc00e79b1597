"""An open page notices within seconds that the data changed: a payment, a sync, somebody else's press."""

import streamlit as st

from core.store.version import data_version
from dashboard.ui import page

EVERY_SECONDS = 5
_SEEN = "data version seen"  # session state


@st.fragment(run_every=EVERY_SECONDS)
def watch() -> None:
    """One small read; the whole page is drawn again only when something changed."""
    page.identity()
    with page.open_reader() as session:
        now = data_version(session)
    before = st.session_state.get(_SEEN, now)
    st.session_state[_SEEN] = now
    if now != before:
        page.draw_again()
