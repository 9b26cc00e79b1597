"""A declined payment at Cash Practice: put off to a day, or its payment request sent, under the clerk key of who asks."""

from datetime import date

import streamlit as st

from core.errors import BadInput
from core.links.declined import LATEST, DeclinedLine, put_off, request_payment
from dashboard.ui import press
from dashboard.ui.asking.actions import Asking
from dashboard.wording.text import plain


def offer(ask: Asking, draft: DeclinedLine, mark: str) -> None:
    """The two things Cash Practice lets a person do; nothing is tried again there by itself. mark: of the form, another
    one once the try before is over."""
    place = f"draft {draft.declined_id}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if draft.may_rerun and draft.earliest is not None:
            st.date_input(
                "Try it again on", key=ask.key(f"{place} day"), value=draft.earliest, min_value=draft.earliest,
                max_value=draft.earliest + LATEST, format="MM/DD/YYYY", width=180,
            )  # fmt: skip
            st.button(
                "Put it off to this day", key=f"{mark} put off", icon=":material/event_repeat:",
                on_click=_put_off, args=(ask, place, mark, draft),
            )  # fmt: skip
        st.button(
            "Send payment request", key=f"{mark} request", icon=":material/forward_to_inbox:",
            on_click=_request, args=(place, mark, draft),
        )  # fmt: skip
    st.caption(
        plain(
            f"{draft.processor} tries nothing again by itself. What you press here is done under your clerk key.",
            200,
        )
    )
    press.say_error(place)


def _put_off(ask: Asking, place: str, mark: str, draft: DeclinedLine) -> None:
    day = ask.typed(f"{place} day", draft.earliest)
    form = f"{mark} put off {day}"
    press.run(place, lambda session, who: put_off(session, who, declined_id=draft.declined_id, on=_day(day), form=form).id, "The payment is being put off.")  # fmt: skip


def _day(typed: object) -> date:
    if not isinstance(typed, date):
        raise BadInput("Choose a day first.")
    return typed


def _request(place: str, mark: str, draft: DeclinedLine) -> None:
    form = f"{mark} request"
    words = plain(f"{draft.processor} is writing to the payer.", 120)
    press.run(place, lambda session, who: request_payment(session, who, declined_id=draft.declined_id, form=form).id, words)  # fmt: skip
