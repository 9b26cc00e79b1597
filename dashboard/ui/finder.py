"""On every page: the search for a patient, the keys, the help of the page, and the card of whoever was found."""

import streamlit as st

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


def finder(who: Identity, row: Page) -> None:
    """Mount the search and the keys of the open page."""
    if st.session_state.get(_AT) != row.url_path:  # whoever was found stays with the page they were found on
        st.session_state[_AT] = row.url_path
        patient_card.forget(BOARD)
    own("finder")(
        key=FINDER,
        height=0,
        data={
            "search": may(who.role, Permission.SEE_PATIENTS),
            "help": f"/help#{mark_of(row.help)}",
            "sections": {
                one.section: row.title for one in PAGES if one.section and one.section == row.section
            },
        },
        on_open_change=_open,
    )


@st.fragment(key=FOUND)
def found_card() -> None:
    """The drawer of whoever was found. A part of its own: a press in it draws it again, and the page behind it."""
    who = page.identity()
    if may(who.role, Permission.SEE_PATIENTS):
        patient_card.draw_found(BOARD, who, may_see(who))


def _open() -> None:
    answer = st.session_state[FINDER].open
    if answer:
        patient_card.open_patient(int(answer["key"]), BOARD)
