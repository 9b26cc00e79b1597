"""What is open under the three actions of the patient card: a form, or what it made and its way to the patient."""

from functools import partial

import streamlit as st

from core.links.rules import LinkKind, LinkState
from core.money import short_dollars
from core.patient_card.rows import PatientCard
from core.permissions import Identity, Permission, may
from core.reports.links import LinkLine
from dashboard.ui import press
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking import card as ask_card
from dashboard.ui.asking import charge as ask_charge
from dashboard.ui.asking import invoice as ask_invoice
from dashboard.ui.asking import link_life
from dashboard.ui.asking import payment as ask_payment
from dashboard.ui.asking.actions import Asking
from dashboard.ui.asking.hand_over import hand_over, name_of
from dashboard.ui.note import note
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import plain


def composer(card: PatientCard, who: Identity, may_see: MaySee) -> None:
    """The actions, the form that is open, and the links the patient can still use; nothing for a role that may not ask."""
    if not asking.may_ask(who):
        return
    asking.actions(card.row.key, who)
    ask = asking.asked_of(card.row.key)
    if ask is not None:
        with st.container(border=True, key="composer"):
            _open(ask, card, who, may_see)
    seen = [one for one in card.links if may(who.role, _needed(one))]
    _links([one for one in seen if ask is None or one.link_id != ask.link], card.time_zone)


def _needed(line: LinkLine) -> Permission:
    return Permission.ASK_FOR_CARDS if line.kind == LinkKind.CARD else Permission.COLLECT


def _open(ask: Asking, card: PatientCard, who: Identity, may_see: MaySee) -> None:
    if ask.link is not None:
        hand_over(ask, ask.link, who, may_see, card.time_zone)
        _next_step(ask.link, card, who)
    elif ask.kind == "invoice":
        ask_invoice.compose(ask, who)
    elif ask.kind == "pay":
        ask_payment.compose(ask, who, card.time_zone)
    elif ask.kind == "card":
        ask_card.compose(ask, card, who)
    elif ask.kind == "charge":
        ask_charge.compose(ask, card, who)


def _next_step(link_id: int, card: PatientCard, who: Identity) -> None:
    """Once the new card is saved: what failed on the old one is charged to it, or nothing is left to do."""
    line = next((one for one in card.links if one.link_id == link_id), None)
    if line is None or line.state != LinkState.UPDATED or not may(who.role, Permission.COLLECT):
        return
    failed = [one for one in card.missing if one.new_card]
    if not failed:
        note("Nothing that failed is left to charge. The coming drafts go to the new card.")
    for one in failed:
        st.button(
            f"Charge it now: \\{short_dollars(one.ask_cents)}",
            key=f"charge {one.kind} {one.id}",
            type="primary",
            icon=":material/credit_score:",
            on_click=partial(asking.ask, card.row.key, "charge", due=(one.kind, one.id)),
        )


def _links(links: list[LinkLine], time_zone: str) -> None:
    """Who has an open link is seen at once, a line each; what is over is folded."""
    still = [one for one in links if one.open or one.undo_until]
    over = [one for one in links if one not in still]
    for one in still:
        _link(one, time_zone)
    if over:
        with st.expander(f"Earlier links ({len(over)})", icon=":material/history:"):
            for one in over[:12]:
                _link(one, time_zone)


def _link(line: LinkLine, time_zone: str) -> None:
    """One line: what it is, how far it is, and its buttons."""
    place = f"link {line.link_id}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"line of {place}"):
        said = f"**{plain(name_of(line), 80)}** · {link_life.stands(line, time_zone)}"
        st.markdown(f":small[{said}]", width="stretch", help=plain(line.reason, 160) or None)
        link_life.short_buttons(line, place)
        with st.popover(
            "", icon=":material/more_horiz:", key=f"{place} more", help="All steps, and more to do"
        ):
            link_life.steps_row(line, time_zone)
            link_life.more_buttons(line, place)
    press.say_error(place)
