"""What people said and decided about a plan, on the patient card: promises to pay, and the settlement of one ended early."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import streamlit as st
from sqlmodel import Session

from core.errors import BadInput, HuddleError
from core.money import decimal_text, parse_dollars, short_dollars
from core.patient_card.rows import PatientCard, PlanPanel, PromiseLine
from core.permissions import Identity
from core.plans.commands import LONGEST_WAIT, promise_to_pay, settle_plan, undo_settlement, withdraw_promise
from core.plans.models import Settling
from dashboard.ui import page
from dashboard.ui.components import blocks
from dashboard.ui.components.blocks import Block
from dashboard.ui.press import CHANGED
from dashboard.ui.toasts import toast
from dashboard.wording.may_see import MaySee

_TONES = {"OPEN": "good", "KEPT": "good", "DUE_TODAY": "medium", "BROKEN": "high", "WITHDRAWN": "note"}
_SHOWN = 3  # promises; older ones say little


def said_and_decided(panel: PlanPanel, card: PatientCard, may_see: MaySee) -> list[Block]:
    """The promises with a button to withdraw one, the form for a new one, and what to decide or was decided."""
    said = [_promise(one, card, may_see) for one in panel.promises[:_SHOWN]]
    stands = any(one.state in ("OPEN", "DUE_TODAY") for one in panel.promises)
    if may_see.collect and panel.arrears_cents > 0 and not panel.to_settle and not stands:
        said.append(_form(panel, card))
    return [*said, *_settlement(panel, may_see)]


def _promise(one: PromiseLine, card: PatientCard, may_see: MaySee) -> Block:
    words = one.sentence
    if may_see.initials:
        for name in (card.row.patient, card.contact.first_name, card.contact.last_name):
            words = words.replace(name, card.row.initials) if name else words
    undo = f"promise:{one.key}" if one.open and may_see.collect else None
    return blocks.decided(words, one.by, _TONES[one.state], undo, "Withdraw")


def _form(panel: PlanPanel, card: PatientCard) -> Block:
    name = f"promise-{panel.key}-{len(panel.promises)}"
    form = blocks.promise(
        name,
        panel.key,
        decimal_text(panel.arrears_cents),
        card.day.isoformat(),
        (card.day + min(LONGEST_WAIT, timedelta(days=365))).isoformat(),
    )
    return blocks.details("Record a promise to pay", [form], name=name)


def _settlement(panel: PlanPanel, may_see: MaySee) -> list[Block]:
    if not panel.to_settle:
        undo = f"settlement:{panel.key}" if may_see.settle else None
        return [blocks.decided(panel.settlement, "", "good", undo)] if panel.settlement else []
    if not may_see.settle:
        return [
            blocks.text("Ended early and frozen until the owner or the office manager decides.", "medium")
        ]
    owed = short_dollars(panel.arrears_cents)
    options = [
        blocks.option(
            "collect", "Collect what was due", "It ages again from its due dates and is asked for.", owed
        ),
        blocks.option("waive", "Waive what was due", "Nothing of it is asked for any more.", owed),
    ]
    heading = "Ended early and frozen. What happens to what was due?"
    if not panel.arrears_cents:
        options = [
            blocks.option(
                "waive",
                "Settled",
                "No instalment was due at its end; whatever else was open is settled with the patient.",
            )
        ]
        heading = "Ended early and frozen. Is it settled with the patient?"
    return [blocks.decide(f"settle-{panel.key}", heading, options, asked={"plan": panel.key})]


def promise(answer: dict[str, Any] | None) -> None:
    """Record the promise typed on the card. For the card's on_promise."""
    _do(answer, _record, "Promise recorded. Withdraw on the card takes it back.", "handshake")


def settle(answer: dict[str, Any] | None) -> None:
    """Record the decision about a plan that was ended early. For the card's on_decide."""
    _do(answer, _decide, "Decided. Undo on the card takes it back.", "task_alt")


def take_back(answer: dict[str, Any] | None) -> None:
    """Withdraw a promise, or take a decision back. For the card's on_undo."""
    _do(answer, _take_back, "Taken back.", "undo")


def _do(
    answer: dict[str, Any] | None,
    act: Callable[[Session, Identity, dict[str, Any]], None],
    done: str,
    icon: str,
) -> None:
    if not answer:
        return
    try:
        with page.acting() as (session, who):
            act(session, who, answer)
    except HuddleError as error:
        toast(error.sentence, "error")
    except (KeyError, TypeError, ValueError):  # an answer that our own card never gives
        toast("That could not be read. Refresh the page and try again.", "error")
    else:
        st.session_state[CHANGED] = True
        toast(done, icon)


def _record(session: Session, who: Identity, answer: dict[str, Any]) -> None:
    try:
        due_on = date.fromisoformat(str(answer["on"]))
    except ValueError as error:
        raise BadInput("Choose the day by which it is promised.") from error
    promise_to_pay(
        session,
        who,
        plan_id=int(answer["plan"]),
        amount_cents=parse_dollars(str(answer["dollars"])),
        due_on=due_on,
        said_by=str(answer["by"]),
    )


def _decide(session: Session, who: Identity, answer: dict[str, Any]) -> None:
    settle_plan(
        session,
        who,
        plan_id=int(answer["plan"]),
        decision=Settling(answer["kind"]),
        why=str(answer["reason"]),
    )


def _take_back(session: Session, who: Identity, answer: dict[str, Any]) -> None:
    what, _, key = str(answer["choice"]).partition(":")
    if what == "promise":
        withdraw_promise(session, who, promise_id=int(key))
    elif what == "settlement":
        undo_settlement(session, who, plan_id=int(key))
    else:
        raise ValueError(what)
