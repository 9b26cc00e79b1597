"""Every active patient with the columns of the morning: search, filter by what is wrong, open the card."""

import streamlit as st

from core import clock
from core.findings.flags import Group
from core.permissions import Identity
from core.reports.patients_page import PatientsPage, patients_page
from dashboard.ui import page
from dashboard.ui.choices import choices
from dashboard.ui.components import board, headline
from dashboard.ui.morning.day_bar import chosen_day
from dashboard.ui.morning.filters import column_picker
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.privacy import may_see, sight_with_switch
from dashboard.ui.reads import freshness
from dashboard.ui.toolbar import order_picker, search_box
from dashboard.wording import columns
from dashboard.wording.chips import group_cards
from dashboard.wording.may_see import MaySee

SCREEN, BOARD, GROUPS = "patients", "patients board", "patients groups"
SEARCH, GROUP, AT = "patients search", "patients group", "patients at"
ORDERS, LIMIT = {"name": "By last name", "worst": "Worst first"}, 50


@page.body(60)
def patients() -> None:
    """The whole page, drawn again by itself; a refresh keeps search, filter, place and the open drawer."""
    _patients()


def _patients() -> None:
    who = page.identity()
    with st.container(horizontal=True, vertical_alignment="center"):
        search = search_box(SEARCH, _from_the_start)
        order = order_picker(who, SCREEN, ORDERS, _from_the_start)
        column_picker(who, may_see(who), SCREEN)
        st.space("stretch")
        seen = sight_with_switch(who)
    _list(search, order, who, seen)
    patient_card.draw_drawer(BOARD, who, seen)


def _list(search: str, order: str, who: Identity, may_see: MaySee) -> None:
    place, group = chosen_day(who).place, st.session_state.get(GROUP, "")
    at = st.session_state.get(AT, 1)
    found = patients_page(
        page.engine(),
        location_id=who.location_id,
        as_of=clock.now(),
        search=search,
        groups=(Group(group),) if group else (),
        order=order,
        offset=(at - 1) * LIMIT,
        limit=LIMIT,
    )
    headline.draw_headline(
        key=GROUPS,
        label="What is wrong, press one to filter",
        cards=group_cards(found.counts, group, may_see),
        sources=freshness(),
        on_press=_press,
        small=True,
    )
    _board(found, place.time_zone if place else "UTC", who, may_see, f"{search} {group} {order} {at}")


def _board(found: PatientsPage, time_zone: str, who: Identity, may_see: MaySee, view: str) -> None:
    place = columns.place_of(time_zone)
    shown = columns.chosen(may_see, choices(who, SCREEN).get("columns", []))
    at = st.session_state.get(AT, 1)
    first, last = (at - 1) * LIMIT + 1, (at - 1) * LIMIT + len(found.rows)
    board.draw_board(
        board.Board(
            caption="Active patients",
            words=f"{first:,} to {last:,} of {found.total:,} patients" if found.rows else "",
            view=f"{view} {may_see}",
            columns=board.heads(shown, timed=False),
            rows=[board.patient_row(may_see.row(row), shown, place) for row in found.rows],
            empty=_empty(found),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=lambda: patient_card.open_from(BOARD),
    )
    if found.total > LIMIT:
        st.pagination(-(-found.total // LIMIT), key=AT)


def _empty(found: PatientsPage) -> tuple[str, str]:
    if not found.ready:
        return "Counting…", "The list is being made ready and appears by itself."
    return "No patient matches", "Clear the search or the filter to see everyone."


def _press() -> None:
    pressed = st.session_state[GROUPS].press
    if pressed is not None:
        st.session_state[GROUP] = "" if pressed == st.session_state.get(GROUP) else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1


patients()
