"""Payment links to many: checked person by person before anything goes out, and what became of each."""

import streamlit as st

from core.links.rules import LinkKind
from dashboard.ui.card_updates.blast_tab import blast_tab

st.header("Payment links", anchor=False)
blast_tab(LinkKind.PAY)
