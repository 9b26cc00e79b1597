"""What a person chose on a screen: read once a session from the store, kept there at every change."""

from typing import Any

import streamlit as st

from core.permissions import Identity
from core.staff.preferences import keep_preference, preference
from dashboard.ui import page


def choices(who: Identity, screen: str) -> dict[str, Any]:
    """The person's choices for a screen, such as {"sort": "time", "columns": ["card"]}."""
    name = _name(who, screen)
    if name not in st.session_state:
        with page.open_reader() as session:
            st.session_state[name] = preference(session, who.staff_id, screen)
    return st.session_state[name]


def choose(who: Identity, screen: str, **chosen: Any) -> None:
    """Remember choices, for this tab at once and for this person from now on."""
    if all(choices(who, screen).get(key) == value for key, value in chosen.items()):
        return
    with page.acting(who) as (session, _):
        keep_preference(session, who.staff_id, screen, **chosen)
    st.session_state[_name(who, screen)] = {**choices(who, screen), **chosen}


def _name(who: Identity, screen: str) -> str:
    return f"choices of {who.staff_id} on {screen}"
