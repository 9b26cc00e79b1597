"""What stands at the ends of a file that is no row: footers of a printed report, and a last line that is cut off.

A file is cut when nothing ends its last line and that line is unlike all others: shorter, or its last cell of another
shape than every other cell of the column. Many exports end without a line end, so that alone says nothing.
"""

import re
from collections.abc import Iterable, Sequence

from core.integrations.practice_files import cells as c
from core.integrations.practice_files.cells import BadCell, Choice, Noted, Nothing, Reader, quoted

_FOOTER = re.compile(
    r"""(?x)
      (?:(?:grand|sub|report|page|overall|running|day|daily|weekly|monthly|yearly|net|file|record|row|the)[\s:_-]*)?
        totals?\b.*
    | (?:sum|count|average|avg|mean)\b(?:\s*(?:of|[:=(]|\d).*)?
    | (?:number|no\.?|\#)\s+of\s+\w+.*
    | (?:record|row|patient|line|item|entry)[\s_-]*count\b.*
    | (?:records?|rows?|entries|items|patients|appointments|visits|payments|results)\s*[:=]\s*[\d,.]+
    | (?:opening|starting|beginning|ending|closing|previous|current|account)?\s*balance\b.* | net\b(?:\s+total.*)?
    | (?:all|active|inactive|new|unique|distinct)\s+(?:records?|rows?|patients|appointments|visits|payments)\b.*
    | \(?[\d,.]+\s+(?:of\s+[\d,.]+\s+)?(?:total\s+)?\w*\s*(?:records?|rows?|entries|items|patients|appointments|visits|payments|results|lines)
        (?:\s+(?:found|selected|listed|returned|exported|affected|total|in\s+total|printed))?\)?\.?
    | (?:this\s+)?(?:report|list|file|export|data|document)\s+
        (?:was\s+|is\s+)?(?:generated|created|printed|exported|produced|run|prepared|ended|ends|complete[d]?|date|as\s+of)\b.*
    | (?:generated|created|printed|exported|produced|prepared|run|downloaded|report)\s*
        (?:(?:on|by|at|from|with|using|date|for)\b|[:@]|\s\d).*
    | page[\s:]+\d+(?:\s*(?:of|/)\s*\d+)?.* | \d+\s*(?:of|/)\s*\d+
    | (?:this|these)\s+(?:report|list|file|export|data|document)s?\b.*
    | (?:end|eof)\s*(?:of\s+(?:the\s+)?(?:report|file|list|data|export|records?|document).*)?
    | (?:copyright|\(c\)|©|confidential|powered\s+by|filters?\s*:|as\s+of\b).*
    | [-=_*~.\#]{3,}
    """,
    re.IGNORECASE | re.DOTALL,
)


def is_footer(row: Sequence[str]) -> bool:
    """Whether a row that is no record says so itself: a total, a count, “Report generated …”, a page number."""
    words = _words(row)
    return bool(words) and (_FOOTER.fullmatch(words[0]) is not None or _labelled(words))


def is_total(row: Sequence[str], key: int) -> bool:
    """Whether a row is nothing but numbers and what they are the total of, or numbers alone without a key."""
    words = _words(row)
    return _labelled(words) or (not row[key].strip() and all(map(_NUMBER.fullmatch, words)))


def may_be_total(cell: str) -> bool:
    """Whether a key reads like the label of a total: asked of every row, so it only looks at the first letters."""
    return cell[:5].casefold() in (
        "total",
        "grand",
        "subto",
        "sub-t",
        "sub t",
        "repor",
        "page ",
        "overa",
        "sum",
        "sum:",
    )


def _words(row: Sequence[str]) -> list[str]:
    return [word for cell in row if (word := cell.strip().strip("*#<>[]-= ").strip() or cell.strip())]


def _labelled(words: list[str]) -> bool:
    """A total wherever its label stands: nothing but it and numbers right of it."""
    labels = [word for word in words if not _NUMBER.fullmatch(word)]
    return len(labels) == 1 and labels[0] != words[-1] and _FOOTER.fullmatch(labels[0]) is not None


_NUMBER = re.compile(r"[-+($]*\s*[\d,. ]+[%)]?")


class LastColumn:
    """What the cells of the last column look like, to judge the very last one by. read: None = a column not known."""

    _KEPT = 20_000

    def __init__(self, read: Reader | None) -> None:
        self.read = read
        self.rows = 0
        self.widths: set[int] = set()
        self.lengths: set[int] = set()
        self.decimals: set[int] = set()
        self.often: dict[str, int] = {}

    def learn(self, row: Sequence[str], width: int) -> None:
        self.rows += 1
        self.widths.add(len(row))
        cell = row[width - 1].strip() if len(row) == width else ""
        self.lengths.add(len(cell))
        self.decimals.add(len(cell.rpartition(".")[2]) if "." in cell else 0)
        if cell in self.often or len(self.often) < self._KEPT:
            self.often[cell] = self.often.get(cell, 0) + 1

    def cut(self, row: Sequence[str], width: int) -> str:
        """Why a last row without a line end is taken to be cut off; "" when it may be whole."""
        if not self.rows:
            return ""
        if len(row) < width and len(row) not in self.widths:
            return f"has {len(row)} cells where all others have more"
        if len(row) != width:
            return ""
        cell = row[width - 1].strip()
        if not cell:
            return "" if 0 in self.lengths else "has an empty last cell, as no other line"
        return self._cut_cell(cell)

    def _cut_cell(self, cell: str) -> str:
        unlike = f"ends in {quoted(cell)}, which is unlike all other cells of the column"
        if self.read in (c.amount, c.signed_amount):
            decimals = len(cell.rpartition(".")[2]) if "." in cell else 0
            return unlike if decimals < min(self.decimals) or self._begins_another(cell) else ""
        if self.read in (None, c.name, c.text, c.email):
            return unlike if self._begins_another(cell, at_least=2) else ""
        if len(self.lengths) == 1 and len(cell) < min(self.lengths) and self.rows >= 2:
            return unlike
        if isinstance(self.read, Choice) or self.read in (c.yes_no, c.day, c.last_day, c.moment):
            return unlike if self._begins_another(cell) or not _readable(self.read, cell) else ""
        return ""

    def _begins_another(self, cell: str, *, at_least: int = 1) -> bool:
        """Whether the cell is the beginning of another one that comes often enough, and never comes itself."""
        return cell not in self.often and any(
            count >= at_least and other.startswith(cell) for other, count in self.often.items()
        )


def _readable(read: Reader, cell: str) -> bool:
    try:
        read(cell)
    except BadCell:
        return False
    except (Noted, Nothing):
        return True
    return True


def ends_in_mid_line(last: Iterable[bytes]) -> bool:
    """Whether the last bytes of a file end no line. Zero bytes that fill up a block do not count."""
    end = b"".join(last).rstrip(b"\0\x1a")
    return bool(end) and not end.endswith((b"\n", b"\r"))
