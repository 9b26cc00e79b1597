"""A row of the morning that only online booking knows yet: pressed, it opens the booking instead of a patient card."""

from typing import Any

import streamlit as st

from core.permissions import Identity, Permission, may
from dashboard.ui.patient import drawer as patient_card

BOOKING = "open booking"  # session state: as the page of bookings reads it
_GO = "go to a booking"


def open_from(board: str) -> None:
    """The row that was pressed: a patient's card, or the booking of somebody whom nobody knows surely yet (key < 0)."""
    pressed: dict[str, Any] | None = st.session_state[board].open
    if pressed and int(pressed["key"]) < 0:
        st.session_state[_GO] = -int(pressed["key"])
    else:
        patient_card.open_from(board)


def go_to_booking(who: Identity) -> None:
    """Follow the press to the page of bookings, where the role may open it. Does not return then."""
    booking_id = st.session_state.pop(_GO, None)
    if booking_id is not None and may(who.role, Permission.COLLECT):
        st.session_state[BOOKING] = {"key": str(booking_id), "id": f"booking {booking_id}"}
        st.switch_page("../pages/booking.py")
