"""The bar above a list: search, order, location, privacy switch, and what can be done with the list."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.permissions import Identity
from core.practice.reports import LocationChoice, places
from dashboard.ui import page
from dashboard.ui.choices import choices, choose
from dashboard.ui.output import list_menu
from dashboard.ui.place_picker import place_picker
from dashboard.ui.privacy import sight_with_switch
from dashboard.wording.may_see import MaySee

NAME_OR_PHONE = "Name, or last four of the mobile"


class ListChoice(NamedTuple):
    """What the bar says now. place None: every location of this person. menu: where more buttons of the list go."""

    search: str
    order: str
    place: LocationChoice | None
    may_see: MaySee
    menu: DeltaGenerator

    def location_of(self, who: Identity) -> int | None:
        """Store id of the location the list is about; None: every one."""
        return self.place.key if self.place else who.location_id


def list_toolbar(
    who: Identity,
    screen: str,
    on_change: Callable[[], None],
    *,
    export: str,
    orders: Mapping[str, str] | None = None,
    placeholder: str = NAME_OR_PHONE,
    print_view: str = "",
) -> ListChoice:
    """Draw the bar. screen: whose choices are remembered. export: the report's name in /export/NAME.csv.

    on_change: called when anything of it changes. orders: key → words, the first until somebody chooses.
    """
    with page.open_reader() as session:
        offered = places(session, who.location_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        search = search_box(f"{screen} search", on_change, placeholder)
        order = order_picker(who, screen, orders, on_change) if orders else ""
        place = place_picker(offered, who, screen, on_change)
        st.space("stretch")
        may_see = sight_with_switch(who)
        menu = st.container(horizontal=True, width="content")
        with menu:
            list_menu(export, place, who, may_see, print_view=print_view)
    return ListChoice(search, order, place, may_see, menu)


def search_box(key: str, on_change: Callable[[], None], placeholder: str = NAME_OR_PHONE) -> str:
    """What is searched for, without blanks around it; it answers while somebody types."""
    return st.text_input(
        "Search",
        key=key,
        placeholder=placeholder,
        label_visibility="collapsed",
        type="search",
        live="200ms",
        icon=":material/search:",
        width=320,
        max_chars=60,
        on_change=on_change,
    ).strip()


def order_picker(
    who: Identity, screen: str, orders: Mapping[str, str], on_pick: Callable[[], None] = lambda: None
) -> str:
    """The order of the rows, remembered for the person; the first of `orders` until they choose."""
    key = f"{screen} order"
    first = next(iter(orders))
    st.session_state.setdefault(key, choices(who, screen).get("sort", first))

    def picked() -> None:
        on_pick()
        choose(who, screen, sort=st.session_state[key])

    chosen = st.segmented_control(
        "Order",
        list(orders),
        key=key,
        format_func=orders.__getitem__,
        required=True,
        label_visibility="collapsed",
        on_change=picked,
    )
    return chosen or first
