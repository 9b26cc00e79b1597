"""Harmless ways to write a cell: what spreadsheets put around it, and the many ways to say that it is empty (DOMAIN §0)."""

import re

from core.integrations.practice_files import cells
from core.integrations.practice_files.cells import Choice, Reader

# as whole cells, in any case of letters
_NOTHING = frozenset(
    [
        "null",
        "(null)",
        "<null>",
        "[null]",
        "\\n",
        "n/a",
        "#n/a",
        "na",
        "nan",
        "nat",
        "none",
        "(none)",
        "nil",
        "undefined",
        "#null!",
        "#value!",
        "#ref!",
        "#name?",
        "-",
        "--",
        "---",
        "?",
        ".",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "0000-00-00t00:00:00",
        "0000-00-00 00:00",
        "00/00/0000",
    ]
)
LONGEST_NOTHING = max(map(len, _NOTHING))
# people are called Null, Na and None: of names only what nobody is called
_NO_NAME = frozenset(
    [
        "NULL",
        "null",
        "(null)",
        "(NULL)",
        "<null>",
        "<NULL>",
        "[NULL]",
        "\\N",
        "N/A",
        "n/a",
        "#N/A",
        "nan",
        "NaN",
        "none",
        "NONE",
        "(none)",
        "nil",
        "undefined",
        "-",
        "--",
        "---",
        "?",
        ".",
        "*",
    ]
)
_GUARDED = re.compile(r'=\s*"((?:[^"]|"")*)"', re.DOTALL)
_UNSEEN = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
_AFTER_APOSTROPHE = frozenset("0123456789+-=@(.$")
_IDS = (cells.identifier, cells.number_elsewhere, cells.card_id)


def is_nothing(text: str, read: Reader) -> bool:
    """Whether a cell is a way to write “empty”, in a column read by `read`."""
    if read is cells.name:
        return text in _NO_NAME
    word = text.casefold()
    return word in _NOTHING and not (isinstance(read, Choice) and word in read.words)


def plain_cell(cell: str, read: Reader = cells.identifier) -> str:
    """A cell without what spreadsheets put around it to keep it as it is: ="00001" and '00001 are 00001.

    An apostrophe at the start of other cells than ids goes only before digits and signs: 't Hooft is a name.
    """
    text = cell.strip()
    if not text.isascii():
        text = text.strip(_UNSEEN).strip()
    if not text:
        return ""
    if text[0] == "=" and (found := _GUARDED.fullmatch(text)):
        return plain_cell(found[1].replace('""', '"'), read)
    if text[0] == "'" and len(text) > 1 and (read in _IDS or text[1] in _AFTER_APOSTROPHE):
        inner = text[1:].strip()
        text = inner[:-1].strip() if inner.endswith("'") else inner
    return cells.without_fraction(text) if read in _IDS else text
