"""The texts of one patient on their card: folded, with how many nobody has read."""

import streamlit as st

from core.messages.conversations import of_patient
from core.permissions import Identity, Permission, may
from dashboard.ui import page
from dashboard.ui.inbox.thread import thread
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, plain


def texts(patient_id: int, who: Identity, may_see: MaySee, time_zone: str) -> None:
    """Nothing for a role that may not write to patients, and for a patient who never wrote."""
    if not may(who.role, Permission.ASK_FOR_CARDS):
        return
    with page.open_reader() as session:
        found = of_patient(session, who, patient_id)
    for one in found:
        new = f" · {count(one.unread, 'new text')}" if one.unread else ""
        with st.expander(f"Texts: “{plain(one.words, 60)}”{new}", icon=":material/sms:", key=f"texts {one.number}", expanded=bool(one.unread)):  # fmt: skip
            thread(one, who, may_see, time_zone, place=f"card {patient_id}")
