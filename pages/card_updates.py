"""Card updates: which cards will fail, and asking for the new ones. Each tab is a fragment under dashboard/ui."""

from collections.abc import Callable

import streamlit as st

from dashboard.ui.cards_to_mend import cards_tab

# name → what draws it; only the open tab runs, and a link (?tab=…) opens its tab
TABS: dict[str, Callable[[], None]] = {
    "Cards to mend": cards_tab,
}

for draw, tab in zip(TABS.values(), st.tabs(list(TABS), key="tab", bind="query-params"), strict=True):
    if tab.open:
        with tab:
            draw()
