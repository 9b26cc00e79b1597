"""Rows that a source no longer sends and that nobody believed gone: a person says what became of them (DOMAIN §0)."""

from functools import partial

import streamlit as st
from sqlmodel import Session

from core.connections.losses import OpenLoss, answer_loss, open_losses
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.wording.text import count, plain

PLACE = "missing rows"


def missing_rows(connection_id: int, *, manages: bool) -> None:
    """A question for each kind of row that is missing; nothing when none is."""
    with page.open_reader() as session:
        losses = open_losses(session, connection_id)
    for loss in losses:
        st.warning(plain(loss.sentence, 300), icon=":material/help:")
        if manages:
            _choices(loss)
    press.say_error(PLACE)


def _choices(loss: OpenLoss) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Yes, {count(loss.missing, 'row')} gone",
            key=f"gone {loss.id}",
            icon=":material/delete_sweep:",
            on_click=partial(_answer, loss.id, gone=True),
            help="They leave every list. Nothing is erased: they come back when they are sent again.",
        )
        st.button(
            "No, keep them",
            key=f"keep {loss.id}",
            icon=":material/undo:",
            on_click=partial(_answer, loss.id, gone=False),
            help="They stay, and are not asked about again until they have been sent once more.",
        )


def _answer(loss_id: int, *, gone: bool) -> None:
    def act(session: Session, who: Identity) -> int:
        return answer_loss(session, who, loss_id, gone=gone)

    press.run(PLACE, act, "They are gone." if gone else "They stay.")
