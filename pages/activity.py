"""Activity: processor against ledger, posting payments to the EHR, what the syncs did, who did what, and the jobs. Each tab is a module."""

from collections.abc import Callable

import streamlit as st

from dashboard.ui.activity.audit_tab import audit_tab
from dashboard.ui.activity.books_tab import books_tab
from dashboard.ui.activity.jobs_tab import jobs_tab
from dashboard.ui.activity.posting_tab import posting_tab
from dashboard.ui.activity.runs_tab import runs_tab

# name → what draws it; only the open tab runs, and a link (?tab=…) opens its tab
TABS: dict[str, Callable[[], None]] = {
    "Reconciliation": books_tab,
    "Posting": posting_tab,
    "Syncs": runs_tab,
    "Audit": audit_tab,
    "Jobs": jobs_tab,
}

for draw, tab in zip(TABS.values(), st.tabs(list(TABS), key="tab", bind="query-params"), strict=True):
    if tab.open:
        with tab:
            draw()
