"""An export read with a profile: rows of practice files with the line each came from, lines that are set aside, and lines
that cannot be used with the reason. Nothing is stored here."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.integrations.ehr_exports.bench import Bench, RowAt, Text, end_of_day, source_of
from core.integrations.ehr_exports.cells import SetAside, cell_of
from core.integrations.ehr_exports.conditions import Test, conditions, surely
from core.integrations.ehr_exports.context import Opened, Setting, columns_of, plain, together
from core.integrations.ehr_exports.finding import Match
from core.integrations.ehr_exports.joins import partners
from core.integrations.ehr_exports.profile import Row
from core.integrations.ehr_exports.sheets import Line
from core.integrations.ehr_exports.spellings import Unreadable
from core.integrations.ehr_exports.targets import needed, spelling_of
from core.integrations.ehr_exports.zones import find_zone
from core.integrations.practice_files.columns import FILES
from core.names import folded

_DATED = re.compile(r"(20\d{2})-?(\d{2})-?(\d{2})(?!.*20\d{2}-?\d{2}-?\d{2})")


class Origin(NamedTuple):
    """Where a row stands: the number of its sheet, and its line there."""

    sheet: int
    line: int


@dataclass(slots=True)
class MadeRow:
    """One row of a practice file. cells: in the order of FILES. theirs: our column → theirs. also: further lines
    that say the same thing. beside: made once for many lines, and no line's own."""

    file: str
    cells: list[str]
    origin: Origin
    theirs: dict[str, str]
    beside: bool = False
    also: list[Origin] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.cells[0]


class Fault(NamedTuple):
    """A line that cannot be used. file: the practice file it would have filled. column: in their words. raw: the columns
    the profile reads, never the others. ask: the key of the question that would mend it."""

    origin: Origin
    file: str
    key: str
    column: str
    reason: str
    raw: dict[str, str]
    ask: str = ""


class _Unknown(NamedTuple):
    """A cell that is kept as unknown. place: `file.column`. ask: the key of the question whose answer would tell it."""

    place: str
    ask: str = ""
    choices: tuple[str, ...] = ()


class Aside(NamedTuple):
    """A line that is no record for us."""

    origin: Origin
    reason: str


@dataclass(slots=True)
class Made:
    """What an export comes to. rows: by practice file. lines: how many rows each sheet holds. unknown: cells kept as
    unknown, by `file.column`. asked: keys of questions → how many lines wait for them, unsure: → how many cells are unknown
    until they are answered, choices: what can be answered. halves: lines of tables that
    only serve others → the line they were joined to."""

    opened: list[Opened]
    rows: dict[str, list[MadeRow]] = field(default_factory=dict)
    lines: Counter[int] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    unsure: Counter[str] = field(default_factory=Counter)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    halves: dict[Origin, Origin] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, row: MadeRow) -> None:
        self.rows.setdefault(row.file, []).append(row)

    def keep_unknown(self, cells: Sequence[_Unknown]) -> None:
        """Count cells that nothing was made of, and the questions whose answers would tell them."""
        for place, ask, choices in cells:
            self.unknown[place] += 1
            if ask:
                self.unsure[ask] += 1
                self.choices.setdefault(ask, choices)


class _RowPlan(NamedTuple):
    row: Row
    holds: Test
    cells: list[tuple[int, str, str, bool, Text]]  # place, our column, theirs, needed, function
    theirs: dict[str, str]


class _Plan(NamedTuple):
    bench: Bench
    aside: list[tuple[Test, str]]
    refuse: list[tuple[Test, str, str]]
    rows: list[_RowPlan]


def apply(match: Match, setting: Setting) -> Made:
    """Read every sheet. The setting's zone is filled in from the export where it names one. Raises BadInput when a file
    cannot be read or an answer is none of its question's."""
    made = Made(match.opened)
    benches = _benches(match, setting, made)
    if found := find_zone(match.profile, benches, setting):
        made.notes.append(found)
    for bench in benches:
        bench.partners = partners(bench, benches)
        _date_it(bench, made)
    for bench in benches:
        if bench.opened.table.rows:
            _work(_plan(bench), made)
    for bench in benches:
        if not bench.opened.table.rows:
            _count_halves(bench, made)
    return made


def _count_halves(bench: Bench, made: Made) -> None:
    """The rows of a table that only serves others: each fares as the row it was joined to."""
    opened, unused = bench.opened, bench.opened.table.unused
    for line in opened.lines():
        made.lines[opened.number] += 1
        origin = Origin(opened.number, line.number)
        if origin in made.halves:
            continue
        if line.aside:
            made.asides.append(Aside(origin, line.aside))
        elif line.fault or unused.quarantine:
            reason, column = line.fault or unused.why, ""
            raw = {} if line.fault else _raw(bench, line)
            made.faults.append(Fault(origin, unused.quarantine or "patients", "", column, reason, raw))
        else:
            made.asides.append(Aside(origin, unused.why))


def _benches(match: Match, setting: Setting, made: Made) -> list[Bench]:
    found = together([(opened, columns_of(opened)) for opened in match.opened])
    everywhere = {order for _opened, columns in found for order in columns.orders.values()}
    benches: list[Bench] = []
    counts: dict[str, dict[str, int]] = {}
    for opened, columns in found:
        here = set(columns.orders.values()) or everywhere
        fallback = next(iter(here)) if len(here) == 1 else None
        shared = counts.setdefault(opened.table.table, {})
        benches.append(Bench(match.profile, opened, columns, setting, fallback, shared))
        for place in columns.contradicting:
            name = opened.names[place] if place < len(opened.names) else ""
            made.notes.append(
                f"{opened.sheet.shown}: {name} has dates with the day first and others with the month first."
            )
    if len(everywhere) == 1:
        made.notes.append(
            f"Dates are read {next(iter(everywhere))}: numbers over 12 in their columns settle it."
        )
    return benches


