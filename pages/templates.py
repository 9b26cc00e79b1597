"""Texts and e-mails: how the practice signs, and its words for every purpose, kept in versions."""

import streamlit as st

from core.errors import HuddleError
from core.messages.models import Channel
from core.messages.templates import Words, add_first_texts, templates
from core.permissions import Identity
from dashboard.ui import page
from dashboard.ui.templates.form import NEW, TEXT, new_text, template_form
from dashboard.ui.templates.letterhead import letterhead_form
from dashboard.wording.text import plain, shown

CHANNELS = {Channel.TEXT: "Texts", Channel.EMAIL: "E-mails"}
CHANNEL = "templates channel"


def texts() -> None:
    """The whole page."""
    who = page.identity()
    try:
        with st.expander("How the practice signs", icon=":material/badge:"):
            letterhead_form(who)
        _texts(who)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")


def _texts(who: Identity) -> None:
    with page.open_reader() as session:
        begun = bool(templates(session))
    if not begun:
        with page.acting(who) as (session, _):
            add_first_texts(session)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Kind",
            list(CHANNELS),
            default=Channel.TEXT,
            required=True,
            key=CHANNEL,
            format_func=lambda one: CHANNELS[one],
            label_visibility="collapsed",
        )
        channel = Channel(chosen or Channel.TEXT)
        with page.open_reader() as session:
            offered: dict[int, Words] = {one.template_id: one for one in templates(session, channel=channel)}
        offered[NEW] = new_text(channel)
        if st.session_state.get(TEXT) not in offered:
            st.session_state[TEXT] = next(iter(offered))
        st.selectbox(
            "Text",
            list(offered),
            key=TEXT,
            format_func=lambda one: shown(offered[one].name, 60) if one else "A new one…",
            label_visibility="collapsed",
            width=340,
        )
    template_form(offered[st.session_state[TEXT]], who)


texts()
