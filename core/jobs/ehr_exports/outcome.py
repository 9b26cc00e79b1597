"""What a load came to, told per line of the export: one line may give several rows, and several lines one row."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.integrations.ehr_exports.apply import Made, MadeRow, Origin
from core.integrations.ehr_exports.cells import EMPTY
from core.integrations.ehr_exports.context import Setting
from core.integrations.ehr_exports.finding import Match
from core.integrations.ehr_exports.profile import Profile
from core.integrations.records import Rejected, SetAside
from core.jobs.ehr_exports.result import ExportResult, SourceCounts
from core.jobs.practice_files.result import FileCounts, ImportResult


@dataclass(slots=True)
class Heard(ImportResult):
    """An import's result that also remembers every row turned away, however many there are."""

    turned_away: list[tuple[str, Rejected]] = field(default_factory=list)

    def add(
        self, file: str, counts: FileCounts, rejected: list[Rejected], aside: Sequence[SetAside] = ()
    ) -> None:
        ImportResult.add(self, file, counts, rejected, aside)
        self.turned_away += [(file, row) for row in rejected]


def book(book: str) -> str:
    """Which sheet of a workbook, in words; "" for a file of its own."""
    return f" (sheet {book})" if book else ""


def told(
    chosen: Match, made: Made, setting: Setting, heard: Heard, stored: set[tuple[str, str]]
) -> ExportResult:
    """The outcome of each line: quarantined when a row of it was, else stored when one was, else unchanged."""
    result = ExportResult(chosen.profile.profile, chosen.profile.title, notes=[*made.notes, *heard.notes])
    names = _names(made)
    bad = _turned_away(made, heard, names, result)
    aside = {each.origin: each.reason for each in made.asides}
    result.set_aside = [
        {"file": names[origin.sheet], "line": origin.line, "reason": why}
        for origin, why in sorted(aside.items())
    ]
    good = _stored_lines(made, stored)
    for opened in made.opened:
        result.files[names[opened.number]] = SourceCounts(rows=made.lines[opened.number])
    for origin in _lines_of(made):
        counts = result.files[names[origin.sheet]]
        main = made.halves.get(origin, origin)
        if main in bad or origin in bad:
            counts.quarantined += 1
        elif main in aside or origin in aside:
            counts.set_aside += 1
        else:
            counts.stored += main in good
            counts.unchanged += main not in good
    for file, counts in heard.files.items():
        if counts.gone and (rows := made.rows.get(file)):
            result.files[names[rows[0].origin.sheet]].gone += counts.gone
    result.unknown_cells = made.unknown
    for (file, column), cells in heard.unknown.items():
        result.unknown_cells[f"{file}.{column}"] += cells.count
    result.made = {file: len(rows) for file, rows in made.rows.items()}
    result.choices = dict(made.choices)
    result.questions = {
        key: (question(chosen.profile, key, made.choices.get(key, ())), made.asked[key])
        for key in dict.fromkeys([*made.asked, *made.unsure])
    }
    result.unsure = made.unsure
    result.notes += [
        f"Nothing asks for the answer “{name}”; it changes nothing."
        for name in setting.answers.unused()
        if name not in chosen.profile.questions
    ]
    return result


def question(profile: Profile, key: str, choices: Sequence[str] = ()) -> str:
    """What is asked, in a sentence with its possible answers."""
    if key == "time_zone":
        return "In which time zone is the practice?"
    if key == "dates":
        return "Which comes first in dates such as 03/09/2026? (day first, month first)"
    if found := profile.questions.get(key):
        return f"{found.ask} ({', '.join(found.choices)})" if found.choices else found.ask
    column, _dot, said = key.partition(".")
    if said == EMPTY:
        return f"What is a row whose {column} is empty? ({', '.join(choices)})"
    return f"What does “{said}” in {column} mean? ({', '.join(choices)})"


def _names(made: Made) -> list[str]:
    """What each sheet is told under: the file's own name, with its folder or sheet where two would be one."""
    shown = [opened.sheet.shown for opened in made.opened]
    names: list[str] = []
    for opened, name in zip(made.opened, shown, strict=True):
        whole = f"{opened.sheet.name}{book(opened.sheet.book)}"
        names.append(whole if shown.count(name) > 1 else name)
    return names


def _lines_of(made: Made) -> list[Origin]:
    """Every line that the sheets hold, once."""
    lines = {row.origin for rows in made.rows.values() for row in rows}
    lines |= {origin for rows in made.rows.values() for row in rows for origin in row.also}
    lines |= {fault.origin for fault in made.faults} | {each.origin for each in made.asides}
    return sorted(lines | set(made.halves))


def _stored_lines(made: Made, stored: set[tuple[str, str]]) -> set[Origin]:
    """Lines of which a row is new or changed. Rows made beside count only where a line has no row of its own."""
    own = {
        origin
        for rows in made.rows.values()
        for row in rows
        if not row.beside
        for origin in (row.origin, *row.also)
    }
    good: set[Origin] = set()
    for file, rows in made.rows.items():
        good |= {
            row.origin
            for row in rows
            if (file, row.key) in stored and (not row.beside or row.origin not in own)
        }
    return good


def _turned_away(made: Made, heard: Heard, names: list[str], result: ExportResult) -> set[Origin]:
    """Lines that went to quarantine, told in their own columns; the loader's reasons name ours."""
    bad: dict[Origin, tuple[str, str]] = {}
    for fault in made.faults:
        bad.setdefault(fault.origin, (fault.column, fault.reason))
    rows = {(file, row.key): row for file, all_rows in made.rows.items() for row in all_rows}
    for file, rejected in heard.turned_away:
        row: MadeRow | None = rows.get((file, rejected.external_id))
        if row is None or ": " in rejected.column:
            continue  # a fault of ours, told above
        column = row.theirs.get(rejected.column) or rejected.column
        reason = rejected.reason.removeprefix(rejected.column).strip()
        for origin in (row.origin, *row.also):
            bad.setdefault(origin, (column, reason))
    for half, main in made.halves.items():
        if main in bad and half not in bad:
            column, reason = bad[main]
            bad[half] = ("", f"goes with {names[main.sheet]} line {main.line}: {column} {reason}")
    result.quarantine = [
        {"file": names[origin.sheet], "line": origin.line, "column": column, "reason": reason}
        for origin, (column, reason) in sorted(bad.items())
    ]
    return set(bad)
