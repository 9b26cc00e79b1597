"""What every page starts from: who is looking, and the store. Both ask the session again each time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import NoReturn

import streamlit as st
from sqlalchemy import Engine
from sqlmodel import Session

from core.errors import HuddleError
from core.permissions import Identity
from core.store import engine as store
from dashboard.presses import rerun_part
from dashboard.ui import toasts
from dashboard.web import sessions
from dashboard.wording.text import plain

# the keys of the fragment that `body` makes, and of the card of whoever was searched for
BODY, FOUND = (
    "page",
    "found card",
)


def engine() -> Engine:
    """The store of this process, for whoever is signed in; stops the page when nobody is any more."""
    identity()
    return sessions.engine()


def look_at_session() -> Identity | None:
    """Who is behind this open tab now; None when signed out, idle, disabled or never signed in."""
    session_id = st.user.get("session")
    return sessions.who_has_session(int(str(session_id))) if session_id else None


def identity() -> Identity:
    """Who is looking, asked again at every rerun and in every fragment; does not count as activity.

    When the session is over meanwhile, the page stops here and says so.
    """
    found = look_at_session()
    if found is None:
        st.rerun()  # the whole page, also from a fragment: the shell then takes it away
        st.stop()  # in a callback Streamlit ignores the line before
    return found


def body(seconds: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """All of a page below its head: drawn again by itself every so many seconds; an error is shown as its sentence."""

    def of(draw: Callable[[], None]) -> Callable[[], None]:
        @wraps(draw)
        def drawn() -> None:
            try:
                draw()
            except HuddleError as error:
                st.error(plain(error.sentence, 400), icon=":material/error:")
            toasts.show()

        return st.fragment(key=BODY, run_every=seconds)(drawn)

    return of


def draw_again() -> None:
    """As st.rerun, under an open drawer, which stays where it is with what is being typed in it. Does not return."""
    rerun_part(BODY, FOUND)
    st.rerun()


def stop_signed_out() -> NoReturn:
    """Take the page away and offer to sign in. Does not return."""
    session_id = st.user.get("session")
    why = sessions.why_over(session_id=int(str(session_id))) if session_id else ""
    st.info(
        f"{plain(why, 200)} You are signed out. Nothing is shown until you sign in again.".strip(),
        icon=":material/lock:",
    )
    st.html('<a href="/signin" target="_self">Sign in</a>')
    st.stop()


@contextmanager
def open_reader() -> Iterator[Session]:
    """A read of the store, as `engine` gives it."""
    with store.reader(engine()) as session:
        yield session


@contextmanager
def acting(who: Identity | None = None, *, proved: bool = False) -> Iterator[tuple[Session, Identity]]:
    """A change to the store: one transaction, committed when the block ends, and the person it is done for.

    who: as they were when what is done was decided; None = as they are now. proved: see sessions.acting. Raises NotAllowed when they may not any more
    (signed out, disabled, another role or location, outside their login times), asked inside the transaction.
    """
    who = who or identity()
    with sessions.acting(who, proved=proved) as session:
        yield session, who
