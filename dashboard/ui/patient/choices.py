"""Visits beyond a membership on the patient card: the four choices with their effects, and what was decided."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import HuddleError
from core.memberships.choices import ChoiceKind, ChoiceStanding
from core.memberships.commands import choose, undo_choice
from core.memberships.offers import Offer
from core.memberships.words import CHOICE_WORDS
from core.money import short_dollars
from core.patient_card.rows import MembershipPanel, OverVisit, PatientCard, TakenChoice
from dashboard.ui import page
from dashboard.ui.components import blocks
from dashboard.ui.components.blocks import Block
from dashboard.ui.press import CHANGED
from dashboard.ui.toasts import toast
from dashboard.wording.may_see import MaySee, no_amounts
from dashboard.wording.text import clock_time, visit_day

_TAKEN = {
    ChoiceKind.DROP_IN: "is charged as a drop-in",
    ChoiceKind.EXTRA: "takes an extra visit",
    ChoiceKind.MOVE: "is to be moved to the next period",
    ChoiceKind.UPGRADE: "waits for a bigger plan",
}
_STANDS = {
    ChoiceStanding.HOLDS: "",
    ChoiceStanding.DONE: "The EHR shows it.",
    ChoiceStanding.NOT_NEEDED: "Not needed any more: nothing is over.",
    ChoiceStanding.LAPSED: "Not done in time: the visit is open again.",
}


def choice_blocks(panel: MembershipPanel, card: PatientCard, may_see: MaySee) -> list[Block]:
    """What was decided, then one question for each visit that is still over. Who may not collect only reads."""
    taken = [_taken(one, card, may_see) for one in panel.choices]
    if not may_see.collect:
        return taken
    return taken + [_question(one, panel, card) for one in panel.over]


def _when(one: OverVisit | TakenChoice, card: PatientCard) -> str:
    return (
        f"{visit_day(one.starts_at, card.time_zone, card.day)}, {clock_time(one.starts_at, card.time_zone)}"
    )


def _question(one: OverVisit, panel: MembershipPanel, card: PatientCard) -> Block:
    words = f"{_when(one, card)} is {one.words or 'beyond the membership'}. What happens to it?"
    return blocks.decide(
        f"decide-{panel.key}-{one.key}",
        words,
        [_option(offer) for offer in one.offers],
        asked={"membership": panel.key, "appointment": one.key},
    )


def _option(offer: Offer) -> Block:
    cents = offer.cents or 0
    right = f"{'+' if offer.kind is ChoiceKind.UPGRADE else ''}{short_dollars(cents)}" if cents > 0 else ""
    return blocks.option(
        offer.kind.value, CHOICE_WORDS[offer.kind].capitalize(), offer.words, right, possible=offer.possible
    )


def _taken(one: TakenChoice, card: PatientCard, may_see: MaySee) -> Block:
    kind, stands = ChoiceKind(one.kind), ChoiceStanding(one.stands)
    cents = f", {short_dollars(one.cents)}" if one.cents and may_see.money else ""
    plan = f" ({one.plan_name})" if one.plan_name else ""
    said = one.reason if may_see.money else no_amounts(one.reason)
    by = f"{one.chosen_by}, {visit_day(one.chosen_at, card.time_zone, card.day)}: {said}"
    return blocks.decided(
        f"{_when(one, card)} {_TAKEN[kind]}{plan}{cents}. {_STANDS[stands]}".strip(),
        by,
        "good" if stands in (ChoiceStanding.HOLDS, ChoiceStanding.DONE) else "medium",
        one.key if may_see.collect else None,
    )


def decide(answer: dict[str, Any] | None) -> None:
    """Record what was picked on the card. For the card's on_decide."""
    _do(answer, _choose, "Decided. Undo on the card takes it back.", "task_alt")


def undo(answer: dict[str, Any] | None) -> None:
    """Take back a choice from the card. For the card's on_undo."""
    _do(answer, _take_back, "Taken back.", "undo")


def _do(answer: dict[str, Any] | None, act: Callable[[dict[str, Any]], None], done: str, icon: str) -> None:
    if not answer:
        return
    try:
        act(answer)
    except HuddleError as error:
        toast(error.sentence, "error")
    except (KeyError, TypeError, ValueError):  # an answer that our own card never gives
        toast("That could not be read. Refresh the page and try again.", "error")
    else:
        st.session_state[CHANGED] = True
        toast(done, icon)


def _choose(answer: dict[str, Any]) -> None:
    with page.acting() as (session, who):
        choose(
            session,
            who,
            membership_id=int(answer["membership"]),
            appointment_id=int(answer["appointment"]),
            kind=ChoiceKind(answer["kind"]),
            reason=str(answer["reason"]),
        )


def _take_back(answer: dict[str, Any]) -> None:
    with page.acting() as (session, who):
        undo_choice(session, who, choice_id=int(answer["choice"]))
