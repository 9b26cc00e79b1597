"""Card updates: which cards will fail, and asking for the new ones. Each tab is a module under dashboard/ui."""

from collections.abc import Callable

import streamlit as st

from core.permissions import Permission, may
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import TAB
from dashboard.ui.card_updates.blast_tab import blast_tab
from dashboard.ui.card_updates.cards_to_mend import cards_tab

# name → who may open it and what draws it; only the open tab runs, and a link (?tab=…) opens its tab
TABS: dict[str, tuple[Permission, Callable[[], None]]] = {
    "Cards to mend": (Permission.ASK_FOR_CARDS, cards_tab),
    TAB: (Permission.SEND_BLASTS, blast_tab),
}

role = page.identity().role
offered = {name: draw for name, (needed, draw) in TABS.items() if may(role, needed)}
for draw, tab in zip(offered.values(), st.tabs(list(offered), key="tab", bind="query-params"), strict=True):
    if tab.open:
        with tab:
            draw()
