"""Money of the patients' that the practice holds: prepaid care not yet given, and accounts in credit, as rows of the board."""

from collections.abc import Sequence
from typing import Any

from core.money import short_dollars, whole_dollars
from core.reports.credits import ASK_FROM_DAYS, CreditRow
from core.reports.head import Report
from core.reports.prepaid import PrepaidRow
from dashboard.ui.components import board
from dashboard.ui.patient import drawer as patient_card
from dashboard.wording.chips import ShownChip
from dashboard.wording.columns import LocalDay, place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, day_month, shown

PREPAID, CREDITS = "prepaid", "credits"
_WHO = {"key": "who", "label": "Patient", "kind": "who"}
PREPAID_HEADS = [
    _WHO,
    {"key": "held", "label": "Held", "kind": "money"},
    {"key": "earned", "label": "Earned this month", "kind": "money"},
    {"key": "back", "label": "Back if ended today", "kind": "money"},
    {"key": "chips", "label": "State", "kind": "chips"},
    {"key": "say", "label": "How it stands", "kind": "say"},
]
CREDIT_HEADS = [
    _WHO,
    {"key": "credit", "label": "Credit", "kind": "money"},
    {"key": "since", "label": "Since", "kind": "next"},
    {"key": "contact", "label": "Last contact", "kind": "next"},
    {"key": "falls", "label": "Falls to the state", "kind": "next"},
    {"key": "say", "label": "What to do", "kind": "say"},
]


def numbers(
    prepaid: Sequence[PrepaidRow], credits_: Sequence[CreditRow], pressed: str
) -> list[dict[str, Any]]:
    """Dollars held for care not yet given, and dollars of accounts in credit."""
    held = sum(row.unearned_cents or 0 for row in prepaid)
    owed = sum(row.credit_cents for row in credits_)
    return [
        _number(PREPAID, "Prepaid, not yet earned", "savings", held, count(len(prepaid), "plan"), pressed),
        _number(
            CREDITS, "Credit balances", "currency_exchange", owed, count(len(credits_), "account"), pressed
        ),
    ]


def _number(name: str, label: str, icon: str, cents: int, sub: str, pressed: str) -> dict[str, Any]:
    return {
        "id": name,
        "label": label,
        "icon": icon,
        "tone": "",
        "value": whole_dollars(cents),
        "sub": sub if cents else "",
        "pressed": name == pressed,
        "why": "Show everyone who is behind" if name == pressed else f"Show: {label.lower()}",
    }


def prepaid_board(
    report: Report, rows: Sequence[PrepaidRow], view: str, words: str, may_see: MaySee
) -> board.Board:
    """Plans with money held, the most first."""
    return board.Board(
        caption="Money held for care not yet given",
        words=f"{count(len(report.rows), 'plan')}, the most money first{words}",
        view=view,
        columns=PREPAID_HEADS,
        rows=[_prepaid(row, may_see) for row in rows],
        empty=("Nothing is held", "Every payment is for care that was given already."),
        back=patient_card.closed("plans board"),
    )


def credit_board(
    report: Report, rows: Sequence[CreditRow], view: str, words: str, may_see: MaySee
) -> board.Board:
    """Accounts in credit, the longest first."""
    place = place_of(report.time_zone, report.day)
    return board.Board(
        caption="Accounts in credit",
        words=f"{count(len(report.rows), 'account')}, the longest first{words}",
        view=view,
        columns=CREDIT_HEADS,
        rows=[_credit(row, place, may_see) for row in rows],
        empty=("No account is in credit", "Nobody has paid more than was charged."),
        back=patient_card.closed("plans board"),
    )


def _who(row: PrepaidRow | CreditRow, may_see: MaySee, sub: str) -> dict[str, str]:
    return {"name": row.initials if may_see.initials else shown(row.patient, 60) or "No name", "sub": sub}


def _money(cents: int | None) -> str:
    return "unknown" if cents is None else short_dollars(cents)


def _prepaid(row: PrepaidRow, may_see: MaySee) -> dict[str, Any]:
    unknown = row.state == "UNKNOWN"
    chip = (
        ShownChip(words="Unknown", icon="help", severity="unknown", why="The plan says no number of visits.")
        if unknown
        else ShownChip(words="Held", icon="savings", severity="medium" if row.rule else "note", why=row.rule)
    )
    how = (
        f"Paid {short_dollars(row.paid_cents)}; the plan says no number of visits, so nobody can count the care given."
        if unknown
        else f"Paid {short_dollars(row.paid_cents)}, {row.visits_done} of {row.visits} visits given, worth {_money(row.delivered_cents)}."
    )
    return {
        "id": row.plan_id,
        "key": row.key,
        "severity": "unknown" if unknown else "",
        "quiet": False,
        "cells": {
            "who": _who(row, may_see, shown(row.plan, 40) or "Plan"),
            "held": _money(row.unearned_cents),
            "earned": _money(row.earned_this_month_cents),
            "back": _money(row.refund_if_ended_cents),
            "chips": [chip],
            "say": {"words": shown(f"{how} {row.rule}".strip(), 300), "calm": not row.rule},
        },
    }


def _credit(row: CreditRow, place: LocalDay, may_see: MaySee) -> dict[str, Any]:
    old = row.days >= ASK_FROM_DAYS
    what = (
        "Write, give it back, or use it for what is due. It is never written off."
        if old
        else "Use it for what is due next, or give it back."
    )
    return {
        "id": row.patient_id,
        "key": row.key,
        "severity": "medium" if old else "",
        "quiet": False,
        "cells": {
            "who": _who(row, may_see, count(row.days, "day")),
            "credit": short_dollars(row.credit_cents),
            "since": day_month(row.since, place.today),
            "contact": day_month(row.last_contact, place.today) if row.last_contact else "none known",
            "falls": day_month(row.falls_to_state_on, place.today),
            "say": {"words": what, "calm": not old},
        },
    }
