"""The tab “Bookings”: what the desk does about online bookings, and the switch that stops them at once."""

import streamlit as st
from sqlmodel import Session

from core import clock
from core.booking.commands import switch_booking
from core.booking.offers import is_open
from core.permissions import Identity, Permission, may
from core.practice.reports import places
from dashboard.ui import page, press, undo_line
from dashboard.ui.booking import booking_drawer
from dashboard.ui.booking.bookings_list import HEADS, drawn, list_words, numbers, read_lists, tile_of
from dashboard.ui.components import board, headline
from dashboard.ui.place_picker import place_picker

SCREEN, BOARD, NUMBERS = "booking", "bookings board", "bookings numbers"
PRESSED, AT, SWITCH = "bookings pressed", "bookings at", "switch online booking"
LIMIT = 50


@page.body(30)
def bookings_tab() -> None:
    """The whole tab, drawn again by itself; a refresh keeps the list that is open and the drawer."""
    press.refresh_what_changed()
    _bookings()


def _bookings() -> None:
    who, now = page.identity(), clock.now()
    with page.open_reader() as session:
        offered, open_now = places(session, who.location_id), is_open(session, who.practice_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        place = place_picker(offered, who, SCREEN, _from_the_start)
        undo_line.undo_line("booking")
        st.space("stretch")
        _switch(who, open_now=open_now)
        st.link_button("File for the EHR", "/export/bookings.csv", icon=":material/download:", help=EHR_FILE)
    press.say_error(SWITCH)
    with page.open_reader() as session:
        found = read_lists(session, who, now, place.key if place else who.location_id)
    tile = tile_of(st.session_state.get(PRESSED, ""), found)
    headline.draw_headline(
        key=NUMBERS,
        label="Online bookings in numbers, press one to see them",
        cards=numbers(found, tile.id),
        sources=[],
        on_press=_press,
    )
    rows, at = tile.rows(found), st.session_state.get(AT, 1)
    board.draw_board(
        board.Board(
            caption="Online bookings",
            words=list_words(rows, tile),
            view=f"{tile.id} {at} {place.key if place else ''}",
            columns=HEADS,
            rows=[drawn(row, now) for row in rows[(at - 1) * LIMIT : at * LIMIT]],
            empty=tile.empty,
            back=st.session_state.get(booking_drawer.CLOSED),
        ),
        key=BOARD,
        on_open=lambda: booking_drawer.open_from(BOARD),
    )
    if len(rows) > LIMIT:
        st.pagination(-(-len(rows) // LIMIT), key=AT)
    booking_drawer.draw([row for every in found for row in every], now)


EHR_FILE = "Bookings that no EHR could be told, as appointments to import there"


def _switch(who: Identity, *, open_now: bool) -> None:
    """Stopping is one press and can be taken back; opening is for who sets booking up."""
    if not may(who.role, Permission.MANAGE_BOOKING):
        st.badge(
            "Online booking is open" if open_now else "Online booking is stopped",
            color="green" if open_now else "gray",
        )
        return
    words, icon = (
        ("Stop online booking", ":material/front_hand:")
        if open_now
        else ("Open online booking", ":material/play_arrow:")
    )
    st.button(
        words,
        key=SWITCH,
        icon=icon,
        on_click=_turn,
        args=(not open_now,),
        type="secondary" if open_now else "primary",
    )


def _turn(on: bool) -> None:
    def act(session: Session, who: Identity) -> bool:
        switch_booking(session, who, on=on)
        return True

    if press.run(SWITCH, act):
        words = "Online booking is open." if on else "Online booking is stopped. What is booked stays."
        undo_line.offer(words, lambda: _turn(not on))


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[PRESSED] = "" if pressed == st.session_state.get(PRESSED) else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1
