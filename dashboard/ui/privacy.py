"""The privacy switch of a shared screen: initials instead of names, remembered for the person."""

import streamlit as st

from core.permissions import Identity
from dashboard.ui.choices import choices, choose
from dashboard.ui.sight import Sight, sight_of

SCREEN = "morning"  # one choice for every screen
SWITCH = "initials"


def sight_with_switch(who: Identity) -> Sight:
    """Draw the switch; what the person may see, with the switch as it now stands."""
    st.session_state[SWITCH] = sight(who).initials
    st.toggle(
        "Initials",
        key=SWITCH,
        help="Show initials instead of names on a shared screen",
        on_change=lambda: choose(who, SCREEN, initials=bool(st.session_state[SWITCH])),
    )
    return sight(who)


def sight(who: Identity) -> Sight:
    """What the person may see, as chosen before."""
    return sight_of(who.role, initials=bool(choices(who, SCREEN).get("initials")))
