"""At the desk: a yes or a no to texts and e-mails that the patient just gave (DOMAIN §12)."""

from functools import partial

import streamlit as st
from sqlmodel import Session

from core.messages.consent import note_consent, opt_out
from core.messages.models import Channel, Purpose
from core.permissions import Identity, Permission, may
from dashboard.ui import press
from dashboard.ui.note import note

# session state: (patient, what was recorded) for the undo
PLACE, TAKEN = (
    "record consent",
    "recorded consent",
)
CHANNELS = {Channel.TEXT: "Texts", Channel.EMAIL: "E-mails"}
PURPOSES = {
    Purpose.CARE: "About visits",
    Purpose.BILLING: "About payments",
    Purpose.MARKETING: "Offers and news",
}
HOW = ("said at the desk", "on a form", "by phone")
BY_MISTAKE = "taken back: recorded by mistake"


def consent_editor(patient_id: int, who: Identity) -> None:
    """Closed until somebody needs it; nothing for a role that may not write to patients."""
    if not may(who.role, Permission.ASK_FOR_CARDS):
        return
    with st.expander(
        "Record a yes or no to texts and e-mails", icon=":material/how_to_reg:", key=f"consent {patient_id}"
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            channel = st.selectbox(
                "To",
                list(CHANNELS),
                key=f"consent channel {patient_id}",
                format_func=CHANNELS.__getitem__,
                width=140,
            )
            purpose = st.selectbox(
                "About",
                list(PURPOSES),
                key=f"consent purpose {patient_id}",
                format_func=PURPOSES.__getitem__,
                width=180,
            )
            how = st.selectbox(
                "How they said it",
                HOW,
                key=f"consent how {patient_id}",
                format_func=str.capitalize,
                width=180,
            )
        with st.container(horizontal=True):
            for words, given, icon in (
                ("They said yes", True, "thumb_up"),
                ("They said no", False, "thumb_down"),
            ):
                st.button(
                    words, key=f"consent {given} {patient_id}", icon=f":material/{icon}:",
                    on_click=partial(_record, patient_id, channel, purpose, given, how),
                )  # fmt: skip
            st.button(
                f"No more {CHANNELS[channel].lower()} at all", key=f"consent stop {patient_id}", icon=":material/block:",
                on_click=partial(_stop, patient_id, channel, how),
            )  # fmt: skip
        note("Only what the patient said. Your name, the day and how are kept.")
        _undo(patient_id)
        press.say_error(PLACE)


def _record(patient_id: int, channel: Channel, purpose: Purpose, given: bool, how: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        note_consent(
            session, who, patient_id=patient_id, channel=channel, purpose=purpose, given=given, source=how
        )
        return True

    if press.run(PLACE, act, "Recorded."):
        st.session_state[TAKEN] = (patient_id, channel, purpose, given)


def _stop(patient_id: int, channel: Channel, how: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        opt_out(session, who, patient_id=patient_id, channel=channel, source=how)
        return True

    if press.run(PLACE, act, f"No more {CHANNELS[channel].lower()} go to them."):
        st.session_state.pop(TAKEN, None)


def _undo(patient_id: int) -> None:
    taken = st.session_state.get(TAKEN)
    if taken is None or taken[0] != patient_id:
        return
    _, channel, purpose, given = taken
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{'Yes' if given else 'No'} to {CHANNELS[channel].lower()}: {PURPOSES[purpose].lower()}.",
            width="content",
        )
        st.button(
            "Undo", key=f"consent undo {patient_id}", icon=":material/undo:",
            on_click=partial(_take_back, patient_id, channel, purpose, given),
        )  # fmt: skip


def _take_back(patient_id: int, channel: Channel, purpose: Purpose, given: bool) -> None:
    def act(session: Session, who: Identity) -> bool:
        note_consent(
            session,
            who,
            patient_id=patient_id,
            channel=channel,
            purpose=purpose,
            given=not given,
            source=BY_MISTAKE,
        )
        return True

    if press.run(PLACE, act, "Taken back."):
        st.session_state.pop(TAKEN, None)