def _date_it(bench: Bench, made: Made) -> None:
    """An export that says in its name when it was made knows nothing of what came after."""
    found = _DATED.search(bench.opened.sheet.shown) if bench.opened.table.dated else None
    if found is None:
        return
    day = "-".join(found.groups())
    try:
        end = end_of_day(day, bench.setting.zone)
    except ValueError:
        return
    if end < bench.as_of:
        bench.as_of = end
        made.notes.append(
            f"{bench.opened.sheet.shown}: what is over is judged as of {day}, the day in its name."
        )


def _plan(bench: Bench) -> _Plan:
    table = bench.opened.table
    rows: list[_RowPlan] = []
    for row in table.rows:
        columns = [column.name for column in FILES[row.file].columns]
        cells = [
            (columns.index(name), name, source_of(bench, cell), needed(row.file, name),
             cell_of(bench, cell, spelling_of(row.file, name), (row.file, name)))
            for name, cell in row.cells.items()
        ]  # fmt: skip
        theirs = {name: column for _at, name, column, _needed, _text in cells}
        rows.append(_RowPlan(row, conditions(bench, row.when, cell_of), cells, theirs))
    return _Plan(
        bench,
        [(surely(conditions(bench, rule.when, cell_of)), rule.why) for rule in table.aside],
        [(surely(conditions(bench, rule.when, cell_of)), rule.why, rule.column) for rule in table.refuse],
        rows,
    )


def _work(plan: _Plan, made: Made) -> None:
    opened = plan.bench.opened
    for line in opened.lines():
        made.lines[opened.number] += 1
        row = RowAt(plan.bench, line.number, line.cells)
        origin = Origin(opened.number, line.number)
        if line.fault:
            made.faults.append(Fault(origin, plan.rows[0].row.file, "", "", line.fault, {}))
            continue
        if line.aside:
            made.asides.append(Aside(origin, line.aside))
            continue
        unknown: list[_Unknown] = []
        try:
            rows = _rows(plan, row, origin, unknown)
        except SetAside as aside:
            made.asides.append(Aside(origin, aside.why))
        except Unreadable as wrong:
            made.faults.append(_fault(plan, row, line, origin, wrong))
            if wrong.ask:
                made.asked[wrong.ask] += 1
                made.choices[wrong.ask] = wrong.choices
        else:
            made.keep_unknown(unknown)
            for each in rows:
                made.add(each)
                if each.file == "patients":
                    plan.bench.setting.names.add(folded(f"{each.cells[2]} {each.cells[3]}"))
            if not rows:
                made.asides.append(Aside(origin, "nothing in it for Huddle"))
        for partner in row.memo.values():
            if isinstance(partner, RowAt):
                made.halves[Origin(partner.bench.opened.number, partner.number)] = origin


def _rows(plan: _Plan, row: RowAt, origin: Origin, unknown: list[_Unknown]) -> list[MadeRow]:
    for holds, why in plan.aside:
        if holds(row):
            raise SetAside(why)
    for holds, why, column in plan.refuse:
        if holds(row):
            raise Unreadable(why, column=column)
    found: list[MadeRow] = []
    for spec in plan.rows:
        if spec.holds(row) and (made := _one(spec, row, origin, unknown)) is not None:
            found.append(made)
    return found


def _one(spec: _RowPlan, row: RowAt, origin: Origin, unknown: list[_Unknown]) -> MadeRow | None:
    file = spec.row.file
    cells = [""] * len(FILES[file].columns)
    for at, name, column, must, text in spec.cells:
        blanks = row.blanks
        try:
            cells[at] = text(row)
            if row.blanks > blanks:
                unknown.append(_Unknown(f"{file}.{name}"))
        except Unreadable as wrong:
            wrong.column = wrong.column or column
            if must:
                raise
            unknown.append(_Unknown(f"{file}.{name}", wrong.ask, wrong.choices))
        if must and not cells[at]:
            if spec.row.beside:
                return None
            raise Unreadable(_NO.get(name, "is empty"), column=column)
    if file == "patients" and not spec.row.beside and not any(cells[at] for at in _NAMES):
        raise Unreadable("has an id and no name: nobody can be told by it", column=spec.theirs["patient_id"])
    return MadeRow(file, cells, origin, spec.theirs, spec.row.beside)


_NO = {"patient_id": "no patient"}
_NAMES = [at for at, each in enumerate(FILES["patients"].columns) if each.name in {"first_name", "last_name"}]


def _fault(plan: _Plan, row: RowAt, line: Line, origin: Origin, wrong: Unreadable) -> Fault:
    main = next((spec for spec in plan.rows if not spec.row.beside), plan.rows[0])
    try:
        key = main.cells[0][4](row)
    except (Unreadable, SetAside):
        key = ""
    return Fault(origin, main.row.file, key, wrong.column, wrong.reason, _raw(plan.bench, line), wrong.ask)


def _raw(bench: Bench, line: Line) -> dict[str, str]:
    """The columns that the profile reads: what is never stored is not among them."""
    names, never = bench.opened.names, {plain(each) for each in bench.profile.never}
    return {
        names[at]: line.cells[at][:500]
        for at in bench.used
        if line.cells[at] and plain(names[at]) not in never
    }
