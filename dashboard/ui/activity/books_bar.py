"""What is done with the ticked rows of the books: post them (again), or let them go with a reason."""

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st
from sqlmodel import Session

from core.permissions import Identity, Permission, may
from core.postings.commands import LONGEST_REASON, Pressed, clear_many, retry_many
from dashboard.ui import press
from dashboard.ui.toasts import toast
from dashboard.wording.text import count, plain

TICKED, PLACE, ROUND, REFUSED = "books ticked", "books bar", "books round", "books refused"


def ticked() -> list[int]:
    """The payments that are ticked now."""
    return st.session_state.setdefault(TICKED, [])


def tick(board: str) -> None:
    """A tick was set or taken away. For the board's on_tick; rows without a payment cannot be ticked."""
    answer = st.session_state[board].tick
    if answer:
        ids = [int(one) for one in answer.get("ids", []) if str(one).isdecimal()]
        kept = [one for one in ticked() if one not in ids]
        st.session_state[TICKED] = [*kept, *ids] if answer.get("on") else kept
        st.session_state.pop(REFUSED, None)


def books_bar(who: Identity, shown_ids: Collection[int]) -> None:
    """The row of buttons above the list; always there, so that nothing jumps when something is ticked."""
    if not may(who.role, Permission.POST_PAYMENTS):
        return
    st.session_state[TICKED] = chosen = [one for one in ticked() if one in shown_ids]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        told = (
            f"**{count(len(chosen), 'payment')} ticked**" if chosen else "Tick payments to post or clear them"
        )
        st.markdown(f":small[{told}]", width=270)
        st.button("Post now", icon=":material/send:", disabled=not chosen, on_click=_post)
        with st.popover("Clear", icon=":material/remove_done:", disabled=not chosen, key=_key("clear")):
            st.markdown(":small[It is not posted by Huddle. The reason stays with it.]")
            st.text_input(
                "Why", key=_key("why"), max_chars=LONGEST_REASON, placeholder="Typed into the ledger by hand"
            )
            st.button("Clear them", type="primary", on_click=_clear, args=(_key("why"),))
    press.say_error(PLACE)
    for sentence in st.session_state.get(REFUSED, ()):
        st.warning(plain(sentence, 400), icon=":material/info:")


def _post() -> None:
    _do(lambda session, who, ids: retry_many(session, who, payment_ids=ids), "to be posted within a minute")


def _clear(why: str) -> None:
    reason = st.session_state.get(why) or ""
    _do(lambda session, who, ids: clear_many(session, who, payment_ids=ids, reason=reason), "cleared")


def _do(act: Callable[[Session, Identity, list[int]], Pressed], done: str) -> None:
    """Run it on what is ticked. Nothing ticked: the second press of a double click; what the first said stays."""
    chosen = list(ticked())
    if not chosen:
        return
    st.session_state.pop(REFUSED, None)
    found: Any = press.run(PLACE, lambda session, who: act(session, who, chosen))
    if found is None:
        return
    st.session_state[REFUSED] = found.refused
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    if found.done:
        toast(f"{count(found.done, 'payment')} {done}")
        st.session_state[TICKED] = []


def _key(name: str) -> str:
    return f"books {name} {st.session_state.get(ROUND, 0)}"
