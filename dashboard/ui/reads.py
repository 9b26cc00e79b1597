"""Reports as pages read them: once per change of the data and minute, shared by all who look."""

from datetime import date, datetime
from typing import NamedTuple

import streamlit as st

from core import clock
from core.overview.charts import Overview
from core.overview.periods import Period, Span
from core.overview.reports import overview
from core.overview.roll_ups import count_version
from core.permissions import Identity, Permission, require
from core.reports import morning as reports
from core.reports.cards import cards
from core.reports.head import Report, source_cells
from core.reports.memberships import memberships
from core.store.engine import reader
from core.store.version import data_version
from dashboard.ui import page
from dashboard.ui.components.headline import sources


@st.cache_resource(max_entries=64, ttl=120, show_spinner=False)
def _morning(store: str, version: int, location_id: int | None, day: date | None, minute: datetime) -> Report:
    """Rows are frozen, so that everybody may look at the same ones. Judged at the instant of counting: what was paid a
    moment ago is not in the future of the minute that began before it."""
    with reader(page.engine()) as session:
        return reports.morning(session, location_id=location_id, day=day, as_of=max(minute, clock.now()))


class Cards(NamedTuple):
    """The cards report. known: a source of cards is there and not too old; otherwise nothing may be called fine."""

    report: Report
    known: bool


@st.cache_resource(max_entries=16, ttl=600, show_spinner=False)
def _cards(store: str, version: int, location_id: int | None, day: date) -> Cards:
    """Cards and drafts move by the day and with the data, not by the minute."""
    with reader(page.engine()) as session:
        report = cards(session, location_id=location_id, as_of=clock.now())
        places = reports.locations(session, location_id)
        known = any(reports.setting_of(session, place, report.as_of).cards_known for place in places[:1])
    return Cards(report, known)


def cards_to_mend(location_id: int | None) -> Cards:
    """Whose card needs a person, no older than the last change of the data or ten minutes. None: every location."""
    with page.open_reader() as session:
        version = data_version(session)
        places = reports.locations(session, location_id)
        day = clock.today(places[0].time_zone if places else "UTC")
    return _cards(str(page.engine().url), version, location_id, day)


@st.cache_resource(max_entries=64, ttl=120, show_spinner=False)
def _overview(
    store: str,
    version: tuple[int, object],
    location_id: int | None,
    period: Period,
    custom: Span | None,
    only: int | None,
    day: date,
) -> Overview:
    """Counted in the background: the same until the next count."""
    with reader(page.engine()) as session:
        return overview(
            session, location_id=location_id, period=period, custom=custom, as_of=clock.now(), only=only
        )


def overview_report(who: Identity, location_id: int | None, period: Period, custom: Span | None) -> Overview:
    """The overview of a location (None: all of the person's), no older than the last count. Raises NotAllowed."""
    require(who.role, Permission.SEE_OVERVIEW)
    with page.open_reader() as session:
        version = count_version(session)
        day = clock.today(reports.locations(session)[0].time_zone if reports.locations(session) else "UTC")
    return _overview(str(page.engine().url), version, location_id, period, custom, who.location_id, day)


@st.cache_resource(max_entries=16, ttl=600, show_spinner=False)
def _memberships(store: str, version: int, location_id: int | None, part: datetime) -> Report:
    """A visit is presumed missed half an hour after its start, so the hour's quarter is fine enough."""
    with reader(page.engine()) as session:
        return memberships(session, location_id=location_id, as_of=clock.now())


def memberships_report(location_id: int | None) -> Report:
    """The memberships report, no older than the last change of the data or a quarter of an hour. None: everywhere."""
    with page.open_reader() as session:
        version = data_version(session)
    now = clock.now()
    part = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    return _memberships(str(page.engine().url), version, location_id, part)


def freshness() -> list[dict[str, str]]:
    """How fresh every source is now, in words, for pages without a report of the day."""
    with page.open_reader() as session:
        return sources(source_cells(session, clock.now()), clock.now())


def morning_report(location_id: int | None, day: date | None) -> Report:
    """The day of a location, no older than the last change of the data or a minute. day None: its today."""
    with page.open_reader() as session:
        version = data_version(session)
    minute = clock.now().replace(second=0, microsecond=0)
    return _morning(str(page.engine().url), version, location_id, day, minute)
