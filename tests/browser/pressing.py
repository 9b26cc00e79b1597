"""A page of its own for test_presses.py: buttons with a callback and one without, a field, a timer and a slow read.

Every press takes 0.2 s and is written to the file OUT, with the word of the field. KEEP: with dashboard/presses.py.
"""

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboard.presses import keep_every_press  # noqa: E402


def work(name: str) -> None:
    for _ in range(4):
        time.sleep(0.05)
        st.session_state["done"] = st.session_state.get("done", 0) + 1
    with Path(os.environ["OUT"]).open("a", encoding="utf-8") as file:
        file.write(f"{name}{st.session_state.get('word') or '-'} ")


def turn_to(place: str) -> None:
    st.query_params["place"] = place


@st.fragment(run_every=1)
def clock() -> None:
    st.write(time.time())


if __name__ == "__main__":
    st.text_input("Word", key="word", live="100ms")
    for name in "AB":
        st.button(f"Press {name}", on_click=work, args=(name,))
    st.button("Turn to", on_click=turn_to, args=("window",))
    clock()
    if st.button("Press C"):
        work("C")
        st.query_params["place"] = "garden"
        st.rerun()
    time.sleep(0.3)
    st.write(f"{st.session_state.get('done', 0)} steps at {st.query_params.get('place', 'the door')}")
else:
    if os.environ.get("KEEP"):
        keep_every_press()
    app = st.App(Path(__file__).resolve())
