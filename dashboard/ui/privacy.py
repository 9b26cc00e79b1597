"""The privacy switch of a shared screen: initials instead of names, remembered for the person."""

import streamlit as st

from core.permissions import Identity
from dashboard.ui.choices import choices, choose
from dashboard.wording.may_see import MaySee, may_see_of

SCREEN = "morning"  # one choice for every screen
SWITCH = "initials"


def sight_with_switch(who: Identity) -> MaySee:
    """Draw the switch; what the person may see, with the switch as it now stands."""
    st.session_state[SWITCH] = may_see(who).initials
    st.toggle(
        "Initials",
        key=SWITCH,
        help="Show initials instead of names on a shared screen",
        on_change=lambda: choose(who, SCREEN, initials=bool(st.session_state[SWITCH])),
    )
    return may_see(who)


def may_see(who: Identity) -> MaySee:
    """What the person may see, as chosen before."""
    return may_see_of(who.role, initials=bool(choices(who, SCREEN).get("initials")))
