"""A patient found by name or by the last four of the mobile, with a button for each thing to say of them."""

from collections.abc import Callable, Mapping

import streamlit as st

from core import clock
from core.reports.patients_page import patients_page
from dashboard.ui import page
from dashboard.ui.note import note
from dashboard.wording.text import plain

FOUND = 5


def patient_search(label: str, key: str, choices: Mapping[str, Callable[[int], None]]) -> None:
    """Draw it. choices: what the buttons say, and what each does with the patient's store id."""
    words = st.text_input(
        label, key=key, placeholder="Name, or last four of the mobile", type="search", icon=":material/search:", live="200ms",
        max_chars=60, width=340,
    )  # fmt: skip
    if not words.strip():
        return
    found = patients_page(
        page.engine(), location_id=page.identity().location_id, as_of=clock.now(), search=words.strip(), groups=(),
        order="name", offset=0, limit=FOUND,
    )  # fmt: skip
    if not found.rows:
        note("Nobody is called that." if found.ready else "The list of patients is being made ready.")
    for row in found.rows:
        four = f" …{row.mobile_last_four}" if row.mobile_last_four else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(f"{row.patient}{four}", 60), width="stretch")
            for words, act in choices.items():
                st.button(words, key=f"{key} {words} {row.key}", on_click=act, args=(row.key,))
