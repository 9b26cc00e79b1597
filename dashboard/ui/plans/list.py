"""The plans that are behind as a list: numbers to filter by, their order, and rows as the board draws them."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from core.money import whole_dollars
from core.names import folded
from core.plans.facts import PlanState
from core.reports.arrears import is_behind
from core.reports.arrears_rows import ArrearsRow
from dashboard.wording.plan_row import AGES
from dashboard.wording.text import count

ORDERS = {"worst": "Worst first", "name": "By last name", "age": "Longest past due"}
HEADS = [
    {"key": "who", "label": "Who pays", "kind": "who"},
    {"key": "behind", "label": "Behind", "kind": "money"},
    {"key": "aging", "label": "Days past due", "kind": "aging"},
    {"key": "chips", "label": "State", "kind": "chips"},
    {"key": "say", "label": "Say", "kind": "say"},
    {"key": "contact", "label": "Last contact", "kind": "next"},
    {"key": "next", "label": "Next visit", "kind": "next"},
]


class Filter(NamedTuple):
    """One number of the headline. cents None = plans are counted. good_news: what an empty list says."""

    id: str
    label: str
    icon: str
    tone: str
    keeps: Callable[[ArrearsRow], bool]
    cents: Callable[[ArrearsRow], int] | None
    good_news: tuple[str, str]
    always: bool = True


def _age(name: str) -> Callable[[ArrearsRow], int]:
    return lambda row: getattr(row.aging, name) if row.aging is not None else 0


def _with(name: str) -> Callable[[ArrearsRow], bool]:
    cents = _age(name)
    return lambda row: cents(row) > 0


NOBODY = ("Nobody is behind", "Every instalment due so far is paid.")
FILTERS = (
    Filter("behind", "Behind", "trending_down", "high", is_behind, lambda row: row.arrears_cents or 0, NOBODY),
    *(
        Filter(
            name, label, "", tone, _with(name), _age(name),
            (f"Nothing is {label.lower()} past due", "No instalment of that age is open."),
        )
        for name, label, tone in AGES
    ),
    Filter(
        "promised", "Promised", "handshake", "", lambda row: row.promise is not None, None,
        ("Nobody behind has promised a day", "Open a row to write a promise down."), always=False,
    ),
    Filter(
        "settle", "To settle", "gavel", "medium", lambda row: row.state == PlanState.SETTLEMENT, None,
        ("No plan waits to be settled", "Every plan that was ended early is decided."), always=False,
    ),
    Filter(
        "unknown", "Unknown", "help", "", lambda row: row.state == PlanState.UNKNOWN, None,
        ("Every plan can be judged", "No plan is without instalments or with dates that contradict each other."), always=False,
    ),
)  # fmt: skip


def numbers(rows: Sequence[ArrearsRow], pressed: str) -> list[dict[str, Any]]:
    """Dollars behind, the same by age, and how many are promised, to be settled or unknown."""
    made = []
    for one in FILTERS:
        found = [row for row in rows if one.keeps(row)]
        if not (found or one.always or one.id == pressed):
            continue
        held = one.id == pressed or (one.id == "behind" and not pressed)
        value = f"{len(found):,}" if one.cents is None else whole_dollars(sum(map(one.cents, found)))
        made.append(
            {
                "id": one.id,
                "label": one.label,
                "icon": one.icon,
                "tone": one.tone if found else "",
                "value": value,
                "sub": "" if not found else count(len(found), "plan") if one.cents is not None else "plan" if len(found) == 1 else "plans",
                "pressed": held,
                "why": "Show everyone who is behind" if held or one.id == "behind" else f"Show only: {one.label.lower()}",
            }
        )  # fmt: skip
    return made


def matching(rows: Iterable[ArrearsRow], pressed: str, search: str) -> list[ArrearsRow]:
    """Rows of a pressed number (those behind when none is) whose name holds every word, or whose mobile ends so."""
    keeps = next((one.keeps for one in FILTERS if one.id == pressed), is_behind)
    words = folded(search).split()
    digits = words[0] if len(words) == 1 and len(words[0]) == 4 and words[0].isdigit() else ""

    def fits(row: ArrearsRow) -> bool:
        if not keeps(row):
            return False
        if digits:
            return row.mobile_last_four == digits
        name = folded(f"{row.patient} {row.member or ''}") if words else ""
        return all(word in name for word in words)

    return [row for row in rows if fits(row)]


def ordered(rows: list[ArrearsRow], order: str) -> list[ArrearsRow]:
    """Worst first is how the report comes."""
    if order == "name":
        return sorted(rows, key=attrgetter("name_key", "plan_id"))
    if order == "age":
        return sorted(rows, key=lambda row: (-(row.days_past_due or 0), row.name_key))
    return rows


def why_empty(*, loaded: bool, pressed: str, narrowed: bool) -> tuple[str, str]:
    """A heading and a sentence for a list without rows. loaded: some source was synced."""
    if not loaded:
        return (
            "Nothing is loaded yet",
            "Load the practice files with “huddle import FOLDER”, or connect a folder with “huddle connect”.",
        )
    if narrowed:
        return "No plan matches", "Clear the search to see the others."
    return next((one.good_news for one in FILTERS if one.id == pressed), NOBODY)
