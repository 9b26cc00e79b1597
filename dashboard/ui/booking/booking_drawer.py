"""One online booking in the drawer: how it stands, whom it is for, its history, and cancelling it."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import streamlit as st
from sqlmodel import Session

from core import clock
from core.booking.changing import back_by_rule, cancel_at_desk
from core.booking.desk import BookingRow, history
from core.booking.models import BookingState, Known
from core.booking.persons import confirm_patient, say_new
from core.money import parse_dollars, short_dollars
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.booking import mending, prepay
from dashboard.ui.booking.bookings_list import money_words
from dashboard.ui.booking.patient_search import patient_search
from dashboard.ui.components.rows import draw_rows
from dashboard.ui.note import note
from dashboard.wording.text import clock_time, day_words, phone_words, plain

OPEN, CLOSED = "open booking", "closed booking"
WHOM, CANCEL = "whom a booking is for", "cancel a booking"


def open_from(board: str) -> None:
    """A row of the list was pressed."""
    pressed = st.session_state[board].open
    if pressed:
        press.clear_error()
        st.session_state[OPEN] = pressed


def draw(rows: Sequence[BookingRow], now: datetime) -> None:
    """The drawer of the booking that is open, when it still stands in one of the lists."""
    pressed = st.session_state.get(OPEN)
    row = next((one for one in rows if pressed and one.booking_id == int(pressed["key"])), None)
    if row is not None:
        st.dialog(plain(row.patient, 60) or "No name", position="right", width=640, on_dismiss=_close)(
            _booking
        )(row, now)


def _close() -> None:
    st.session_state[CLOSED] = st.session_state.pop(OPEN, None)


def _booking(row: BookingRow, now: datetime) -> None:
    press.refresh_what_changed()
    day = day_words(clock.local_date(row.starts_at, row.time_zone))
    st.markdown(
        f"**{plain(row.appointment_type)}** with {plain(row.provider)}, {day}, "
        f"{clock_time(row.starts_at, row.time_zone)} · {plain(row.location)}"
    )
    note(f"{money_words(row)} · {plain(row.state.capitalize())} · {_reach(row)}")
    for sentence in row.needs:
        st.warning(plain(sentence, 300), icon=":material/priority_high:")
    _whom(row)
    if row.state == BookingState.BOOKED:
        mending.move(row, now)
        _cancel(row, now)
    else:
        mending.settle(row)
    _history(row)


def _reach(row: BookingRow) -> str:
    return (
        " · ".join(
            part
            for part in (plain(phone_words(row.mobile_phone)) if row.mobile_phone else "", plain(row.email))
            if part
        )
        or "no phone or e-mail"
    )


def _whom(row: BookingRow) -> None:
    if row.patient_id is not None:
        st.link_button("Open patient", f"/patient?id={row.patient_id}", icon=":material/person:")
        prepay.prepay_of(row.patient_id, row.must_prepay)
        return
    if row.known == Known.PROPOSED and row.proposed_id is not None:
        st.markdown(f"Probably **{plain(row.proposed)}** ({plain(row.evidence)}).")
        with st.container(horizontal=True):
            st.button(
                "It is them", key=f"them {row.booking_id}", type="primary", icon=":material/check:",
                on_click=_say, args=(row.booking_id, row.proposed_id),
            )  # fmt: skip
            st.button(
                "Somebody new",
                key=f"new {row.booking_id}",
                icon=":material/person_add:",
                on_click=_say,
                args=(row.booking_id, None),
            )
    elif row.known == Known.NEW:
        st.markdown("Somebody new. Add them in the EHR; the booking finds them there by itself.")
    patient_search(
        "Or it is a patient you know",
        f"whom {row.booking_id}",
        {"It is them": lambda patient: _say(row.booking_id, patient)},
    )
    press.say_error(WHOM)


def _say(booking_id: int, patient_id: int | None) -> None:
    def act(session: Session, who: Identity) -> bool:
        if patient_id is None:
            say_new(session, who, booking_id=booking_id)
        else:
            confirm_patient(session, who, booking_id=booking_id, patient_id=patient_id)
        return True

    press.run(WHOM, act, "Noted.")


def _cancel(row: BookingRow, now: datetime) -> None:
    with page.open_reader() as session:
        by_rule = back_by_rule(session, row.booking_id, now)
    with st.expander("Cancel this booking", icon=":material/event_busy:", key=f"cancelling {row.booking_id}"):
        reason = st.text_input(
            "Why",
            key=f"cancel why {row.booking_id}",
            max_chars=200,
            placeholder="What the patient will not read",
        )
        back = ""
        if row.paid_cents:
            back = st.text_input(
                "Goes back", value=f"{by_rule / 100:.2f}", key=f"cancel back {row.booking_id}", max_chars=12, icon=":material/attach_money:",
                help=f"By the rule {short_dollars(by_rule)} of {short_dollars(row.paid_cents)} goes back.",
            )  # fmt: skip
        note(
            "The patient is told by e-mail, and by text where they agreed to it. The time is free again at once."
        )
        st.button(
            "Cancel the booking", key=f"cancel {row.booking_id}", type="primary", icon=":material/event_busy:",
            on_click=partial(_end, row, reason, back),
        )  # fmt: skip
        press.say_error(CANCEL)


def _end(row: BookingRow, reason: str, back: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        cents = parse_dollars(back) if back.strip() else None
        cancel_at_desk(session, who, booking_id=row.booking_id, reason=reason, back=cents)
        return True

    press.run(CANCEL, act, "The booking is cancelled.", proved=bool(row.paid_cents))


def _history(row: BookingRow) -> None:
    with page.open_reader() as session:
        steps = history(session, row.booking_id)
    draw_rows(
        ["When", "What happened", "Who"],
        [
            (
                f"{day_words(clock.local_date(step.at, row.time_zone))}, {clock_time(step.at, row.time_zone)}",
                step.words,
                step.who or "–",
            )
            for step in steps
        ],
        caption="History of this booking",
        key=f"booking history {row.booking_id}",
        short=[0],
    )
