"""Messages of which nobody knows whether they went out: what Huddle does about it, and two buttons for who knows."""

from collections.abc import Sequence

import streamlit as st
from sqlmodel import Session

from core.blasts.in_doubt import settle_by_hand
from core.blasts.results import PersonResult
from core.messages.models import Channel, MessageState
from core.permissions import Identity
from dashboard.ui import press
from dashboard.ui.note import note
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, plain

WHAT_NOW = {
    Channel.TEXT: "Huddle asks the gateway by itself in a few minutes; if you know it, say so.",
    Channel.EMAIL: "A mail server cannot be asked: ask the patient, then say so here. It is not sent twice by itself.",
}
_SHOWN = 20


def settle_buttons(message_id: int, place: str) -> None:
    """“It arrived” and “It did not: send it again”, and what went wrong with the press. place: makes the keys."""
    place = f"{place} doubt {message_id}"
    with st.container(horizontal=True):
        st.button("It arrived", key=f"{place} yes", icon=":material/done:", on_click=_settle, args=(place, message_id, True))  # fmt: skip
        st.button("It did not: send again", key=f"{place} no", icon=":material/replay:", on_click=_settle, args=(place, message_id, False))  # fmt: skip
    press.say_error(place)


def people_in_doubt(people: Sequence[PersonResult], may_see: MaySee) -> None:
    """Those of a blast, each to be settled; nothing when there is none."""
    doubtful = [one for one in people if one.state == MessageState.UNKNOWN]
    if not doubtful:
        return
    with st.container(border=True):
        st.markdown(f"**{count(len(doubtful), 'message')} in doubt**")
        for channel in dict.fromkeys(one.channel for one in doubtful):
            note(WHAT_NOW[Channel(channel)])
        for one in doubtful[:_SHOWN]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(one.initials if may_see.initials else plain(one.patient, 60), width="stretch")
                settle_buttons(one.message_id, "blast")
        if len(doubtful) > _SHOWN:
            note(f"{len(doubtful) - _SHOWN:,} more follow as these are settled.")


def _settle(place: str, message_id: int, arrived: bool) -> None:
    def act(session: Session, who: Identity) -> bool:
        settle_by_hand(session, who, message_id=message_id, arrived=arrived)
        return True

    press.run(place, act, "Noted: it arrived." if arrived else "It goes out again.")
