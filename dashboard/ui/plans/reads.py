"""What the plans page reads."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import streamlit as st

from core import clock
from core.forecast.reports import incoming
from core.forecast.rules import Incoming, IncomingRow
from core.reports import morning as reports
from core.reports.arrears import plans_to_look_at
from core.reports.credits import credits_report
from core.reports.head import Report
from core.reports.prepaid import prepaid
from core.store.engine import reader
from core.store.version import data_version
from dashboard.ui import page
from dashboard.ui.plans.incoming import WINDOWS, rows_of


class Plans(NamedTuple):
    """report: plans behind or to be settled; incoming: what the next thirty days bring in; coming: its payments by
    the number of the headline that stands for them, picked once for everybody who looks. prepaid, credits: money of the
    patients' that the practice holds."""

    report: Report
    incoming: Incoming
    coming: Mapping[str, Sequence[IncomingRow]]
    prepaid: Report
    credits: Report


@st.cache_resource(max_entries=16, ttl=3600, show_spinner=False)
def _plans(store: str, version: int, location_id: int | None, day: date) -> Plans:
    """Plans move by the day and with the data, not by the minute."""
    now = clock.now()
    with reader(page.engine()) as session:
        report = plans_to_look_at(session, location_id=location_id, as_of=now)
        coming = incoming(session, location_id, now)
        held = prepaid(session, location_id=location_id, as_of=now)
        owed = credits_report(session, location_id=location_id, as_of=now)
    return Plans(report, coming, {one.id: rows_of(coming, one) for one in WINDOWS}, held, owed)


def plans_report(location_id: int | None) -> Plans:
    """Who is behind and what comes in, no older than the last change of the data or the day. None: every location."""
    with page.open_reader() as session:
        version = data_version(session)
        places = reports.locations(session, location_id)
        day = clock.today(places[0].time_zone if places else "UTC")
    with st.spinner("Adding up the plans…"):
        return _plans(str(page.engine().url), version, location_id, day)
