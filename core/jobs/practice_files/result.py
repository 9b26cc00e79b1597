"""What loading a folder of practice files came to: counts per file, bad rows, and what is worth telling."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core.integrations.records import Rejected

LISTED = 10_000  # more bad rows than this are only in the store
SHOWN = 20


class FileCounts(NamedTuple):
    """rows = stored + unchanged + quarantined, always (CONTRACTS §3)."""

    rows: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0

    def plus(self, other: "FileCounts") -> "FileCounts":
        return FileCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def in_run(counts: FileCounts) -> dict[str, int]:
    """The same counts by the names of a sync run."""
    rows, stored, unchanged, quarantined = counts
    return {"rows_in": rows, "stored": stored, "unchanged": unchanged, "quarantined": quarantined}


class QuarantineEntry(NamedTuple):
    """file: its name without .csv. line: where the row starts, the header is line 1. column: "" = the whole row."""

    file: str
    line: int | None
    column: str
    reason: str


@dataclass(slots=True)
class ImportResult:
    """files: counts by file name without .csv. errors: one sentence for each file that could not be used at all.

    quarantine: the first 10,000 bad rows. retried: rows of earlier imports that found what they had waited for.
    """

    files: dict[str, FileCounts] = field(default_factory=dict)
    quarantine: list[QuarantineEntry] = field(default_factory=list)
    unknown_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    retried: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    cells: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)

    def add(self, file: str, counts: FileCounts, rejected: list[Rejected]) -> None:
        """Count one stored chunk."""
        assert counts.rows == counts.stored + counts.unchanged + counts.quarantined, counts  # promised
        self.files[file] = self.files.get(file, FileCounts()).plus(counts)
        room = max(0, LISTED - len(self.quarantine))
        self.quarantine += [QuarantineEntry(file, r.line, r.column, r.reason) for r in rejected[:room]]

    def note_cell(self, file: str, line: int, column: str, note: str) -> None:
        """Remember something about a cell; the same note again is only counted."""
        first, count = self.cells.get((file, column, note), (line, 0))
        self.cells[file, column, note] = (first, count + 1)

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
        return self.remarks + waited + said

    def as_json(self) -> dict[str, Any]:
        """CONTRACTS §1 `huddle import --json`, and the notes, unknown columns and errors beside it."""
        return {
            "files": {file: counts._asdict() for file, counts in self.files.items()},
            "quarantine": [entry._asdict() for entry in self.quarantine],
            "retried": self.retried,
            "unknown_columns": {file: list(names) for file, names in self.unknown_columns.items()},
            "notes": self.notes,
            "errors": self.errors,
        }

    def as_text(self) -> str:
        """For a terminal: a line per file, then bad rows and notes."""
        lines = [
            f"{file}: {c.rows:,} rows in = {c.stored:,} stored + {c.unchanged:,} unchanged + {c.quarantined:,} quarantined"
            for file, c in self.files.items()
        ]
        lines += [f"  {e.file} line {e.line}: {e.reason}" for e in self.quarantine[:SHOWN]]
        if (more := sum(c.quarantined for c in self.files.values()) - SHOWN) > 0:
            lines.append(f"  … and {more:,} more in quarantine")
        lines += [
            f"{file}: columns not known and left out: {', '.join(names)}"
            for file, names in self.unknown_columns.items()
        ]
        return "\n".join(lines + self.notes)
