"""A patient found by name or by the last four of the mobile, with a button for each thing to say of them."""

from collections.abc import Callable, Mapping

import streamlit as st

from core.patients.reports import patients_called
from dashboard.ui import page
from dashboard.ui.note import note
from dashboard.wording.text import plain


def patient_search(label: str, key: str, choices: Mapping[str, Callable[[int], None]]) -> None:
    """Draw it. choices: what the buttons say, and what each does with the patient's store id."""
    words = st.text_input(
        label, key=key, placeholder="Name, or last four of the mobile", type="search", icon=":material/search:", live="200ms",
        max_chars=60, width=340,
    )  # fmt: skip
    if not words.strip():
        return
    with page.open_reader() as session:
        found = patients_called(session, page.identity(), words)
    if not found:
        note("Nobody is called that.")
    for row in found:
        name = f"{row.name}{f' …{row.mobile_last_four}' if row.mobile_last_four else ''}"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(name, 60), width="stretch")
            for says, act in choices.items():
                st.button(says, key=f"{key} {says} {row.key}", on_click=act, args=(row.key,))
