"""Asking one patient for money or a card: the three actions on the patient card, and which of them is open."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.permissions import Identity, Permission, may
from dashboard.ui import press

_OPEN = "asking"  # session state: what is being asked of whom
_DOUBLE_CLICK = 1.0  # seconds
_BUTTONS = (
    "make",
    "cancel",
    "preview",
    "download",
    "record",
)  # pressing one of these changes nothing that was typed


@dataclass
class Asking:
    """One form that is open. form: its mark, so that pressing twice makes one link. link: what it made, or None.
    due, card: what it opens on. services: picked from the service list, in their order. refused: what stood in the
    form when it was refused last. opened: on the clock that only goes forward."""

    patient: int
    kind: str
    form: str
    link: int | None = None
    preview: bool = False
    due: tuple[str, str] | None = None
    card: str | None = None
    services: list[int] = field(default_factory=list)
    refused: tuple[str, ...] | None = None
    opened: float = field(default_factory=time.monotonic)

    def key(self, name: object) -> str:
        """The key of a widget of this form."""
        return f"{self.form} {name}"

    def typed(self, name: object, default: Any = None) -> Any:
        """What was put into a widget of this form."""
        return st.session_state.get(self.key(name), default)

    def filled(self) -> tuple[str, ...]:
        """All that was typed, ticked and chosen in this form by now."""
        buttons = {self.key(name) for name in _BUTTONS}
        mine = (name for name in map(str, st.session_state) if name.startswith(self.form))
        return tuple(sorted(f"{name} {st.session_state[name]}" for name in mine if name not in buttons))

    def took(self, link: int | None) -> None:
        """Keep what came of the press: the link it made, or that these words were refused."""
        self.link = link or self.link
        self.refused = None if link else self.filled()

    @property
    def refused_as_it_stands(self) -> bool:
        """Whether the last press was refused and nothing was changed since."""
        return self.refused is not None and self.refused == self.filled()


def asked_of(patient: int) -> Asking | None:
    """The form that is open for this patient."""
    found = st.session_state.get(_OPEN)
    return found if found and found.patient == patient else None


def ask(patient: int, kind: str, **about: Any) -> None:
    """Open a form: "invoice", "pay", "card" or "charge", or "send" for a link that is there (link=…)."""
    press.clear_error()
    st.session_state[_OPEN] = Asking(patient, kind, secrets.token_urlsafe(12), **about)


def leave() -> None:
    """Close the form; what it made stays."""
    press.clear_error()
    st.session_state.pop(_OPEN, None)


def _leave_again() -> None:
    """The button of the open form closes it, but not with the second press of the double click that opened it."""
    now = st.session_state.get(_OPEN)
    if now is None or time.monotonic() - now.opened > _DOUBLE_CLICK:
        leave()


def may_ask(who: Identity) -> bool:
    """Whether this person may ask for money or for a card."""
    return may(who.role, Permission.COLLECT) or may(who.role, Permission.ASK_FOR_CARDS)


_ACTIONS = (
    ("invoice", "\\$ Invoice", "receipt_long", "i", Permission.COLLECT),
    ("pay", "Payment link", "link", "p", Permission.COLLECT),
    ("card", "New card link", "add_card", "c", Permission.ASK_FOR_CARDS),
    ("charge", "Charge card", "credit_score", "", Permission.COLLECT),
)


def offered_to(who: Identity) -> dict[str, str]:
    """The keys that open a form on the patient card, for this person: letter → what it asks."""
    return {letter: kind for kind, _, _, letter, needed in _ACTIONS if letter and may(who.role, needed)}


def actions(patient: int, who: Identity) -> None:
    """The buttons on top of the patient card, those that the person's role may press."""
    now = asked_of(patient)
    with st.container(horizontal=True, key="asking actions"):
        for kind, label, icon, letter, needed in _ACTIONS:
            if not may(who.role, needed):
                continue
            held = now is not None and now.kind == kind
            st.button(
                label,
                key=f"ask {kind}",
                icon=f":material/{icon}:",
                help=f"Key {letter}" if letter else "",
                type="primary" if held else "secondary",
                on_click=_leave_again if held else ask,
                args=() if held else (patient, kind),
            )
