"""What is open under the three actions of the patient card: a form, or what it made and its way to the patient."""

import streamlit as st

from core.morning.card_rows import PatientCard
from core.staff.reports import Identity
from dashboard.ui import ask_invoice, asking
from dashboard.ui.asking import Asking
from dashboard.ui.hand_over import hand_over
from dashboard.ui.sight import Sight

FORMS = {"invoice": ask_invoice.compose}


def composer(card: PatientCard, who: Identity, sight: Sight) -> None:
    """The actions, and the form that is open; nothing for a role that may not ask."""
    if not asking.may_ask(who):
        return
    asking.actions(card.row.key, who)
    ask = asking.asked_of(card.row.key)
    if ask is not None:
        with st.container(border=True, key="composer"):
            _open(ask, card, who, sight)


def _open(ask: Asking, card: PatientCard, who: Identity, sight: Sight) -> None:
    if ask.link is not None:
        hand_over(ask, ask.link, who, sight, card.time_zone)
    elif ask.kind in FORMS:
        FORMS[ask.kind](ask, who)
