"""Patients: being built."""

import streamlit as st

st.title("Patients")
st.caption("Nothing is shown here yet.")
