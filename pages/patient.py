"""One patient, at an address of its own: /patient?id=KEY."""

import streamlit as st

from core.errors import NotFound
from dashboard.ui import page
from dashboard.ui.asking.composer import composer
from dashboard.ui.inbox.on_card import texts
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.patient.consent import consent_editor
from dashboard.ui.patient.quick_stop import read_stop
from dashboard.ui.privacy import may_see
from dashboard.ui.watch import watch

CARD = "patient page card"


@page.body(30)
def patient() -> None:
    """The card, drawn again by itself; what was opened on it stays open."""
    _patient()


def _patient() -> None:
    who = page.identity()
    card = patient_card.read_card(_asked_for(), who)
    watch()
    seen = may_see(who)
    stop = read_stop(card, seen)
    patient_card.draw_top(card, seen, stop, key=f"{CARD} top", who=who)
    composer(card, who, seen)
    texts(card.row.key, who, seen, card.time_zone)
    patient_card.draw_card(card, seen, stop, key=CARD, on_open=_open_family)
    consent_editor(card.row.key, who)


def _asked_for() -> int:
    """The patient in the address. Raises NotFound when there is none."""
    asked = st.query_params.get("id", "")
    if not asked.isascii() or not asked.isdigit() or len(asked) > 15:
        raise NotFound(
            "This address names no patient. Open one from the morning or from the list of patients."
        )
    return int(asked)


def _open_family() -> None:
    if key := st.session_state[CARD].open:
        st.query_params["id"] = str(key)


patient()
