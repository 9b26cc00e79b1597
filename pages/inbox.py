"""Inbox: what patients texted, as conversations; read, answered, made a task of, and whose an unknown number is."""

import streamlit as st

from core.messages.conversations import Conversation, Show, conversations
from core.permissions import Identity
from core.practice.reports import places
from dashboard.ui import page, press
from dashboard.ui.components import board
from dashboard.ui.inbox import list as inbox_list
from dashboard.ui.inbox.thread import heading, note_opened, thread
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.toolbar import search_box
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count

BOARD, SHOWN, SEARCH, OPEN = "inbox board", "inbox shown", "inbox search", "inbox open"


@page.body(20)
def inbox() -> None:
    """The whole page, drawn again by itself; what is being typed stays."""
    _inbox()


def _inbox() -> None:
    press.refresh_what_changed()
    who = page.identity()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.session_state.setdefault(SHOWN, Show.UNREAD)
        show = st.segmented_control(
            "Show", list(inbox_list.SHOWS), key=SHOWN, required=True, format_func=inbox_list.SHOWS.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        search = search_box(SEARCH, lambda: None, "Name or number")
        st.space("stretch")
        may_see = sight_with_switch(who)
    with page.open_reader() as session:
        found = conversations(session, who, show or Show.UNREAD, search=search)
        offered = places(session, who.location_id)
        number = st.session_state.get(OPEN)
        pressed = conversations(session, who, numbers=[number]) if number else []
    zone = offered[0].time_zone if offered else "UTC"
    _list(found, show or Show.UNREAD, may_see, zone)
    press.say_error(BOARD)
    if pressed:
        _open(pressed[0], who, may_see, zone)
    patient_card.draw_drawer(BOARD, who, may_see)


def _list(found: list[Conversation], show: Show, may_see: MaySee, zone: str) -> None:
    place = place_of(zone)
    board.draw_board(
        board.Board(
            caption="Conversations",
            words=f"{count(len(found), 'conversation')}, latest first" if found else "",
            view=f"{show} {may_see}",
            columns=inbox_list.HEADS,
            rows=inbox_list.drawn(found, place, may_see),
            empty=inbox_list.EMPTY[show],
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=_press,
    )


def _open(found: Conversation, who: Identity, may_see: MaySee, zone: str) -> None:
    with st.container(border=True, key="conversation"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"#### {heading(found, may_see)}", width="content")
            st.space("stretch")
            for person in found.people[:1]:
                st.button("Open the card", key="inbox card", icon=":material/person:", on_click=patient_card.open_patient, args=(person.key, BOARD))  # fmt: skip
            st.button("Close", key="inbox close", icon=":material/close:", on_click=_close)
        thread(found, who, may_see, zone, place="inbox")


def _press() -> None:
    pressed = st.session_state[BOARD].open
    if pressed and note_opened(str(pressed["id"]), BOARD):
        st.session_state[OPEN] = str(pressed["id"])


def _close() -> None:
    st.session_state.pop(OPEN, None)


inbox()
