"""My account."""

import streamlit as st

st.title("My account")
