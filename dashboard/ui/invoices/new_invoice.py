"""A new invoice from the page of invoices: pick the patient by search, lines on the left, the real PDF on the right."""

import streamlit as st

from core import clock
from core.permissions import Identity
from core.reports.patients_page import patients_page
from dashboard.ui import page
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking import invoice as ask_invoice
from dashboard.ui.asking.hand_over import hand_over
from dashboard.ui.note import note
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import plain

_SEARCH, _PICKED = "new invoice search", "new invoice patient"
_FOUND = 6


def start() -> None:
    """Open the search for the patient."""
    asking.leave()
    st.session_state[_PICKED] = (0, "")


def new_invoice(who: Identity, may_see: MaySee, time_zone: str) -> None:
    """What stands above the ledger while an invoice is being made; nothing else."""
    picked = st.session_state.get(_PICKED)
    if picked is None:
        return
    patient, name = picked
    with st.container(border=True, key=f"new invoice {patient}"):
        if not patient:
            _search(who, may_see)
            return
        st.markdown(f"**Invoice for {plain(name, 60)}**")
        ask = asking.asked_of(patient)
        if ask is None:  # cancelled, or done
            st.session_state.pop(_PICKED, None)
            st.rerun()
        elif ask.link is not None:
            hand_over(ask, ask.link, who, may_see, time_zone)
        else:
            ask_invoice.compose(ask, who, beside=True)


def _search(who: Identity, may_see: MaySee) -> None:
    words = st.text_input(
        "Whom is it for?", key=_SEARCH, placeholder="Name, or last four of the mobile", type="search",
        icon=":material/search:", live="200ms", max_chars=60, width=340,
    )  # fmt: skip
    with st.container(horizontal=True):
        if words.strip():
            found = patients_page(
                page.engine(), location_id=who.location_id, as_of=clock.now(), search=words.strip(),
                groups=(), order="name", offset=0, limit=_FOUND,
            )  # fmt: skip
            for row in found.rows:
                seen = may_see.row(row)
                four = f" …{row.mobile_last_four}" if row.mobile_last_four and not may_see.initials else ""
                st.button(plain(f"{seen.patient}{four}", 60), key=f"pick {row.key}", on_click=_pick, args=(row.key, seen.patient))  # fmt: skip
            if not found.rows:
                note("Nobody is called that." if found.ready else "The list of patients is being made ready.")  # fmt: skip
        st.button("Cancel", key="pick nobody", type="tertiary", on_click=_nobody)


def _pick(patient: int, name: str) -> None:
    st.session_state[_PICKED] = (patient, name)
    asking.ask(patient, "invoice")


def _nobody() -> None:
    st.session_state.pop(_PICKED, None)
