"""Choosing one location of several for a screen, remembered for the person."""

from collections.abc import Callable

import streamlit as st

from core.permissions import Identity
from core.practice.reports import LocationChoice
from dashboard.ui.choices import choices, choose
from dashboard.wording.text import shown

EVERYWHERE = ""


def place_picker(
    offered: list[LocationChoice], who: Identity, screen: str, on_pick: Callable[[], None]
) -> LocationChoice | None:
    """The location chosen for `screen`; None = every location of this person. Draws nothing where there is only one."""
    if len(offered) < 2:
        return None
    key = f"{screen} place"
    names = {EVERYWHERE: "All locations", **{one.external_id: one.name for one in offered}}
    wanted = choices(who, screen).get("location", EVERYWHERE)
    st.session_state[key] = wanted if wanted in names else EVERYWHERE

    def picked() -> None:
        choose(who, screen, location=st.session_state[key])
        on_pick()

    st.selectbox(
        "Location",
        list(names),
        key=key,
        format_func=lambda one: shown(names[one], 40),
        label_visibility="collapsed",
        width=220,
        on_change=picked,
    )
    return next((one for one in offered if one.external_id == st.session_state[key]), None)
