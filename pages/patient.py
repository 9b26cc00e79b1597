"""Patient: being built."""

import streamlit as st

st.title("Patient")
st.caption("Nothing is shown here yet.")
