"""The script behind every page: who is it, may they, and the way around."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from core.errors import HuddleError
from core.permissions import Identity, may
from core.staff import reports
from dashboard.access import FOLDER, PAGES, Page
from dashboard.ui import page, toasts
from dashboard.ui.finder import finder
from dashboard.ui.who import who_bar
from dashboard.web.store_away import AWAY, SENTENCE
from dashboard.wording.text import plain

log = logging.getLogger("huddle")
_HEADING = "font-size: 22px; font-weight: 650; line-height: 1.2; margin: -1.1rem 0 -.7rem; padding: 0"
FAVICON = Path(__file__).parent / "web" / "favicon.png"


def main() -> None:
    """The page, or one sentence when the store is away. Streamlit's own error box says nothing useful."""
    st.set_page_config(page_title="Huddle", page_icon=str(FAVICON), layout="wide")
    try:
        _page()
    except AWAY as error:
        log.error("a page could not use the store: %s", type(error).__name__)  # noqa: TRY400 - its text may hold what was stored
        st.error(f"Huddle cannot reach its store. {SENTENCE}", icon=":material/error:")


def _page() -> None:
    """Every address is always registered, so that a link survives signing in; what may not be seen never runs."""
    identity = page.look_at_session()
    if identity is None:
        st.navigation([_as_page(row, "") for row in PAGES], position="hidden")
        page.stop_signed_out()
        return
    chosen = st.navigation(_menu(identity), position="top")
    st.logo(str(FAVICON), link=None)
    with page.open_reader() as session:
        practice = reports.practice_name(session)
    who_bar(identity, practice)
    row = next((one for one in PAGES if one.url_path == chosen.url_path), PAGES[0])
    if row.titled and may(identity.role, row.permission):
        st.html(f'<h1 style="{_HEADING}">{row.title}</h1>')
    _run(chosen.run)
    finder(row)
    toasts.show()


def _menu(identity: Identity) -> dict[str, list[st.Page]]:
    """What is used every day stands by itself; the rest is behind the name of its section."""
    sections: dict[str, list[st.Page]] = {}
    for row in PAGES:
        sections.setdefault(row.section, []).append(_as_page(row, identity.role))
    return sections


def _as_page(row: Page, role: str) -> st.Page:
    allowed = may(role, row.permission)
    return st.Page(
        FOLDER / row.file if allowed else partial(_no_access, row),
        title=row.title,
        icon=row.icon,
        url_path=row.url_path,
        default=row is PAGES[0],
        visibility="visible" if allowed and not row.hidden else "hidden",
    )


def _no_access(row: Page) -> None:
    st.subheader(f"No access to {row.title.lower()}")
    st.write("Your role does not include this page. The owner or the office manager can change that.")


def _run(run: Callable[[], None]) -> None:
    """Run the page; an error that carries a sentence is shown as that sentence."""
    try:
        run()
    except HuddleError as error:
        st.error(plain(error.sentence), icon=":material/error:")
