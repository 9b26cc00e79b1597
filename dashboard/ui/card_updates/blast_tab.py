"""Asking many: who, message, check, send and results on one page (LOOK, Card updates); for new cards as a tab, for money as
a page of its own."""

import streamlit as st

from core.errors import HuddleError
from core.links.rules import LinkKind
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.card_updates.blast_check import step_check
from dashboard.ui.card_updates.blast_draft import OPEN, begin, draft
from dashboard.ui.card_updates.blast_message import step_message
from dashboard.ui.card_updates.blast_results import blast_view, earlier
from dashboard.ui.card_updates.blast_send import step_send
from dashboard.ui.card_updates.blast_who import step_who
from dashboard.ui.privacy import sight_with_switch
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import plain


def blast_tab(kind: LinkKind = LinkKind.CARD) -> None:
    """The whole of it: one blast being made, or one that was made. kind: what people are asked for."""
    who = page.identity()
    try:
        with st.container(horizontal=True, vertical_alignment="center"):
            opened = st.session_state.get(OPEN)
            if opened is not None:
                st.button("Ask others", key="blast new", icon=":material/add:", on_click=_leave, args=(who,))
            st.space("stretch")
            may_see = sight_with_switch(who)
        if opened is not None:
            blast_view(opened, who, may_see)
        else:
            _steps(who, may_see, kind)
        earlier(who, kind)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")


def _steps(who: Identity, may_see: MaySee, kind: LinkKind) -> None:
    now = draft(who)
    if kind == LinkKind.PAY and (now.kind != kind or not now.chosen):
        st.info(
            "Choose people on the plans page and press “Ask all shown”: they stand here to be checked first.",
            icon=":material/campaign:",
        )
        st.page_link("../pages/plans.py", label="Plans", icon=":material/event_note:")
        return
    if now.kind != kind:  # something else was begun on another page
        begin(who)
        now = draft(who)
    people = step_who(now, who)
    words = step_message(now, who, people)
    if words is None or not people:
        if words is not None and (now.picked or now.chosen):
            st.success("Nobody needs to be asked for this. Choose others above.", icon=":material/task_alt:")
        return
    found = step_check(now, who, may_see, people, words)
    if found is not None:
        step_send(now, who, people, found)


def _leave(who: Identity) -> None:
    press.clear_error()
    begin(who)
