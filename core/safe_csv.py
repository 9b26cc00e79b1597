"""Cells that a spreadsheet reads as text and never as a formula."""

from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula. Numbers stay numbers, negative ones too."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return value
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" \"'").startswith(_FORMULA_STARTS) else text
