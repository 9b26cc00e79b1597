"""Who prepays by name, or never does: said of a person in the drawer of their booking, or found by name under Set-up."""

from functools import partial

import streamlit as st
from sqlmodel import Session

from core.booking.commands import set_prepay
from core.booking.reports import ByNameRow, SetUp
from core.permissions import Identity, Permission, may
from dashboard.ui import page, press
from dashboard.ui.booking.patient_search import patient_search
from dashboard.ui.note import note
from dashboard.wording.text import plain

PREPAY, WHY = "prepay by name", "prepay by name why"
WAYS = {None: "As the rules say", True: "Always prepays", False: "Never prepays"}


def by_name(found: SetUp) -> None:
    """Everybody of whom something is said by name, and a search to say it of somebody else."""
    for one in found.by_name:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_words(one), width="stretch")
            st.button(
                "Take away", key=f"prepay away {one.patient_id}", icon=":material/delete:",
                on_click=partial(_set, one.patient_id, None, ""),
            )  # fmt: skip
    if not found.by_name:
        note("Nobody is bound or excused by name.")
    reason = st.text_input("Why", key=WHY, max_chars=200, placeholder="Only you see it", width=340)
    patient_search(
        "Bind or excuse somebody by name",
        "prepay search",
        {
            "Always prepays": lambda patient: _set(patient, True, reason),
            "Never prepays": lambda patient: _set(patient, False, reason),
        },
    )
    press.say_error(PREPAY)


def _words(one: ByNameRow) -> str:
    reason = f": {plain(one.reason)}" if one.reason else ""
    return f"**{plain(one.patient)}** {'always prepays' if one.must_prepay else 'never prepays'}{reason}"


def prepay_of(patient_id: int, must_prepay: bool | None) -> None:
    """In the drawer of a booking: how its patient stands, and how they shall from the next booking on."""
    if not may(page.identity().role, Permission.MANAGE_BOOKING):
        if must_prepay is not None:
            note(f"{WAYS[must_prepay]}, by name.")
        return
    key = f"prepay {patient_id}"
    st.segmented_control(
        "When they book again", list(WAYS), default=must_prepay, key=key, required=True, format_func=WAYS.__getitem__,
        on_change=lambda: _set(patient_id, st.session_state[key], ""),
    )  # fmt: skip
    press.say_error(PREPAY)


def _set(patient_id: int, must_prepay: bool | None, reason: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        set_prepay(session, who, patient_id=patient_id, must_prepay=must_prepay, reason=reason)
        return True

    press.run(PREPAY, act, "Saved. It holds from the next booking on.")
