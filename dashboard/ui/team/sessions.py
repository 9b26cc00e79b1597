"""Where a person of the team is signed in, and the button that ends it."""

import streamlit as st
from sqlmodel import Session

from core import clock
from core.permissions import Identity
from core.staff.commands import end_session_of
from core.staff.reports import OwnSession, own_sessions
from core.staff.team import staff_of
from dashboard.ui import page, press
from dashboard.wording.text import clock_time, day_words, plain

PLACE = "end a session"


def sessions_of(staff_id: int, zone: str, *, mine: int = 0, most: int = 6) -> None:
    """The latest sign-ins, newest first, each open one with "End now". mine: the session of this very screen."""
    with page.open_reader() as session:
        rows = own_sessions(session, staff_id, limit=most)
    if not rows:
        st.markdown("Has never signed in.")
    for row in rows:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_line(row, zone, mine))
            if row.open and row.session_id != mine:
                key = f"end {staff_id} {row.session_id}"
                st.button("End now", key=key, on_click=_end, args=(staff_id, row.session_id))
    press.say_error(PLACE)


def _line(row: OwnSession, zone: str, mine: int) -> str:
    state = "this one" if row.session_id == mine else "open" if row.open else plain(row.ended_why)
    since = f"{day_words(clock.local_date(row.signed_in_at, zone))}, {clock_time(row.signed_in_at, zone)}"
    return f"{plain(since)}: **{state}**, last used {plain(clock_time(row.last_seen_at, zone))}"


def _end(staff_id: int, session_id: int) -> None:
    def act(session: Session, who: Identity) -> bool:
        end_session_of(session, who, staff_of(session, who, staff_id), session_id)
        return True

    press.run(PLACE, act, "That sign-in is over.")
