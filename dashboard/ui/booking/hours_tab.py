"""The tab “Hours”: when each provider takes online bookings, breaks, and days off."""

from collections.abc import Sequence
from datetime import date, time
from functools import partial

import streamlit as st
from sqlmodel import Session

from core import clock
from core.booking.commands import add_day_off, remove_day_off, save_hours
from core.booking.free_times import Stretch
from core.booking.reports import SetUp, booking_setup
from core.permissions import Identity
from core.staff.rules import WEEKDAYS
from dashboard.ui import page, press
from dashboard.ui.note import note
from dashboard.wording.text import day_words, plain, short_time, shown

HOURS, DAYS = "save booking hours", "days off"
OPENS, CLOSES, BREAK = time(9), time(17), (time(12), time(13))
QUARTERS = [time(minute // 60, minute % 60) for minute in range(0, 24 * 60, 15)]
EVERYBODY = 0


@page.body(60)
def hours_tab() -> None:
    """The whole tab, drawn again by itself; what is being typed stays."""
    press.refresh_what_changed()
    who = page.identity()
    with page.open_reader() as session:
        found = booking_setup(session, practice_id=who.practice_id)
    if not found.providers or not found.places:
        st.info(
            "Providers and locations come with the EHR's data. Connect it under Integrations first.",
            icon=":material/hub:",
        )
        return
    _week(found)
    _days_off(found)


def _week(found: SetUp) -> None:
    names = {each.provider_id: each.name for each in found.providers}
    places = {each.location_id: each.name for each in found.places}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        provider = st.selectbox(
            "Provider",
            list(names),
            key="hours provider",
            format_func=lambda one: shown(names[one], 60),
            width=280,
        )
        place = st.selectbox(
            "Location",
            list(places),
            key="hours place",
            format_func=lambda one: shown(places[one], 60),
            width=280,
        )
    kept = next(
        (row.stretches for row in found.hours if (row.provider_id, row.location_id) == (provider, place)), ()
    )
    note("Times are on the wall of the location. A day that is off takes no bookings.")
    week = [_day(weekday, kept, f"{provider} {place}") for weekday in range(7)]
    stretches = [one for day in week for one in day]
    st.button(
        "Save the week",
        key="save hours",
        type="primary",
        icon=":material/save:",
        on_click=partial(_save, provider, place, stretches),
    )
    press.say_error(HOURS)


def _day(weekday: int, kept: Sequence[Stretch], key: str) -> list[Stretch]:
    """One weekday: whether it is on, from when until when, and a break."""
    name, key = WEEKDAYS[weekday], f"hours {key} {weekday}"
    open_part = next((one for one in kept if one.weekday == weekday and not one.is_break), None)
    rest = next((one for one in kept if one.weekday == weekday and one.is_break), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        on = st.toggle(name, open_part is not None, key=f"{key} on", width=150)
        if not on:
            return []
        starts = _time(
            f"{name} from", open_part.starts_minute if open_part else _minute(OPENS), f"{key} from"
        )
        ends = _time(f"{name} until", open_part.ends_minute if open_part else _minute(CLOSES), f"{key} until")
        paused = st.toggle("Break", rest is not None, key=f"{key} break", width=110)
        found = [Stretch(weekday, starts, ends)]
        if paused:
            first = _time(
                f"{name} break from", rest.starts_minute if rest else _minute(BREAK[0]), f"{key} break from"
            )
            last = _time(
                f"{name} break until", rest.ends_minute if rest else _minute(BREAK[1]), f"{key} break until"
            )
            found.append(Stretch(weekday, first, last, True))
        return found


def _time(label: str, minute: int, key: str) -> int:
    offered = sorted({*(_minute(one) for one in QUARTERS), minute})
    return st.selectbox(
        label, offered, offered.index(minute), key=key, label_visibility="collapsed", width=120,
        format_func=lambda one: short_time(time(one // 60 % 24, one % 60)),
    )  # fmt: skip


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _save(provider_id: int, location_id: int, stretches: list[Stretch]) -> None:
    def act(session: Session, who: Identity) -> bool:
        save_hours(session, who, provider_id=provider_id, location_id=location_id, stretches=stretches)
        return True

    press.run(HOURS, act, "The hours are saved. What is booked already stays.")


def _days_off(found: SetUp) -> None:
    """Days without bookings, of one provider or of everybody."""
    st.markdown("**Days off**")
    for one in found.days_off:
        with st.container(horizontal=True, vertical_alignment="center"):
            days = day_words(one.first_on) + (
                f" to {day_words(one.last_on)}" if one.last_on != one.first_on else ""
            )
            whom = " · ".join(
                part
                for part in (plain(one.provider) or "Everybody", plain(one.location), plain(one.reason))
                if part
            )
            st.markdown(f"{days} · {whom}", width="stretch")
            st.button(
                "Take away",
                key=f"day off {one.day_off_id}",
                icon=":material/delete:",
                on_click=_remove,
                args=(one.day_off_id,),
            )
    if not found.days_off:
        note("No days off are planned.")
    names = {EVERYBODY: "Everybody", **{each.provider_id: each.name for each in found.providers}}
    today = clock.today(found.places[0].time_zone)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.date_input("From", today, key="day off from", width=160, format="MM/DD/YYYY")
        last = st.date_input("Until", today, key="day off until", width=160, format="MM/DD/YYYY")
        whose = st.selectbox(
            "Who", list(names), key="day off who", format_func=lambda one: shown(names[one], 60), width=220
        )
        where = EVERYBODY
        if len(found.places) > 1:
            places = {EVERYBODY: "Every location", **{each.location_id: each.name for each in found.places}}
            where = st.selectbox(
                "Where", list(places), key="day off where", format_func=lambda one: shown(places[one], 60), width=200
            )  # fmt: skip
        reason = st.text_input(
            "Reason", key="day off reason", max_chars=100, placeholder="Only you see it", width=240
        )
        st.button(
            "Add",
            key="add day off",
            icon=":material/event_busy:",
            on_click=partial(_add, first, last, whose, where, reason),
        )
    press.say_error(DAYS)


def _add(first: date, last: date, provider_id: int, location_id: int, reason: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        add_day_off(
            session,
            who,
            first_on=first,
            last_on=last,
            provider_id=provider_id or None,
            location_id=location_id or None,
            reason=reason,
        )
        return True

    press.run(DAYS, act, "No bookings on those days. What is booked already stays.")


def _remove(day_off_id: int) -> None:
    def act(session: Session, who: Identity) -> bool:
        remove_day_off(session, who, day_off_id=day_off_id)
        return True

    press.run(DAYS, act, "Bookable again.")
