"""What a board says when it has no rows: good news as good news, otherwise what to do next."""

import streamlit as st

from core.permissions import Identity, Permission, may
from core.reports.head import Report

INTEGRATIONS = "../pages/integrations.py"  # relative to dashboard/app.py

GOOD_NEWS = {
    "risk": ("No money is at risk on this day", "Every flagged amount is settled."),
    "collect": ("Nothing to collect on this day", "Nobody scheduled owes anything now."),
    "no_card": ("Everyone who needs a card has one", "Nobody with a plan or membership comes without a card on file."),
    "card_ends": ("Every card is good for the next 60 days", "No planned draft falls after the end of a card."),
    "behind": ("Nobody scheduled is behind", "Every instalment due so far is paid."),
    "membership": ("Memberships are in order", "Nobody is scheduled for more or fewer visits than planned."),
    "insurance": ("Insurance is checked for everyone", "Nothing to look up before the visits."),
}  # fmt: skip


def why_empty(report: Report, filter_id: str, *, narrowed: bool) -> tuple[str, str]:
    """A heading and a sentence for a day without rows to show."""
    if report.rows and narrowed:
        return "No visit matches these filters", "Clear a filter to see the others."
    if report.rows and filter_id in GOOD_NEWS:
        return GOOD_NEWS[filter_id]
    if nothing_loaded(report):
        return (
            "Nothing is loaded yet",
            "Connect what your EHR knows, then who takes the cards: visits appear here.",
        )
    return "No visits on this day", "Choose another day above, or check that the appointments file covers it."


def nothing_loaded(report: Report) -> bool:
    """Whether no source was ever read to its end."""
    return not any(source.synced_at for source in report.sources)


def first_steps(report: Report, who: Identity) -> None:
    """Under an empty board of a practice that has connected nothing yet: where to begin."""
    if report.rows or not nothing_loaded(report):
        return
    if may(who.role, Permission.MANAGE_CONNECTIONS):
        words = "See how far the first sync is" if report.sources else "Connect your first system"
        with st.container(horizontal_alignment="center"):
            st.page_link(INTEGRATIONS, label=words, icon=":material/hub:", width="content")
