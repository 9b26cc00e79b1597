"""Money taken at the desk that may have paid something due: a person says yes or no on the patient card, and can undo it."""

from typing import Any

import streamlit as st

from core.errors import HuddleError
from core.ledger.models import Answer
from core.money import short_dollars
from core.patient_card.rows import DeskOffer, PatientCard
from core.tasks.desk_answers import answer_match, take_answer_back
from dashboard.ui import page, press
from dashboard.ui.components import blocks
from dashboard.ui.components.blocks import Block
from dashboard.ui.toasts import toast
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import day_month

_SHOWN = 4  # answers; older ones say little


def desk_blocks(card: PatientCard, may_see: MaySee) -> list[Block]:
    """One question for each row of the ledger that may have paid something, then what was answered, with Undo."""
    asked = [_question(one, card) for one in card.desk_offers if may_see.collect]
    said = [
        blocks.decided(one.words, one.by, "good", f"desk:{one.key}" if may_see.collect else None)
        for one in card.desk[:_SHOWN]
    ]
    return [*asked, *said]


def _question(one: DeskOffer, card: PatientCard) -> Block:
    money, day = short_dollars(one.cents), day_month(one.posted_on, card.day)
    what = f"the {one.kind} due {day_month(one.due_on, card.day)}"
    heading = f"{money} of {day} stands in the ledger, for no plan. Did it pay {what}?"
    options = [
        blocks.option(Answer.YES, "Yes, it paid this", "It counts as paid; nobody asks for it.", money),
        blocks.option(Answer.NO, "No, it was for something else", "This stays open and is asked for."),
    ]
    made = blocks.decide(
        f"desk-{one.entry_key}", heading, options, asked={"desk": one.entry_key}, save="Save"
    )
    return made | {"brief": "why"}  # either answer speaks for itself


def decide(patient: int, answer: dict[str, Any]) -> None:
    """Record what was picked on the card of `patient`. For the card's on_decide."""
    try:
        said = Answer(str(answer.get("kind")))
        with page.acting() as (session, who):
            answer_match(session, who, patient_id=patient, entry_id=int(answer["desk"]), answer=said)
    except HuddleError as error:
        toast(error.sentence, "error")
    except (KeyError, TypeError, ValueError):  # an answer that our own card never gives
        toast("That could not be read. Refresh the page and try again.", "error")
    else:
        st.session_state[press.CHANGED] = True
        toast("Saved. Undo on the card takes it back.", "task_alt")


def take_back(answer: dict[str, Any]) -> None:
    """Take an answer back. For the card's on_undo."""
    try:
        with page.acting() as (session, who):
            match_id = int(str(answer["choice"]).removeprefix("desk:"))
            take_answer_back(session, who, match_id=match_id)
    except HuddleError as error:
        toast(error.sentence, "error")
    except (KeyError, ValueError):  # an answer that our own card never gives
        toast("That could not be read. Refresh the page and try again.", "error")
    else:
        st.session_state[press.CHANGED] = True
        toast("Taken back.", "undo")
