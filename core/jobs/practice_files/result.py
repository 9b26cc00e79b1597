"""What loading a folder of practice files came to: counts per file, bad rows, and what is worth telling."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from core.integrations.practice_files.records import Parsed
from core.integrations.records import Rejected, SetAside

LISTED = 10_000  # more bad rows than this are only in the store
SHOWN = 20


class FileCounts(NamedTuple):
    """rows = stored + unchanged + quarantined + set_aside, always (CONTRACTS §1). gone: held rows no longer sent."""

    rows: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    set_aside: int = 0
    gone: int = 0

    @property
    def balanced(self) -> bool:
        return self.rows == self.stored + self.unchanged + self.quarantined + self.set_aside

    def sentence(self) -> str:
        """For a terminal."""
        counted = f"{self.rows:,} rows in = {self.stored:,} stored + {self.unchanged:,} unchanged + "
        counted += f"{self.quarantined:,} quarantined"
        counted += f" + {self.set_aside:,} set aside" if self.set_aside else ""
        return counted + (f"; {self.gone:,} gone" if self.gone else "")

    def plus(self, other: "FileCounts") -> "FileCounts":
        return FileCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def in_run(counts: FileCounts) -> dict[str, int]:
    """The same counts by the names of a sync run."""
    return {"rows_in": counts.rows, **{name: n for name, n in counts._asdict().items() if name != "rows"}}


class QuarantineEntry(NamedTuple):
    """file: its name without .csv. line: where the row starts, the header is line 1. column: "" = the whole row."""

    file: str
    line: int | None
    column: str
    reason: str


class AsideEntry(NamedTuple):
    """A line that is no record: a total, a footer. file: its name without .csv."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Cells of one column that nothing could be made of. line, why: of the first one; why "" = a note tells it."""

    count: int
    line: int
    why: str


@dataclass(slots=True)
class ImportResult:
    """files: counts by file name without .csv. errors: one sentence for each file that could not be used at all.

    quarantine, set_aside: the first 10,000 of each. unknown: by file and column. retried: rows of earlier imports that
    found what they had waited for. profile: the name of the EHR export these files were made of, "" = practice files.
    """

    files: dict[str, FileCounts] = field(default_factory=dict)
    quarantine: list[QuarantineEntry] = field(default_factory=list)
    set_aside: list[AsideEntry] = field(default_factory=list)
    unknown: dict[tuple[str, str], Unknown] = field(default_factory=dict)
    unknown_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    retried: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    cells: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)
    profile: str = ""

    def add(
        self, file: str, counts: FileCounts, rejected: list[Rejected], aside: Sequence[SetAside] = ()
    ) -> None:
        """Count one stored chunk."""
        assert counts.balanced, counts  # promised
        self.files[file] = self.files.get(file, FileCounts()).plus(counts)
        room = max(0, LISTED - len(self.quarantine))
        self.quarantine += [QuarantineEntry(file, r.line, r.column, r.reason) for r in rejected[:room]]
        room = max(0, LISTED - len(self.set_aside))
        self.set_aside += [AsideEntry(file, each.line, each.reason) for each in aside[:room]]

    def note_unknown(self, file: str, line: int, column: str, why: str) -> None:
        """Count a cell that is kept as unknown; the first one is told."""
        before = self.unknown.get((file, column), Unknown(0, line, why))
        self.unknown[file, column] = replace(before, count=before.count + 1)

    def note_cell(self, file: str, line: int, column: str, note: str) -> None:
        """Remember something about a cell; the same note again is only counted."""
        first, count = self.cells.get((file, column, note), (line, 0))
        self.cells[file, column, note] = (first, count + 1)

    def tell(self, file: str, records: Iterable[Parsed]) -> None:
        """The notes and unknown cells of rows as they were read."""
        for record in records:
            for column, note in record.notes:
                self.note_cell(file, record.line, column, note)
            for column, why in record.unknown:
                self.note_unknown(file, record.line, column, why)

    def told_of(self, file: str) -> bool:
        """Whether anything of a file was turned away, set aside or worth telling."""
        counts = self.files.get(file, FileCounts())
        places = [*self.unknown_columns, *(key[0] for key in self.cells), *(key[0] for key in self.unknown)]
        return bool(counts.quarantined or counts.set_aside) or file in places

    @property
    def notes(self) -> list[str]:
        """Everything worth telling that lost no row, as sentences."""
        waited = [
            f"{count:,} rows of {file} that had waited for a row of another file are stored now."
            for file, count in self.retried.items()
        ]
        said = [
            f"{file} line {first}: {column} {note}{f' (and {count - 1:,} more)' if count > 1 else ''}."
            for (file, column, note), (first, count) in self.cells.items()
        ]
        return self.remarks + waited + said + self._unknown_said()

    def _unknown_said(self) -> list[str]:
        return [
            f"{file} line {first.line}: {column} {first.why}; it is kept as unknown"
            f"{f' (and {first.count - 1:,} more)' if first.count > 1 else ''}."
            for (file, column), first in self.unknown.items()
            if first.why
        ]

    def as_json(self) -> dict[str, Any]:
        """CONTRACTS §1 `huddle import --json`, and the notes, unknown columns and errors beside it."""
        return {
            "profile": self.profile or None,
            "files": {file: counts._asdict() for file, counts in self.files.items()},
            "quarantine": [entry._asdict() for entry in self.quarantine],
            "set_aside": [entry._asdict() for entry in self.set_aside],
            "unknown_cells": {
                f"{file}.{column}": each.count for (file, column), each in self.unknown.items()
            },
            "retried": self.retried,
            "unknown_columns": {file: list(names) for file, names in self.unknown_columns.items()},
            "notes": self.notes,
            "errors": self.errors,
        }

    def as_text(self) -> str:
        """For a terminal: a line per file, then bad rows and notes."""
        lines = [f"{file}: {counts.sentence()}" for file, counts in self.files.items()]
        lines += [f"  {e.file} line {e.line}: {e.reason}" for e in self.quarantine[:SHOWN]]
        if (more := sum(c.quarantined for c in self.files.values()) - SHOWN) > 0:
            lines.append(f"  … and {more:,} more in quarantine")
        lines += [f"  {e.file} line {e.line}: {e.reason}; set aside" for e in self.set_aside[:SHOWN]]
        lines += [
            f"{file}: columns not known and left out: {', '.join(names)}"
            for file, names in self.unknown_columns.items()
        ]
        return "\n".join(lines + self.notes)
