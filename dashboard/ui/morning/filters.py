"""Which visits of the day are shown, in which order, and the row of choices above the table."""

from collections.abc import Iterable

import streamlit as st

from core.findings.flags import Group
from core.permissions import Identity
from core.reports.head import Report
from core.reports.rows import MorningRow
from core.reports.rules import row_order
from dashboard.ui.choices import choices, choose
from dashboard.ui.toolbar import order_picker
from dashboard.wording.chips import groups_of
from dashboard.wording.columns import offered
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import shown

ORDERS = {"worst": "Worst first", "time": "By time"}
NO_PROVIDER = ""


def ordered(visits: Iterable[MorningRow], order: str) -> list[MorningRow]:
    """By time, or worst first: severity, then money at risk, then the time (DOMAIN §10)."""
    if order == "time":
        return sorted(visits, key=lambda visit: visit.starts_at)
    return sorted(
        visits, key=lambda visit: row_order(visit.about.severity, visit.about.at_risk_cents, visit.starts_at)
    )


def matching(
    visits: Iterable[MorningRow], groups: Iterable[str], provider_id: str | None
) -> list[MorningRow]:
    """The visits with a flag of one of the groups (any when none is chosen) and of the provider."""
    wanted = set(groups)
    return [
        visit
        for visit in visits
        if (not wanted or wanted & groups_of(visit.about))
        and (provider_id is None or (visit.provider_id or NO_PROVIDER) == provider_id)
    ]


def filter_bar(report: Report, who: Identity, may_see: MaySee) -> tuple[list[str], str | None, str]:
    """Draw the choices. Returns the flag groups, the provider's id (None = all) and the order."""
    providers = {visit.provider_id or NO_PROVIDER: visit.provider or "No provider" for visit in report.rows}
    found = set[Group]().union(*(groups_of(visit.about) for visit in report.rows))
    groups = st.multiselect(
        "Flags",
        [group.value for group in Group if group in found],
        placeholder="Flags: all",
        key="morning groups",
        label_visibility="collapsed",
        width=250,
    )
    provider = st.selectbox(
        "Provider",
        sorted(providers, key=lambda key: providers[key]),
        index=None,
        placeholder="Provider: all",
        format_func=lambda key: shown(providers.get(key), 40),
        key="morning provider",
        label_visibility="collapsed",
        width=200,
    )
    order = order_picker(who, "morning", ORDERS)
    column_picker(who, may_see, "morning")
    return groups, provider, order


def column_picker(who: Identity, may_see: MaySee, screen: str) -> None:
    """Details that can be switched on as columns, remembered for the person."""
    key = f"{screen} columns"
    st.session_state.setdefault(key, choices(who, screen).get("columns", []))
    labels = {column.key: column.label for column in offered(may_see)}
    with st.popover("Columns", icon=":material/view_column:"):
        st.pills(
            "Show also",
            list(labels),
            selection_mode="multi",
            key=key,
            format_func=labels.__getitem__,
            on_change=lambda: choose(who, screen, columns=st.session_state[key]),
        )
