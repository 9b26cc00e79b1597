"""What loading an export came to, in the export's own terms: per file of theirs, line by line (CONTRACTS §1)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

SHOWN, LISTED = 20, 10_000


@dataclass(slots=True)
class SourceCounts:
    """Of one file of the export: rows = stored + unchanged + quarantined + set_aside, always."""

    rows: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    set_aside: int = 0
    gone: int = 0

    def as_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}

    def in_run(self) -> dict[str, int]:
        """The same counts by the names of a sync run."""
        return {"rows_in" if name == "rows" else name: count for name, count in self.as_json().items()}


@dataclass(slots=True)
class ExportResult:
    """files: counts by file of the export. quarantine, set_aside: (file, line, column, reason). made: rows by practice
    file. questions: key → (what is asked, how many rows wait for the answer), choices: what can be
    answered; unsure: how many cells are unknown until they are. rehearsed: nothing was kept."""

    profile: str
    title: str = ""
    files: dict[str, SourceCounts] = field(default_factory=dict)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    unknown_cells: Counter[str] = field(default_factory=Counter)
    questions: dict[str, tuple[str, int]] = field(default_factory=dict)
    unsure: Counter[str] = field(default_factory=Counter)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rehearsed: bool = False
    errors: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """CONTRACTS §1 `huddle import --json`."""
        return {
            "profile": self.profile,
            "files": {name: counts.as_json() for name, counts in self.files.items()},
            "quarantine": self.quarantine[:LISTED],
            "set_aside": self.set_aside[:LISTED],
            "unknown_cells": dict(self.unknown_cells),
            "notes": [*self.notes, *self.asked()],
            "questions": [
                {"key": key, "ask": ask, "rows": rows} for key, (ask, rows) in self.questions.items()
            ],
            "made": self.made,
            "dry_run": self.rehearsed,
            "errors": self.errors,
        }

    def asked(self) -> list[str]:
        """The open questions as sentences for a terminal."""
        return [
            f"{self._until(key, rows)}: {ask} --answer '{key}=…'"
            for key, (ask, rows) in self.questions.items()
        ]

    def _until(self, key: str, rows: int) -> str:
        cells = self.unsure[key]
        said = [f"{rows:,} {'row waits' if rows == 1 else 'rows wait'} for an answer"] if rows else []
        if cells:
            said.append(f"{cells:,} {'cell is' if cells == 1 else 'cells are'} unknown until it is answered")
        return " and ".join(said)

    def as_text(self) -> str:
        """For a terminal: a line per file, then what did not go in and why."""
        done = "would be stored" if self.rehearsed else "stored"
        lines = [f"This is an export of {self.title}."]
        lines += [
            f"{name}: {c.rows:,} rows in = {c.stored:,} {done} + {c.unchanged:,} unchanged + {c.quarantined:,} quarantined + "
            f"{c.set_aside:,} set aside{f'; {c.gone:,} gone' if c.gone else ''}"
            for name, c in self.files.items()
        ]
        lines += [f"  {_where(one)}: {one['reason']}" for one in self.quarantine[:SHOWN]]
        if (more := len(self.quarantine) - SHOWN) > 0:
            lines.append(f"  … and {more:,} more in quarantine")
        aside = Counter((one["file"], one["reason"]) for one in self.set_aside)
        lines += [f"  {file}: {count:,} set aside: {reason}" for (file, reason), count in aside.items()]
        lines += [f"{place}: {count:,} cells kept as unknown" for place, count in self.unknown_cells.items()]
        return "\n".join([*lines, *self.notes, *self.asked()])


def _where(one: dict[str, Any]) -> str:
    column = f", {one['column']}" if one["column"] else ""
    return f"{one['file']} line {one['line']}{column}"
