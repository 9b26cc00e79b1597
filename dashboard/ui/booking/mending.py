"""In the drawer of a booking: moving it to another time, and settling what was kept of one that is over."""

from datetime import datetime, timedelta
from functools import partial

import streamlit as st
from sqlmodel import Session

from core import clock
from core.booking.changing import let_rest, move_at_desk, refund_at_desk, times_to_move_to
from core.booking.desk import BookingRow
from core.money import parse_dollars
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.note import note
from dashboard.wording.text import clock_time

MOVE, SETTLE = "move a booking", "settle a booking"


def move(row: BookingRow, now: datetime) -> None:
    """Choose a day, then one of its free times. Nothing is charged for it."""
    with st.expander("Move this booking", icon=":material/event_repeat:", key=f"moving {row.booking_id}"):
        today = clock.today(row.time_zone, now)
        day = st.date_input(
            "To the day",
            value=max(clock.local_date(row.starts_at, row.time_zone), today),
            min_value=today,
            max_value=today + timedelta(days=365),
            key=f"move day {row.booking_id}",
        )
        with page.open_reader() as session:
            times = times_to_move_to(session, row.booking_id, day, now)
        if not times:
            note("There is no free time on that day.")
            return
        words = {f"{clock_time(one.starts_at, one.by.time_zone)} · {one.by.provider}": one for one in times}
        chosen = words[st.selectbox("At", list(words), key=f"move time {row.booking_id}")]
        note("What was paid stays paid. The patient is told.")
        st.button(
            "Move the booking", key=f"move {row.booking_id}", icon=":material/event_repeat:",
            on_click=partial(_move, row.booking_id, chosen.starts_at, chosen.by.provider_id, chosen.by.location_id),
        )  # fmt: skip
        press.say_error(MOVE)


def _move(booking_id: int, starts_at: datetime, provider_id: int, location_id: int) -> None:
    def act(session: Session, who: Identity) -> bool:
        move_at_desk(
            session,
            who,
            booking_id=booking_id,
            starts_at=starts_at,
            provider_id=provider_id,
            location_id=location_id,
        )
        return True

    press.run(MOVE, act, "The booking is moved.")


def settle(row: BookingRow) -> None:
    """Of a booking that is over and kept money: give it back, or leave it."""
    if not row.conflict:
        return
    with st.container(border=True):
        back = st.text_input(
            "Goes back", value=f"{row.paid_cents / 100:.2f}", key=f"refund {row.booking_id}", max_chars=12,
            icon=":material/attach_money:",
        )  # fmt: skip
        reason = st.text_input("Why", key=f"refund why {row.booking_id}", max_chars=200)
        with st.container(horizontal=True):
            st.button(
                "Give it back", key=f"give back {row.booking_id}", type="primary", icon=":material/undo:",
                on_click=partial(_settle, row.booking_id, back, reason),
            )  # fmt: skip
            st.button(
                "Leave it as it is",
                key=f"leave {row.booking_id}",
                icon=":material/done:",
                on_click=_leave,
                args=(row.booking_id,),
            )
        press.say_error(SETTLE)


def _settle(booking_id: int, back: str, reason: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        refund_at_desk(session, who, booking_id=booking_id, back=parse_dollars(back), reason=reason)
        return True

    press.run(SETTLE, act, "The money goes back.", proved=True)


def _leave(booking_id: int) -> None:
    def act(session: Session, who: Identity) -> bool:
        let_rest(session, who, booking_id=booking_id)
        return True

    press.run(SETTLE, act, "Left as it is.")
