"""The blast that is being put together: who was picked and with what words; kept while the person looks elsewhere."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.blasts.audience import TEXT_ELSE_EMAIL
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
PAGE, PAY_PAGE = "../pages/card_updates.py", "../pages/payment_links.py"  # relative to dashboard/app.py
SCREEN = "blast"
WHO = "who"  # in an address: a condition that is picked
_DRAFT, OPEN = (
    "blast draft",
    "blast open",
)


@dataclass
class Draft:
    """form: its mark, the same in every window of this person until it is sent. chosen: people picked on a list of
    `origin`, instead of conditions. kind: what they are asked for. way: a channel, or the text first and else the e-mail.
    without: whose tick was taken away. own: one person's message as it was changed by hand. reading: whose message is open."""

    form: str
    picked: set[Condition] = field(default_factory=set)
    chosen: tuple[int, ...] = ()
    origin: str = ""
    kind: LinkKind = LinkKind.CARD
    way: str = Channel.TEXT
    without: set[int] = field(default_factory=set)
    own: dict[int, str] = field(default_factory=dict)
    reading: int | None = None

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The ways in the order they are tried."""
        return tuple(Channel) if self.way == TEXT_ELSE_EMAIL else (Channel(self.way),)

    @property
    def condition(self) -> str:
        """The word kept with the blast, asked again when each message goes."""
        return Condition.CHOSEN if self.chosen else combined(self.picked)

    @property
    def name(self) -> str:
        """What the blast is called in the list of blasts."""
        if self.chosen:
            what = "Payment links" if self.kind == LinkKind.PAY else "New cards"
            return f"{what}: {count(len(self.chosen), 'patient')} from {self.origin}"
        return self.condition[:1].upper() + self.condition[1:]

    def key(self, what: str) -> str:
        """The key of a widget of this draft."""
        return f"blast {what} {self.form}"


def draft(who: Identity) -> Draft:
    """The one of this window, begun when there is none."""
    if _DRAFT not in st.session_state:
        st.session_state[_DRAFT] = Draft(_form(who))
    if (wanted := st.query_params.pop(WHO, "")) in Condition.__members__:  # a link from another page
        st.session_state[_DRAFT].picked.add(Condition[wanted])
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


def words_offered(now: Draft, channel: Channel) -> list[Words]:
    """The practice's texts for what is asked, by one way."""
    with page.open_reader() as session:
        found = templates(session, channel=channel)
    if not found:
        with page.acting() as (session, _):
            add_first_texts(session)
            found = templates(session, channel=channel)
    return [words for words in found if words.use == USES[now.kind]]


def words_of(now: Draft, channel: Channel) -> Words | None:
    """The words as they stand in the form: the chosen text, changed for this time where it was."""
    offered = words_offered(now, channel)
    wanted = st.session_state.get(now.key(f"{channel} words"))
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


def own_words(now: Draft) -> dict[int, Words]:
    """The messages of single people as they were changed by hand, by patient id: of the way tried first."""
    main = words_of(now, now.channels[0])
    return (
        {key: edited(main, subject=main.subject, body=body) for key, body in now.own.items()} if main else {}
    )


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
    if pressed and kind == LinkKind.PAY:
        st.switch_page(PAY_PAGE)
    elif pressed:
        st.switch_page(PAGE, query_params={"tab": TAB})


def links_sent(who: Identity) -> None:
    """The way to the payment links that were sent to many, for who may send them."""
    if may(who.role, Permission.SEND_BLASTS):
        st.page_link(PAY_PAGE, label="Payment links sent", icon=":material/campaign:")


def _take(who: Identity, people: tuple[int, ...], kind: LinkKind, origin: str) -> None:
    st.session_state.pop(OPEN, None)
    st.session_state[_DRAFT] = Draft(_form(who), chosen=people, kind=kind, origin=origin)
    if kind == LinkKind.CARD:
        st.session_state["tab"] = TAB
