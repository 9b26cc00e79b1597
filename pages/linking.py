"""Linking: processor records that are nobody's yet, the most money first, each with its evidence side by side."""

import streamlit as st

from core import clock
from core.errors import NotFound
from core.matching.work_list import side_by_side, work_list
from core.money import whole_dollars
from core.permissions import Identity
from core.practice.reports import places
from dashboard.ui import page, press, toasts, undo_line
from dashboard.ui.components import board, headline
from dashboard.ui.linking import board as linking_board
from dashboard.ui.linking import drawer as linking_drawer
from dashboard.ui.note import note
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.reads import freshness
from dashboard.wording.columns import LocalDay, place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, plain

BOARD, NUMBERS, PRESSED, AT = "linking board", "linking numbers", "linking pressed", "linking at"
LIMIT = 50


@page.body(60)
def linking_page() -> None:
    """The whole page, drawn again by itself; a refresh keeps filter, place and the open drawer."""
    _linking()


def _linking() -> None:
    press.refresh_what_changed()
    who, pressed = page.identity(), st.session_state.get(PRESSED, "")
    with st.container(horizontal=True, vertical_alignment="center"):
        undo_line.undo_line("linking")
        st.space("stretch")
        may_see = sight_with_switch(who)
    with page.open_reader() as session:
        found = work_list(session, who, as_of=clock.now())
        offered = places(session, who.location_id)
    place = place_of(offered[0].time_zone if offered else "UTC")
    headline.draw_headline(
        key=NUMBERS,
        label="What waits for a patient, press one to see it",
        cards=linking_board.numbers(found, pressed),
        sources=freshness(),
        on_press=_press,
    )
    records = linking_board.kept(found, pressed)
    first = (st.session_state.get(AT, 1) - 1) * LIMIT
    board.draw_board(
        board.Board(
            caption="Processor records without a patient",
            words=f"{count(len(records), 'record')}, the most money first" if records else "",
            view=f"{pressed} {first} {may_see}",
            columns=linking_board.HEADS,
            rows=[linking_board.drawn(one, place, may_see) for one in records[first : first + LIMIT]],
            empty=linking_board.why_empty(found, pressed),
            back=st.session_state.get(linking_drawer.CLOSED),
        ),
        key=BOARD,
        on_open=_open,
    )
    if len(records) > LIMIT:
        st.pagination(-(-len(records) // LIMIT), key=AT)
    if found.nameless_cents:
        note(f"Another {plain(whole_dollars(found.nameless_cents))} of the last 90 days was paid without a customer record at the processor: nothing there says whose it is.")  # fmt: skip
    _drawer_of(who, place, may_see)


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[PRESSED] = "" if pressed == st.session_state.get(PRESSED) else pressed
        st.session_state[AT] = 1


def _open() -> None:
    pressed = st.session_state[BOARD].open
    if pressed:
        press.clear_error()
        st.session_state[linking_drawer.OPEN] = pressed


def _close() -> None:
    st.session_state[linking_drawer.CLOSED] = st.session_state.pop(linking_drawer.OPEN, None)
    st.session_state.pop(linking_drawer.SEARCH, None)


def _drawer_of(who: Identity, place: LocalDay, may_see: MaySee) -> None:
    pressed = st.session_state.get(linking_drawer.OPEN)
    if not pressed:
        return
    try:
        with page.open_reader() as session:
            found = side_by_side(session, who, int(pressed["key"]), as_of=clock.now())
    except NotFound as error:  # somebody else decided meanwhile
        st.session_state.pop(linking_drawer.OPEN, None)
        toasts.toast(error.sentence, "sync")
        return
    title = plain(linking_board.name_of(found.record, may_see), 60)
    drawer = st.dialog(title, position="right", width=740, on_dismiss=_close)
    drawer(linking_drawer.record)(found, who, place, may_see)


linking_page()
