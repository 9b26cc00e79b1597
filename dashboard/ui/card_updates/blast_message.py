"""Step two of a blast, Message: the practice's text, changed for this time if wanted, as the patient will see it."""

from collections.abc import Sequence

import streamlit as st

from core.blasts.audience import TEXT_ELSE_EMAIL
from core.blasts.conditions import Candidate
from core.messages.commands import Text
from core.messages.models import Channel
from core.messages.render import LONGEST_EMAIL, LONGEST_SUBJECT, LONGEST_TEXT
from core.messages.templates import Words, letterhead
from core.permissions import Identity, Permission, may
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import Draft, words_of, words_offered
from dashboard.ui.templates.preview import example_of, fields_list, message_preview, test_to_myself
from dashboard.wording.text import plain, shown

TEXTS = "../pages/templates.py"  # relative to dashboard/app.py
CHANNELS = {Channel.TEXT: "Text", Channel.EMAIL: "E-mail"}
WAYS = {**CHANNELS, TEXT_ELSE_EMAIL: "Text, else e-mail"}


def step_message(now: Draft, who: Identity, people: Sequence[Candidate]) -> list[Words] | None:
    """Draw it; the words that would go out by each way, None while they may not."""
    st.subheader("2. Message")
    _way(now)
    found = [_words(now, channel, who, people) for channel in now.channels]
    if may(who.role, Permission.MANAGE_TEMPLATES):
        st.page_link(TEXTS, label="Change the practice's texts and letterhead", icon=":material/edit_note:")
    good = [words for words in found if words is not None]
    return good if len(good) == len(found) else None


def _words(now: Draft, channel: Channel, who: Identity, people: Sequence[Candidate]) -> Words | None:
    """The words of one way, beside what their reader sees."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        offered = {words.template_id: words for words in words_offered(now, channel)}
        if not offered:
            st.warning(
                "There is no text for this. Write one under Texts and e-mails.", icon=":material/edit:"
            )
            return None
        st.selectbox(
            "Text of the practice" if len(now.channels) == 1 else f"{CHANNELS[channel]} of the practice",
            list(offered),
            key=now.key(f"{channel} words"),
            format_func=lambda one: shown(offered[one].name, 60),
            persist_state="session",
        )
        words = words_of(now, channel)
        assert words is not None, "one is offered"
        _fields(now, offered[words.template_id])
        words = words_of(now, channel) or words
    text, wrong = _as_read(words, who, people)
    with left:
        if wrong:
            st.error(plain(wrong, 400), icon=":material/error:")
        with st.expander(f"Send a test to myself by {CHANNELS[channel].lower()}", icon=":material/outbox:"):
            test_to_myself(words, key=now.key(f"{channel} test"))
    with right:
        if text is not None:
            with page.open_reader() as session:
                practice = letterhead(session, who.location_id)["practice"]
            message_preview(text, channel=words.channel, practice=practice)
    return None if wrong else words


def _way(now: Draft) -> None:
    chosen = st.segmented_control(
        "How",
        list(WAYS),
        default=now.way,
        required=True,
        key=now.key("channel"),
        format_func=lambda one: WAYS[one],
        persist_state="session",
    )
    now.way = chosen or Channel.TEXT


def _fields(now: Draft, kept: Words) -> None:
    """The words to change for this time; each version of a text has fields of its own."""
    if kept.channel == Channel.EMAIL:
        st.text_input(
            "Subject, for this time",
            value=kept.subject,
            key=now.key(f"subject {kept.version_id}"),
            max_chars=LONGEST_SUBJECT,
            persist_state="session",
        )
    st.text_area(
        "Message, for this time"
        if kept.channel == Channel.TEXT or len(now.channels) == 1
        else "E-mail, for this time",
        value=kept.body,
        key=now.key(f"body {kept.version_id}"),
        max_chars=LONGEST_TEXT if kept.channel == Channel.TEXT else LONGEST_EMAIL,
        height=130 if kept.channel == Channel.TEXT else 240,
        persist_state="session",
    )
    fields_list()


def _as_read(words: Words, who: Identity, people: Sequence[Candidate]) -> tuple[Text | None, str]:
    """The message with example fields, or what is wrong with it; those of somebody it is for where there is one."""
    text, wrong = example_of(words, who)
    if wrong or not people:
        return text, wrong
    for each in people[:3]:
        own, missing = example_of(words, who, fields={**_BLANK, **each.fields})
        if not missing:
            return own, ""
    return text, ""


_BLANK = {"last_four": "", "expiry": "", "amount": ""}
