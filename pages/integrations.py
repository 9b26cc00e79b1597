"""Integrations: the systems this practice is connected to, how fresh each is, and connecting another one step by step."""

import streamlit as st

from core import clock
from core.connections.models import Kind
from core.connections.tiles import tiles
from core.errors import HuddleError
from core.permissions import Identity, Permission, may
from dashboard.ui import page
from dashboard.ui.activity.troubled_reports import troubled_reports
from dashboard.ui.integrations.details import connection_details
from dashboard.ui.integrations.form import connection_form
from dashboard.ui.integrations.guides import GUIDES
from dashboard.ui.integrations.kits import KITS, draw_kits
from dashboard.ui.integrations.mapping import busy, mapping
from dashboard.ui.integrations.places import NOTHING, opened
from dashboard.ui.integrations.tiles import draw_connections, draw_offered
from dashboard.wording.text import plain

GOING = "tiles going"  # session state: whether the page was drawn while a sync went on
WHILE_SYNCING, OTHERWISE = 1, 5  # seconds


def integrations() -> None:
    """What the address opens: the form of a system, one connection, or all of them."""
    who, at = page.identity(), opened()
    try:
        if at.set_up in set(GUIDES):
            connection_form(Kind(at.set_up), who, at.connection)
        elif at.kit in KITS:
            KITS[at.kit].draw(who)
        elif at.connection is not None:
            connection_details(at.connection, who)
        elif may(who.role, Permission.MANAGE_CONNECTIONS):
            systems, own = st.tabs(["Systems", "Your own export"], key="tab", bind="query-params")
            if own.open:
                with own:
                    st.fragment(mapping, run_every=1 if busy() else None)()
            else:
                with systems:
                    _everything(who)
        else:
            _everything(who)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")


def _everything(who: Identity) -> None:
    with page.open_reader() as session:
        there = tiles(session, now=clock.now())
    if there:
        st.markdown("**Connected**")
        st.session_state[GOING] = going = any(one.now for one in there)
        st.fragment(connected, run_every=WHILE_SYNCING if going else OTHERWISE)()
        troubled_reports(who)
    elif may(who.role, Permission.MANAGE_CONNECTIONS):
        st.subheader("Connect your first system")
        st.markdown(
            "Begin with what your EHR knows, then add who takes the cards. Each takes a few minutes: copy the keys "
            "there, paste them here, and Huddle tries them out before it saves anything."
        )
        st.page_link(
            "../pages/integrations.py", label="Only an export of your EHR? Drop it under Your own export",
            icon=":material/upload_file:", query_params={"tab": "Your own export"}, width="content",
        )  # fmt: skip
    else:
        st.info("No system is connected yet. The owner or the office manager can do that here.")
    if may(who.role, Permission.MANAGE_CONNECTIONS):
        if there:
            st.markdown("**Connect another system**")
        draw_offered(there)
        draw_kits()


def connected() -> None:
    """The cards, drawn again by themselves: a sync that goes on is seen going on, every second or so."""
    if opened() != NOTHING:  # a card was pressed: only this part is drawn after it, and not what it opens
        st.rerun()
    who, now = page.identity(), clock.now()
    with page.open_reader() as session:
        found = tiles(session, now=now)
    draw_connections(found, who, now)
    if any(one.now for one in found) != st.session_state[GOING]:
        st.rerun()


integrations()
