"""A plain table of words, numbers and states: it wraps, prints and can be read aloud, which Streamlit's grid cannot."""

from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.ui.components.component import own
from dashboard.wording.text import shown

_ROWS = own("rows")
Cell = str | dict[str, Any]


def chip_cell(words: str, severity: str, icon: str, sub: str = "") -> Cell:
    """A cell that holds a state. severity: one of the five, or "good" or "note"."""
    chip = {"words": shown(words, 40), "severity": severity, "icon": icon, "why": ""}
    return {"chip": chip, "sub": shown(sub, 300)}


def draw_rows(
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    caption: str,
    key: str,
    numbers: Sequence[int] = (),
    short: Sequence[int] = (),
) -> None:
    """numbers: the places of right-aligned columns; short: of those that never wrap. Text may come from outside."""
    drawn = [
        [cell if isinstance(cell, dict) else {"words": shown(cell, 300)} for cell in row] for row in rows
    ]
    _ROWS(
        key=key,
        data={
            "heads": list(heads),
            "rows": drawn,
            "caption": caption,
            "numbers": list(numbers),
            "short": list(short),
        },
    )
