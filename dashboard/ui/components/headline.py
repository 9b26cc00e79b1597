"""The headline of the day: six numbers, each of them a filter, and how fresh every source is."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from core.findings.flags import Group
from core.money import whole_dollars
from core.reports.head import SourceCell
from core.reports.rows import MorningRow, PatientRow
from dashboard.ui.components.component import own
from dashboard.wording.chips import groups_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.meanings import explained
from dashboard.wording.text import ago, shown

_HEADLINE = own("headline")


class Filter(NamedTuple):
    """One pressable number. amount: the cents to add up; None = patients are counted instead."""

    id: str
    label: str
    icon: str
    tone: str
    keeps: Callable[[PatientRow], bool]
    amount: Callable[[PatientRow], int] | None = None


def _in(group: Group) -> Callable[[PatientRow], bool]:
    return lambda row: group in groups_of(row)


FILTERS = (
    Filter("risk", "At risk", "warning", "critical", lambda row: row.at_risk_cents > 0, lambda row: row.at_risk_cents),
    Filter(
        "collect", "Collect now", "payments", "high",
        lambda row: row.collect_now_cents > 0, lambda row: row.collect_now_cents,
    ),
    Filter("no_card", "No card", "credit_card_off", "", _in(Group.NO_CARD)),
    Filter("card_ends", "Card ends", "credit_card_clock", "", _in(Group.CARD_ENDS)),
    Filter("behind", "Behind", "trending_down", "", _in(Group.BEHIND)),
)  # fmt: skip
MEMBER_FILTERS = (
    Filter("membership", "Membership", "card_membership", "", _in(Group.MEMBERSHIP)),
    Filter("insurance", "Insurance", "policy", "", _in(Group.INSURANCE)),
)


def filters_for(may_see: MaySee) -> tuple[Filter, ...]:
    """A role without amounts filters by membership and insurance instead."""
    return FILTERS if may_see.money else MEMBER_FILTERS


def kept(visits: Iterable[MorningRow], filter_id: str, may_see: MaySee) -> list[MorningRow]:
    """The visits a pressed number stands for; every visit when none is pressed."""
    keeps = next((one.keeps for one in filters_for(may_see) if one.id == filter_id), None)
    return [visit for visit in visits if keeps is None or keeps(visit.about)]


def cards(visits: Iterable[MorningRow], pressed: str, may_see: MaySee) -> list[dict[str, Any]]:
    """The numbers of the headline. A patient with two visits that day counts once in money and in flags."""
    visits = list(visits)
    patients = {visit.about.key: visit.about for visit in visits}.values()
    first = _card("visits", "Visits", "groups", "", str(len(visits)), pressed="")
    return [first, *(_filter_card(one, patients, pressed) for one in filters_for(may_see))]


def _filter_card(one: Filter, patients: Iterable[PatientRow], pressed: str) -> dict[str, Any]:
    found = [row for row in patients if one.keeps(row)]
    value = str(len(found)) if one.amount is None else whole_dollars(sum(map(one.amount, found)))
    return _card(one.id, one.label, one.icon, one.tone if found else "", value, pressed)


def _card(id_: str, label: str, icon: str, tone: str, value: str, pressed: str) -> dict[str, Any]:
    held = id_ == pressed
    why = "Show every visit again" if held or id_ == "visits" else f"Show only: {label.lower()}"
    return {
        "id": id_,
        "label": label,
        "icon": icon,
        "tone": tone,
        "value": value,
        "pressed": held,
        "why": why,
    }


def sources(cells: Iterable[SourceCell], as_of: datetime) -> list[dict[str, str]]:
    """How fresh each source is, in words; an old one says so and is coloured."""
    return [_source(cell, as_of) for cell in cells]


def _source(cell: SourceCell, as_of: datetime) -> dict[str, str]:
    name = shown(cell.name, 40)
    name = name[:1].upper() + name[1:]
    words = f"{name} {ago(cell.synced_at, as_of)}"
    if cell.synced_at is None:
        words = f"{name}: never synced"
    elif cell.stale:
        words += ": old, may be out of date"
    if cell.failing:
        words += " · last sync failed"
    doubtful = cell.stale or cell.failing
    return {
        "words": words,
        "icon": "sync_problem" if doubtful else "sync",
        "tone": "unknown" if doubtful else "",
        "why": shown(cell.sentence, 300),
    }


def draw_headline(
    *,
    key: str,
    label: str,
    cards: list[dict[str, Any]],
    sources: list[dict[str, str]],
    on_press: Any,
    small: bool = False,
) -> Any:
    """Mount the headline. `press` in its answer is the id of the number that was pressed. Every number says under the
    mouse what it means and what a press does."""
    cards = [card | {"why": explained(card["label"], card["why"])} for card in cards]
    return _HEADLINE(
        key=key,
        data={"label": label, "cards": cards, "sources": sources, "small": small},
        on_press_change=on_press,
    )
