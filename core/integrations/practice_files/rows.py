"""Text lines to rows of cells, without ever letting one stray quote swallow the rest of a file."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

LONGEST_ROW = 16 * 1024 * 1024  # characters, quoted line ends included
LONGEST_CELL = 10_000  # longer is no cell of ours: the row is refused further on
_LONGEST_PLAIN = 1024 * 1024
_BATCH = 2_000

csv.field_size_limit(LONGEST_ROW)  # the csv module's own 131,072 would end the whole reading


class Row(NamedTuple):
    """line: where the row starts, counted from 1. fault: why it is no row, or "" when it is one."""

    line: int
    cells: list[str]
    fault: str = ""


class _RowTooLong(Exception):
    pass


class _Lines:
    """Lines for the csv reader; remembers those of the row at hand, so that they can be read again."""

    def __init__(self, source: Iterable[str]) -> None:
        self.source = iter(source)
        self.ahead: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0
        self.size = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.ahead.popleft() if self.ahead else next(self.source)
        self.number += 1
        self.size += len(line)
        self.taken.append(line)
        if self.size > LONGEST_ROW:
            raise _RowTooLong
        return line

    def batch(self) -> list[str]:
        """The next lines, at most some thousands; the caller counts them, or puts them back."""
        found = list(self.ahead)
        self.ahead.clear()
        found += islice(self.source, max(0, _BATCH - len(found)))
        return found

    def put_back(self, batch: list[str]) -> None:
        self.ahead.extendleft(reversed(batch))

    def row_starts(self) -> None:
        self.taken.clear()
        self.size = 0

    def keep_only_first(self) -> str:
        """Put back all lines of this row but the first, which is returned."""
        self.ahead.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        return self.taken[0]


def rows(source: Iterable[str], delimiter: str, width: int) -> Iterator[Row]:
    """The rows of a file, as wide as they are; `width` is the number of cells of its header. Empty lines are no rows.

    A quote that is never closed, or that closes where it cannot, costs the line it stands on; reading goes on at
    the next line. A quoted cell may hold line ends.
    """
    lines = _Lines(source)
    while batch := lines.batch():
        if any('"' in line for line in batch) or max(map(len, batch)) > _LONGEST_PLAIN:
            lines.put_back(batch)
            yield from _quoted_rows(lines, lines.number + len(batch), delimiter, width)
            continue
        start = lines.number + 1
        lines.number += len(batch)
        for number, cells in enumerate(csv.reader(batch, delimiter=delimiter), start):
            if cells:  # without a quote a line is a row
                yield Row(number, cells)


def _quoted_rows(lines: "_Lines", until: int, delimiter: str, width: int) -> Iterator[Row]:
    """Rows up to a line, and on to the end of the row that it stands in."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while lines.number < until:
        lines.row_starts()
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RowTooLong):
            fault = _why(lines)
            yield Row(start, [lines.keep_only_first()[:LONGEST_CELL].rstrip("\r\n")], fault)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if not cells:
            continue
        if len(lines.taken) > 1 and _swallowed(lines.taken, cells, delimiter, width):
            yield Row(start, [lines.keep_only_first()[:LONGEST_CELL].rstrip("\r\n")], UNCLOSED)
            continue
        yield Row(start, cells)


UNCLOSED = "a quote is opened and not closed"


def _why(lines: _Lines) -> str:
    if len(lines.taken) == 1:
        if lines.size > LONGEST_ROW:
            return f"the line is {lines.size:,} characters long"
        if lines.taken[0].count('"') % 2 == 0:
            return "its quotes do not fit together"
    return UNCLOSED


def _swallowed(taken: list[str], cells: list[str], delimiter: str, width: int) -> bool:
    """Whether a row over several lines is one whose quote was closed by the quote of a later row."""
    if len(cells) > width:
        return True
    if len(cells) < width and any(line.count(delimiter) >= width - 1 for line in taken[1:]):
        return True
    too_long = any(len(cell) > LONGEST_CELL for cell in cells)
    return too_long and taken[1].count(delimiter) >= width - 1
