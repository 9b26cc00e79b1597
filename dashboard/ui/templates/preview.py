"""A message as its reader sees it, on a phone or in a mailbox, and how long it is."""

from collections.abc import Mapping

import streamlit as st
from sqlmodel import Session

from core.errors import HuddleError
from core.messages.commands import Text, preview, send_test
from core.messages.models import Channel
from core.messages.render import FIELDS
from core.messages.sms_segments import measure
from core.messages.templates import Words
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.note import note
from dashboard.wording.text import count, plain


def message_preview(text: Text, *, channel: str, practice: str, example: bool = True) -> None:
    """The words in a frame like a phone's or a mail's, with characters and text segments under it."""
    is_text = channel == Channel.TEXT
    note("On the phone" if is_text else "In the mailbox")
    with st.container(border=True, width=330 if is_text else "stretch"):
        st.markdown(f"**{plain(practice, 60)}**")
        if text.subject:
            st.markdown(f"Subject: {plain(text.subject, 160)}")
        st.text(text.body)
    note(" ".join([size_words(text, channel), "Name and link are examples." if example else ""]).strip())


def size_words(text: Text, channel: str) -> str:
    """`142 characters, 1 text segment.`, and why a text is dearer than it looks."""
    size = measure(text.body)
    if channel == Channel.EMAIL:
        return f"{count(size.characters, 'character')}."
    words = f"{count(size.characters, 'character')}, {count(size.segments, 'text segment')}."
    return words if size.gsm7 else f"{words} “{size.odd}” makes each segment shorter (67 instead of 153)."


def example_of(
    words: Words, who: Identity, fields: Mapping[str, str] | None = None
) -> tuple[Text | None, str]:
    """The message with example fields, or None and the sentence of what is wrong with the words."""
    try:
        with page.open_reader() as session:
            return preview(session, words, location_id=who.location_id, fields=fields), ""
    except HuddleError as error:
        return None, error.sentence


def fields_list() -> None:
    """The fields that may stand in a text, to be typed as they are shown."""
    listed = ", ".join(plain(f"{{{{ {name} }}}}") for name in FIELDS)
    note(f"Fields: {listed}")


def test_to_myself(words: Words, *, key: str) -> None:
    """A phone or mailbox of one's own, and the button that sends the example there."""
    is_text = words.channel == Channel.TEXT
    place = f"test {key}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "My mobile number" if is_text else "My e-mail address",
            key=f"{place} to",
            placeholder="(555) 010-0199" if is_text else "me@example.com",
            max_chars=120,
            width=240,
        )
        st.button(
            "Send a test to myself",
            key=place,
            icon=":material/outbox:",
            on_click=_test,
            args=(place, words),
        )
    press.say_error(place)


def _test(place: str, words: Words) -> None:
    to = str(st.session_state.get(f"{place} to", ""))  # also when the press came straight after typing

    def act(session: Session, who: Identity) -> int | None:
        return send_test(session, who, words=words, to=to).id

    press.run(place, act, "The test is on its way.")
