"""Texts in the US: the words to register with the carriers, written for this practice, and how far the registration is."""

import streamlit as st
from sqlmodel import Session

from core.messages.carrier_codes import known_codes
from core.messages.models import Channel
from core.messages.registration import (
    LONGEST,
    CampaignWords,
    Registration,
    RegistrationState,
    campaign_words,
    record_registration,
    registration_of,
)
from core.messages.templates import add_first_texts, letterhead, templates
from core.permissions import Identity, Permission, require
from dashboard.ui import page, press
from dashboard.ui.components.rows import draw_rows
from dashboard.ui.integrations.places import back
from dashboard.ui.note import note
from dashboard.wording.text import plain

PLACE = "text registration"
_BADGES = {
    RegistrationState.NOT_STARTED: ("Not registered yet", "error", "orange"),
    RegistrationState.SUBMITTED: ("Sent in, waits for the carriers", "hourglass_empty", "gray"),
    RegistrationState.APPROVED: ("Approved", "check_circle", "green"),
    RegistrationState.REFUSED: ("Refused", "error", "orange"),
    RegistrationState.NOT_NEEDED: ("Not needed", "check_circle", "gray"),
}


def texts_kit(who: Identity) -> None:
    """The whole part of the page. Raises NotAllowed."""
    require(who.role, Permission.MANAGE_CONNECTIONS)
    with page.open_reader() as session:
        now, head, bodies = registration_of(session), letterhead(session, who.location_id), _bodies(session)
    if not bodies:
        with page.acting() as (session, _):
            add_first_texts(session)
            bodies = _bodies(session)
    back()
    words, icon, color = _BADGES[now.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Texts in the US", width="content")
        st.badge(words, icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]  # one of its colours
    left, right = st.columns([5, 4], gap="large")
    with left:
        _words(campaign_words(head, bodies))
    with right:
        _standing(now)
        _record(now)
    with st.expander("What the carriers’ codes mean", icon=":material/sms_failed:"):
        draw_rows(["Code", "What it means"], list(known_codes().items()), caption="Codes of carriers", key="codes", short=[0])  # fmt: skip


def _bodies(session: Session) -> list[str]:
    return [words.body for words in templates(session, channel=Channel.TEXT)][:4]


def _standing(now: Registration) -> None:
    """What follows from where it stands."""
    if not now.connected:
        st.info("Texts are not connected yet. The words on the left are needed all the same: a review takes two to four weeks.", icon=":material/info:")  # fmt: skip
    elif now.holds:
        st.warning(
            "Texts of blasts wait until it is approved: US carriers block texts from numbers they do not know. Single texts "
            "and e-mails go out; some carriers may block the texts.",
            icon=":material/pause_circle:",
        )
    if now.reason:
        st.markdown(f"Refused because: {plain(now.reason, 300)}")
    if now.toll_free:
        note(
            "Your number is toll-free: it is verified with another form of the gateway, which asks for the same words."
        )


def _words(words: CampaignWords) -> None:
    note(
        "Copy these into the form of your text gateway (Twilio: Messaging, Regulatory compliance, A2P 10DLC). Put the privacy "
        "sentence and the opt-in words on your website and intake form first: reviewers look there, and each failed review "
        "costs about $15."
    )
    for label, text in (
        ("Use case", words.use_case),
        ("Campaign description", words.description),
        *((f"Sample message {number}", sample) for number, sample in enumerate(words.samples, 1)),
        ("How patients agree (message flow)", words.flow),
        ("Opt-in wording for the form", words.opt_in),
        ("Opt-in confirmation", words.welcome),
        ("Answer to HELP", words.help),
        ("Answer to STOP", words.stop),
        ("Sentence for your privacy policy", words.privacy),
    ):
        st.markdown(f"**{label}**")
        st.code(text, language=None, wrap_lines=True)


def _record(now: Registration) -> None:
    """How far it is, as a person writes it down."""
    states = list(RegistrationState)
    with st.form("registration", border=True):
        st.markdown("**How far is it?**")
        state = st.selectbox(
            "State", states, index=states.index(now.state), format_func=lambda one: _BADGES[one][0]
        )
        campaign = st.text_input(
            "Campaign ID of the gateway (optional)", value=now.campaign, max_chars=LONGEST
        )
        reason = st.text_input("Refused: the reason they give", value=now.reason, max_chars=LONGEST)
        pressed = st.form_submit_button("Save", type="primary", icon=":material/save:")
    press.say_error(PLACE)
    if not pressed:
        return

    def act(session: Session, who: Identity) -> bool:
        record_registration(session, who, state=state, campaign=campaign, reason=reason)
        return True

    press.run(PLACE, act, "Saved.")
    st.rerun()
