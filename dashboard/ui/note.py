"""A small remark under something, in the full colour of the text: a paler one is hard to read."""

import streamlit as st


def note(words: str) -> None:
    """words: markdown of ours; text from outside goes through text.plain first."""
    st.markdown(f":small[{words}]")
