"""What loading FHIR came to: the counts of `huddle import`, per kind of resource, and what was left out."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from core.integrations.records import Rejected
from core.jobs.fhir.chunk import Stored
from core.jobs.practice_files.result import LISTED, SHOWN, FileCounts, ImportResult, Unknown


@dataclass(slots=True)
class FhirResult(ImportResult):
    """files: counts by kind of resource. ignored: resources of kinds that Huddle does not use, by kind; they are no
    rows in. failed: for how many seconds to wait after an error, by kind of resource, None = not told."""

    ignored: Counter[str] = field(default_factory=Counter)
    places: list[tuple[str, Rejected]] = field(default_factory=list)
    failed: dict[str, tuple[str, float | None]] = field(default_factory=dict)

    def count(self, kind: str, stored: Stored) -> None:
        """Add one stored chunk."""
        self.add(kind, stored.counts, [])
        for (_kind, name), count in stored.unknown.items():
            before = self.unknown.get((kind, name), Unknown(0, 0, ""))
            self.unknown[kind, name] = replace(before, count=before.count + count)
        self.places += stored.rejected[: max(0, LISTED - len(self.places))]
        for file, line, name, note in stored.notes:
            first, count = self.cells.get((f"{kind} in {file}", name, note), (line or 0, 0))
            self.cells[f"{kind} in {file}", name, note] = (first, count + 1)

    def fail(self, kind: str, sentence: str, retry_after: float | None = None) -> None:
        """One kind of resource, or one file, could not be read to its end."""
        self.errors.append(sentence)
        self.failed[kind] = (sentence, retry_after)

    def runs(self) -> list[tuple[Any, ...]]:
        """For the list of a sync: kind, rows in, stored, unchanged, quarantined, error ("" = none), seconds to wait."""
        kinds = {**self.files, **{kind: FileCounts() for kind in self.failed if kind not in self.files}}
        return [(kind, *counts, *self.failed.get(kind, ("", None))) for kind, counts in kinds.items()]

    def as_json(self) -> dict[str, Any]:
        """As `huddle import --json` has it: file is the file's own name, column the field in FHIR's words."""
        listed = [
            {"file": file, "line": row.line, "column": row.column, "reason": row.reason}
            for file, row in self.places
        ]
        return {
            **ImportResult.as_json(self),
            "quarantine": listed,
            "ignored": dict(sorted(self.ignored.items())),
        }

    def as_text(self) -> str:
        """For a terminal: a line per kind of resource, then bad ones, notes, and what was left out."""
        lines = [_counted(kind, counts) for kind, counts in self.files.items()]
        lines += [f"  {row.reason}" for _file, row in self.places[:SHOWN]]
        if (more := sum(counts.quarantined for counts in self.files.values()) - SHOWN) > 0:
            lines.append(f"  … and {more:,} more in quarantine")
        lines += self.notes
        if self.ignored:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.ignored.most_common())
            lines.append(f"Not used by Huddle and left out: {kinds}.")
        return "\n".join(lines)


def _counted(kind: str, counts: FileCounts) -> str:
    return f"{kind}: {counts.sentence()}"
