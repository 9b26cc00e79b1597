"""Team: who works here, as what and where, when they may sign in, and their clerk keys."""

import streamlit as st

from core.permissions import Identity
from core.practice.reports import LocationChoice, places
from core.reports.team import Team, team
from dashboard.ui import page, press, undo_line
from dashboard.ui.components import board, headline
from dashboard.ui.team import board as team_board
from dashboard.ui.team import drawer as team_drawer
from dashboard.ui.team import password as team_password
from dashboard.ui.team import week as team_week
from dashboard.wording.columns import place_of
from dashboard.wording.text import count, plain

BOARD, NUMBERS, PRESSED = "team board", "team numbers", "team pressed"
OPEN, CLOSED = "open person", "closed person"


@page.body(60)
def team_page() -> None:
    """The whole page, drawn again by itself; a refresh keeps the open drawer and what is typed in it."""
    _team()


def _team() -> None:
    press.refresh_what_changed()
    who, pressed = page.identity(), st.session_state.get(PRESSED, "")
    with page.open_reader() as session:
        found, offered = team(session, who), places(session, who.location_id)
    where = place_of(offered[0].time_zone if offered else "UTC")
    with st.container(horizontal=True, vertical_alignment="center"):
        undo_line.undo_line("team")
        st.space("stretch")
        st.button("Add a person", type="primary", icon=":material/person_add:", on_click=_start)
    team_password.new_link()
    headline.draw_headline(
        key=NUMBERS,
        label="The team in numbers, press one to see them",
        cards=team_board.numbers(found, pressed),
        sources=[],
        on_press=_press,
    )
    people = team_board.kept(found, pressed)
    board.draw_board(
        board.Board(
            caption="People, their roles and their login times",
            words=f"{count(len(people), 'person', 'people')}; press one to change role, times, keys or password",
            view=pressed,
            columns=team_board.heads(found),
            rows=[team_board.drawn(line, found, where, me=line.staff_id == who.staff_id) for line in people],
            empty=team_board.why_empty(pressed),
            back=st.session_state.get(CLOSED),
        ),
        key=BOARD,
        on_open=_open,
    )
    if st.session_state.get(team_password.ADDING):
        team_password.add_person(who, offered)
    else:
        _drawer_of(found, who, offered)


def _start() -> None:
    st.session_state[team_password.ADDING] = True
    st.session_state.pop(OPEN, None)


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[PRESSED] = "" if pressed == st.session_state.get(PRESSED) else pressed


def _open() -> None:
    pressed = st.session_state[BOARD].open
    if pressed:
        press.clear_error()
        st.session_state[OPEN] = pressed


def _close() -> None:
    gone = st.session_state.pop(OPEN, None)
    st.session_state[CLOSED] = gone
    if gone:
        team_week.forget(int(gone["key"]))
        team_password.forget_link()


def _drawer_of(found: Team, who: Identity, offered: list[LocationChoice]) -> None:
    pressed = st.session_state.get(OPEN)
    line = next((one for one in found.people if pressed and one.staff_id == int(pressed["key"])), None)
    if line is not None:
        drawer = st.dialog(plain(line.display_name, 60), position="right", width=640, on_dismiss=_close)
        drawer(team_drawer.person)(line, found, who, offered)


team_page()
