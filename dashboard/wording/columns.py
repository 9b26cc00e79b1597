"""The columns of the day and of all patients: what each cell says, as text the board component draws.

A column is its key, its heading, how it is drawn (board.js CELLS) and a function of the row. Details are
switched on by a person; columns of money are left out for a role that may not see amounts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from core import clock
from core.money import short_dollars
from core.reports.rows import MembershipCell, PatientRow
from core.reports.say import speaks
from dashboard.wording.chips import chips
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import day_month, shown, visit_day


@dataclass(frozen=True, slots=True)
class LocalDay:
    """Where a row is read: the location's zone and its date today."""

    time_zone: str
    today: date


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: str
    kind: str
    cell: Callable[[PatientRow, LocalDay], Any]
    money: bool = False


ON_FILE = {
    "HAS_CARD": "On file",
    "VIA_GUARANTOR": "The payer's card",
    "BANK_ONLY": "Bank account",
    "EXPIRED_ONLY": "Expired card",
    "NONE": "No card",
    "NOT_LINKED": "Not linked",
}


def _two(words: str, sub: str = "") -> dict[str, str]:
    return {"words": shown(words, 200), "sub": shown(sub, 200)}


def _money(cents: int) -> str:
    return short_dollars(cents) if cents else ""


def say_line(row: PatientRow) -> dict[str, Any]:
    """The line to say; where there is none, what a quiet note tells, calmly."""
    note = next((flag.reason for flag in row.flags if not speaks(flag)), "")
    return {"words": shown(row.say or note, 300), "calm": not row.say}


def _card(row: PatientRow, place: LocalDay) -> dict[str, str]:
    card = row.card
    if card.last_four is None:
        return _two(ON_FILE.get(card.on_file, "Unknown"))
    if card.on_file == "BANK_ONLY":
        return _two(f"Bank …{card.last_four}", card.brand or "")
    verb = "ended" if card.expires_on and card.expires_on < place.today else "ends"
    ends = f"{verb} {day_month(card.expires_on, place.today)}" if card.expires_on else "end unknown"
    return _two(f"{card.brand or 'Card'} {card.last_four}", ends)


def _missing(row: PatientRow, place: LocalDay) -> dict[str, str]:
    if not row.missing_payments:
        return _two("–")
    first = row.missing_payments[0]
    more = f" and {len(row.missing_payments) - 1} more" if len(row.missing_payments) > 1 else ""
    return _two(short_dollars(row.missing_cents), f"due {day_month(first.due_on, place.today)}{more}")


def _plan(row: PatientRow, place: LocalDay) -> dict[str, str]:
    if row.arrears_cents <= 0:
        return _two("–")
    return _two(f"{short_dollars(row.arrears_cents)} behind", f"{row.days_past_due} days")


def use_words(cell: MembershipCell) -> str:
    """`2 done, 3 booked of 4`."""
    allowance = "no limit" if cell.allowance is None else f"of {cell.allowance}"
    return f"{cell.used} done, {cell.booked} booked {allowance}"


def _membership(row: PatientRow, place: LocalDay) -> dict[str, Any] | None:
    cell = row.membership
    return cell and {
        "done": cell.used,
        "booked": cell.booked,
        "allowance": cell.allowance,
        "should_be": cell.should_be,
        "words": use_words(cell),
    }


def _insurance(row: PatientRow, place: LocalDay) -> dict[str, str]:
    cell = row.insurance
    left = "" if cell.visits_left is None else f"{cell.visits_left} visits left"
    state = cell.state.replace("_", " ").lower().capitalize()
    return _two(cell.payer or state, ", ".join(word for word in (state if cell.payer else "", left) if word))


def _balance(row: PatientRow, place: LocalDay) -> dict[str, str]:
    owes = row.balance.patient_owes_cents
    if owes <= 0:
        credit = row.balance.credit_cents
        return _two(f"{short_dollars(credit)} credit" if credit else "–")
    return _two(short_dollars(owes), f"{short_dollars(row.balance.due_now_cents)} due now")


MAIN = (
    Column("chips", "Flags", "chips", lambda row, place: chips(row)),
    Column("say", "Say", "say", lambda row, place: say_line(row)),
    Column("collect", "Collect now", "money", lambda row, place: _money(row.collect_now_cents), money=True),
    Column(
        "next",
        "Next visit",
        "next",
        lambda row, place: visit_day(row.next_visit, place.time_zone, place.today),
    ),
)
DETAILS = (
    Column("card", "Card", "text", _card, money=True),
    Column("missing", "Missing", "text", _missing, money=True),
    Column("plan", "Plan", "text", _plan, money=True),
    Column("membership", "Membership", "barcell", _membership),
    Column("insurance", "Insurance", "text", _insurance),
    Column("balance", "Balance", "text", _balance, money=True),
)


def offered(may_see: MaySee) -> list[Column]:
    """The detail columns this person may switch on."""
    return [column for column in DETAILS if may_see.money or not column.money]


def chosen(may_see: MaySee, keys: list[str]) -> list[Column]:
    """The columns to draw: the main ones, then the details switched on, so that these never push a main one away."""
    main = [column for column in MAIN if may_see.money or not column.money]
    details = [column for column in offered(may_see) if column.key in keys]
    return [*main, *details]


def place_of(time_zone: str, today: date | None = None) -> LocalDay:
    return LocalDay(time_zone, today or clock.today(time_zone))
