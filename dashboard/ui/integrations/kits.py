"""Longer pieces of setting up that are more than a connection: moving to Fortis, and texts in the US."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from core.permissions import Identity
from dashboard.ui.components.tiles import button, draw_tiles, line, tile
from dashboard.ui.integrations.kit_moving import moving_kit
from dashboard.ui.integrations.kit_texts import texts_kit
from dashboard.ui.integrations.places import go

CARDS = "kits"


class Kit(NamedTuple):
    """does: what it comes to, in a line."""

    name: str
    icon: str
    does: str
    draw: Callable[[Identity], None]


KITS = {
    "moving": Kit(
        "Moving to Fortis",
        "move_up",
        "Your list of old and new ids, the day it begins, and asking for the cards that did not come along.",
        moving_kit,
    ),
    "texts": Kit(
        "Texts in the US",
        "verified",
        "The words to register your texts with the carriers, and how far they are.",
        texts_kit,
    ),
}


def draw_kits() -> None:
    """A card for each."""
    st.markdown("**Help with**")
    cards = [
        tile(key, kit.name, kit.icon, chip=None, lines=[line(kit.does, "")], buttons=[button("open", "Open", "chevron_right")])
        for key, kit in KITS.items()
    ]  # fmt: skip
    draw_tiles(cards, label="Help with", key=CARDS, on_press=_press)


def _press() -> None:
    if pressed := st.session_state[CARDS].press:
        go(kit=str(pressed["id"]))
