"""The blast that is being put together: who was picked and with what words; kept while the person looks elsewhere."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.blasts.commands import USES
from core.blasts.conditions import Condition, combined
from core.links.rules import LinkKind
from core.messages.commands import edited
from core.messages.models import Channel
from core.messages.templates import Words, add_first_texts, templates
from core.permissions import Identity, Permission, may
from dashboard.ui import page
from dashboard.ui.choices import choices, choose
from dashboard.wording.text import count

TAB = "Ask for new cards"
PAGE = "../pages/card_updates.py"  # relative to dashboard/app.py
SCREEN = "blast"
_DRAFT, OPEN = (
    "blast draft",
    "blast open",
)  # session state: the draft, and the id of the blast that is looked at


@dataclass
class Draft:
    """form: its mark, the same in every window of this person until it is sent. chosen: people picked on a list of
    `origin`, instead of conditions. kind: what they are asked for."""

    form: str
    picked: set[Condition] = field(default_factory=set)
    chosen: tuple[int, ...] = ()
    origin: str = ""
    kind: LinkKind = LinkKind.CARD
    channel: Channel = Channel.TEXT

    @property
    def condition(self) -> str:
        """The word kept with the blast, asked again when each message goes."""
        return Condition.CHOSEN if self.chosen else combined(self.picked)

    @property
    def name(self) -> str:
        """What the blast is called in the list of blasts."""
        if self.chosen:
            return f"{count(len(self.chosen), 'patient')} from {self.origin}"
        return self.condition[:1].upper() + self.condition[1:]

    def key(self, what: str) -> str:
        """The key of a widget of this draft."""
        return f"blast {what} {self.form}"


def draft(who: Identity) -> Draft:
    """The one of this window, begun when there is none."""
    if _DRAFT not in st.session_state:
        st.session_state[_DRAFT] = Draft(_form(who))
    return st.session_state[_DRAFT]


def begin(who: Identity) -> None:
    """Start another blast, in every window that is opened from now on."""
    choose(who, SCREEN, form=secrets.token_urlsafe(12))
    st.session_state.pop(_DRAFT, None)
    st.session_state.pop(OPEN, None)


def _form(who: Identity) -> str:
    form = choices(who, SCREEN).get("form")
    if not form:
        form = secrets.token_urlsafe(12)
        choose(who, SCREEN, form=form)
    return form


def words_offered(now: Draft) -> list[Words]:
    """The practice's texts for what is asked, by the draft's channel."""
    with page.open_reader() as session:
        found = templates(session, channel=now.channel)
    if not found:
        with page.acting() as (session, _):
            add_first_texts(session)
            found = templates(session, channel=now.channel)
    return [words for words in found if words.use == USES[now.kind]]


def words_of(now: Draft) -> Words | None:
    """The words as they stand in the form: the chosen text, changed for this time where it was."""
    offered = words_offered(now)
    wanted = st.session_state.get(now.key("text"))
    chosen = next(
        (words for words in offered if words.template_id == wanted), offered[0] if offered else None
    )
    if chosen is None:
        return None
    body = st.session_state.get(now.key(f"body {chosen.version_id}"), chosen.body)
    subject = st.session_state.get(now.key(f"subject {chosen.version_id}"), chosen.subject)
    if (subject, body) == (chosen.subject, chosen.body):
        return chosen
    return edited(chosen, subject=subject, body=body)


def ask_all(who: Identity, people: Sequence[int], *, kind: LinkKind, origin: str) -> None:
    """The button “Ask all shown” of a list: these patients, on the tab where blasts are made.

    people: store ids, in the list's order. origin: the list's name. Nothing for a role that may not.
    """
    once = tuple(dict.fromkeys(people))
    if not once or not may(who.role, Permission.SEND_BLASTS):
        return
    pressed = st.button(
        f"Ask all shown ({len(once):,})",
        key=f"ask all {origin}",
        icon=":material/campaign:",
        on_click=_take,
        args=(who, once, kind, origin),
        help="By text or e-mail; you see who gets it before anything goes out.",
    )
    if pressed:
        st.switch_page(PAGE, query_params={"tab": TAB})


def _take(who: Identity, people: tuple[int, ...], kind: LinkKind, origin: str) -> None:
    st.session_state.pop(OPEN, None)
    st.session_state[_DRAFT] = Draft(_form(who), chosen=people, kind=kind, origin=origin)
    st.session_state["tab"] = TAB
