"""Print, PDF and export of the day."""

from urllib.parse import urlencode

import streamlit as st

from core.permissions import Identity, Permission, may
from dashboard.ui.morning.day_bar import Chosen
from dashboard.wording.may_see import MaySee


def output_menu(chosen: Chosen, who: Identity, may_see: MaySee) -> None:
    """A menu of links that open in a new tab; each address checks the session and the role again."""
    asked = {"date": chosen.day.isoformat(), "location": chosen.place.external_id if chosen.place else ""}
    query = urlencode(asked | ({"initials": "1"} if may_see.initials else {}))
    with st.popover("Print", icon=":material/print:"):
        st.link_button("Print view", f"/print/day?{query}", icon=":material/print:", width="stretch")
        st.link_button(
            "PDF, a page a provider",
            f"/print/day.pdf?{query}",
            icon=":material/picture_as_pdf:",
            width="stretch",
        )
        if may(who.role, Permission.EXPORT):
            st.link_button(
                "Spreadsheet (CSV)", f"/export/day.csv?{query}", icon=":material/download:", width="stretch"
            )
