"""On every page: the search for a patient, the keys, the help of the page, and the card of whoever was found."""

import streamlit as st

from core.messages.conversations import unread_count
from core.permissions import Identity, Permission, may
from dashboard.access import PAGES, Page
from dashboard.ui import page
from dashboard.ui.components.component import own
from dashboard.ui.page import FOUND
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.privacy import may_see
from dashboard.web.help import mark_of

FINDER = "finder"
BOARD = "found"  # stands for the board of a drawer that no row opened
_AT = "page at"  # session state: the page that is open


def finder(row: Page) -> None:
    """The search, the keys and the inbox's sign on the open page, and the drawer of whoever was found."""
    _tools(row)


@st.fragment(key=FOUND, run_every=20)
def _tools(row: Page) -> None:
    """A part of its own: a press in it draws it again, and the page behind it; the inbox is counted by itself."""
    who = page.identity()
    if st.session_state.get(_AT) != row.url_path:  # whoever was found stays with the page they were found on
        st.session_state[_AT] = row.url_path
        patient_card.forget(BOARD)
    own("finder")(
        key=FINDER,
        height=0,
        data={
            "search": may(who.role, Permission.SEE_PATIENTS),
            "unread": _unread(who),
            "help": f"/help#{mark_of(row.help)}",
            "sections": {
                one.section: row.title for one in PAGES if one.section and one.section == row.section
            },
        },
        on_open_change=_open,
    )
    if may(who.role, Permission.SEE_PATIENTS):
        patient_card.draw_found(BOARD, who, may_see(who))


def _unread(who: Identity) -> int | None:
    """How many conversations wait; None for a role that does not write to patients."""
    if not may(who.role, Permission.ASK_FOR_CARDS):
        return None
    with page.open_reader() as session:
        return unread_count(session, who)


def _open() -> None:
    answer = st.session_state[FINDER].open
    if answer:
        patient_card.open_patient(int(answer["key"]), BOARD)
