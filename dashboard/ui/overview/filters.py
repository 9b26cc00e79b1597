"""Which location and which time the overview shows, and whether as charts or as tables. Remembered for the person."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

import streamlit as st

from core import clock
from core.overview.periods import Period, Span
from core.permissions import Identity
from core.practice.reports import LocationChoice, places
from dashboard.ui import page
from dashboard.ui.choices import choices, choose
from dashboard.wording.text import shown

SCREEN = "overview"
EVERYWHERE = ""
PLACE, PERIOD, CUSTOM, TABLES = "overview place", "overview period", "overview custom", "overview tables"
LABELS = {
    Period.DAYS_30: "30 days",
    Period.THIS_MONTH: "This month",
    Period.LAST_MONTH: "Last month",
    Period.QUARTER: "Quarter",
    Period.YEAR: "Year",
    Period.TWO_YEARS: "Two years",
    Period.CUSTOM: "Other days",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """place None = every location of the person. custom: only with Period.CUSTOM."""

    place: LocationChoice | None
    period: Period
    custom: Span | None
    tables: bool

    @property
    def query(self) -> str:
        """As an address carries it, for exports."""
        asked = {"period": self.period.value, "location": self.place.external_id if self.place else ""}
        if self.custom:
            asked |= {"from": self.custom.first.isoformat(), "to": self.custom.last.isoformat()}
        return urlencode(asked)


def filter_bar(who: Identity) -> Chosen:
    """Draw the choices; what is chosen now."""
    with page.open_reader() as session:
        offered = places(session, who.location_id)
    place = _place(offered, who)
    period = _period(who)
    today = clock.today((place or next(iter(offered), None) or _NOWHERE).time_zone)
    custom = _custom(who, today) if period is Period.CUSTOM else None
    kept = choices(who, SCREEN)
    st.session_state[TABLES] = bool(kept.get("tables"))
    st.toggle(
        "As tables",
        key=TABLES,
        help="The same numbers in rows and columns",
        on_change=lambda: choose(who, SCREEN, tables=bool(st.session_state[TABLES])),
    )
    return Chosen(place, period, custom, bool(st.session_state[TABLES]))


_NOWHERE = LocationChoice(0, "", "", "UTC")


def _place(offered: list[LocationChoice], who: Identity) -> LocationChoice | None:
    if len(offered) < 2:
        return None
    names = {EVERYWHERE: "All locations", **{one.external_id: one.name for one in offered}}
    wanted = choices(who, SCREEN).get("location", EVERYWHERE)
    st.session_state[PLACE] = wanted if wanted in names else EVERYWHERE
    st.selectbox(
        "Location",
        list(names),
        key=PLACE,
        format_func=lambda key: shown(names[key], 40),
        label_visibility="collapsed",
        width=200,
        on_change=lambda: choose(who, SCREEN, location=st.session_state[PLACE]),
    )
    return next((one for one in offered if one.external_id == st.session_state[PLACE]), None)


def _period(who: Identity) -> Period:
    kept = choices(who, SCREEN).get("period", "")
    st.session_state[PERIOD] = kept if kept in set(Period) else Period.DAYS_30.value
    st.segmented_control(
        "Time",
        [period.value for period in Period],
        key=PERIOD,
        format_func=lambda value: LABELS[Period(value)],
        label_visibility="collapsed",
        required=True,
        on_change=lambda: choose(who, SCREEN, period=st.session_state[PERIOD]),
    )
    return Period(st.session_state[PERIOD])


def _custom(who: Identity, today: date) -> Span:
    """The two days chosen, the last 30 until then. While only one is chosen, the days before stay."""
    kept = choices(who, SCREEN)
    first, last = _day(kept.get("from")) or today - timedelta(days=29), _day(kept.get("to")) or today
    first, last = min(first, today), min(last, today)
    picked = st.date_input(
        "Days",
        (first, last),
        max_value=today,
        key=CUSTOM,
        label_visibility="collapsed",
        format="MM/DD/YYYY",
        width=230,
    )
    if isinstance(picked, tuple) and len(picked) == 2:
        first, last = picked
        choose(who, SCREEN, **{"from": first.isoformat(), "to": last.isoformat()})
    return Span(first, last)


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
