"""Reports from outside (webhooks) that could not be applied: what they were, why, and trying once more."""

import streamlit as st
from sqlmodel import Session

from core import clock
from core.inbox.commands import try_again
from core.inbox.reports import Trouble, troubles
from core.permissions import Identity, Permission, may
from dashboard.ui import page, press
from dashboard.wording.text import ago, count, plain

PLACE, MOST = "reports from outside", 20


def troubled_reports(who: Identity) -> None:
    """Nothing at all while everything reported could be applied."""
    with page.open_reader() as session:
        found = troubles(session, limit=MOST)
    if not found:
        return
    words = f"{count(len(found), 'report')} from outside could not be applied yet"
    with st.expander(words, icon=":material/mark_email_unread:"):
        for one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_words(one))
                if may(who.role, Permission.MANAGE_CONNECTIONS):
                    st.button(
                        "Try again",
                        key=f"again {one.event_id}",
                        icon=":material/replay:",
                        on_click=_again,
                        args=(one.event_id,),
                    )
        press.say_error(PLACE)


def _words(one: Trouble) -> str:
    came = ago(one.received_at, clock.now())
    tried = "given up" if one.next_try is None else "will be tried again by itself"
    return f"{plain(one.source, 30)}, {plain(one.kind, 40)}, {came}: {plain(one.reason, 200)} ({count(one.attempts, 'try', 'tries')}, {tried})"


def _again(event_id: int) -> None:
    def act(session: Session, who: Identity) -> None:
        try_again(session, who, event_id)

    press.run(PLACE, act, "It is tried again now.")
