"""Which day and which place the morning shows, and the bar where a person chooses them."""

from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from core import clock
from core.permissions import Identity
from core.practice.reports import LocationChoice, places
from dashboard.ui import page
from dashboard.ui.choices import choices, choose
from dashboard.wording.text import day_words, near_day, shown

SCREEN = "morning"
DAY = "morning day"  # session state: the chosen date; absent = today, also after midnight
PICKED = "morning date picker"
NEAR = "morning near day"
PLACE = "morning place"


@dataclass(frozen=True, slots=True)
class Chosen:
    """places: those the person may choose from. place None: there is no location yet. today: the date at the place now."""

    places: list[LocationChoice]
    place: LocationChoice | None
    day: date
    today: date


def chosen_day(who: Identity) -> Chosen:
    """The place and the day as chosen, from the address (?date=) the first time."""
    with page.open_reader() as session:
        all_places = places(session, who.location_id)
    wanted = choices(who, SCREEN).get("location")
    place = next((one for one in all_places if one.external_id == wanted), next(iter(all_places), None))
    today = clock.today(place.time_zone if place else "UTC")
    if DAY not in st.session_state:
        st.session_state[DAY] = _asked_for(today)
    day = st.session_state[DAY] or today
    return Chosen(all_places, place, day, today)


def _asked_for(today: date) -> date | None:
    try:
        asked = date.fromisoformat(st.query_params.get("date", ""))
    except ValueError:
        return None
    return None if asked == today else asked


def go_to(day: date, today: date) -> None:
    """Show another day. Today is not kept as a date, so that tomorrow morning shows tomorrow."""
    st.session_state[DAY] = None if day == today else day
    if day == today:
        st.query_params.pop("date", None)
    else:
        # a reload, or a link sent to a colleague, shows the same day
        st.query_params["date"] = day.isoformat()


def day_bar(chosen: Chosen, who: Identity) -> None:
    """The day in words, ‹ date ›, yesterday, today, tomorrow, and the location where there are several."""
    day, today = chosen.day, chosen.today
    near = near_day(day, today)
    said = day_words(day) if day.year == today.year else f"{day_words(day)}, {day.year}"
    words = said if near == day_words(day) else f"{near.capitalize()}, {said}"
    st.subheader(words, anchor=False, width="content")
    st.session_state[PICKED] = day
    st.session_state[NEAR] = near if near in ("yesterday", "today", "tomorrow") else None
    st.button("‹", key="day before", help="The day before", on_click=go_to, args=(day - timedelta(1), today))
    st.date_input(
        "Day",
        key=PICKED,
        label_visibility="collapsed",
        width=130,
        format="MM/DD/YYYY",
        on_change=_picked,
        args=(today,),
    )
    st.button("›", key="day after", help="The day after", on_click=go_to, args=(day + timedelta(1), today))
    st.segmented_control(
        "Near days",
        ["yesterday", "today", "tomorrow"],
        key=NEAR,
        format_func=str.capitalize,
        label_visibility="collapsed",
        on_change=_near,
        args=(today,),
    )
    _place_picker(chosen, who)


def _picked(today: date) -> None:
    go_to(st.session_state[PICKED] or today, today)


def _near(today: date) -> None:
    steps = {"yesterday": -1, "today": 0, "tomorrow": 1}
    if (near := st.session_state[NEAR]) is not None:
        go_to(today + timedelta(steps[near]), today)


def _place_picker(chosen: Chosen, who: Identity) -> None:
    if len(chosen.places) < 2 or chosen.place is None:
        return
    names = {one.external_id: one.name for one in chosen.places}
    st.session_state[PLACE] = chosen.place.external_id
    st.selectbox(
        "Location",
        list(names),
        key=PLACE,
        format_func=lambda key: shown(names[key], 40),
        label_visibility="collapsed",
        width=220,
        on_change=lambda: choose(who, SCREEN, location=st.session_state[PLACE]),
    )
