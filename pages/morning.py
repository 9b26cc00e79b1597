"""Morning: being built."""

import streamlit as st

st.title("Morning")
st.caption("Nothing is shown here yet.")
