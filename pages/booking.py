"""Online booking: what the desk does about bookings, and how booking is set up. Each tab is a module."""

from collections.abc import Callable

import streamlit as st

from core.permissions import Permission, may
from dashboard.ui import page
from dashboard.ui.booking.bookings_tab import bookings_tab
from dashboard.ui.booking.hours_tab import hours_tab
from dashboard.ui.booking.setup_tab import setup_tab

# name → who may open it and what draws it; only the open tab runs, and a link (?tab=…) opens its tab
TABS: dict[str, tuple[Permission, Callable[[], None]]] = {
    "Bookings": (Permission.COLLECT, bookings_tab),
    "Set-up": (Permission.MANAGE_BOOKING, setup_tab),
    "Hours": (Permission.MANAGE_BOOKING, hours_tab),
}

role = page.identity().role
offered = {name: draw for name, (needed, draw) in TABS.items() if may(role, needed)}
for draw, tab in zip(offered.values(), st.tabs(list(offered), key="tab", bind="query-params"), strict=True):
    if tab.open:
        with tab:
            draw()
