"""Rows of one table found by rows of another: the two halves of an appointment, a patient's authorization."""

from collections.abc import Callable, Sequence

from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.bench import Bench, RowAt, Text
from core.integrations.ehr_exports.cells import cell_of
from core.integrations.ehr_exports.conditions import conditions, surely
from core.integrations.ehr_exports.profile import Join
from core.integrations.ehr_exports.spellings import Unreadable

Key = tuple[str, ...]


def partners(bench: Bench, benches: Sequence[Bench]) -> dict[str, Callable[[RowAt], RowAt | None]]:
    """For each join of the bench's table, how to find a row's partner among the sheets of the other table."""
    return {name: _partner(bench, join, benches) for name, join in bench.opened.table.joins.items()}


def _partner(bench: Bench, join: Join, benches: Sequence[Bench]) -> Callable[[RowAt], RowAt | None]:
    there = [each for each in benches if each.opened.table.table == join.table]
    here = [_side(bench, name) for name, _there in join.on]
    index: dict[Key, list[RowAt]] | None = None

    def find(row: RowAt) -> RowAt | None:
        nonlocal index
        if index is None:
            index = _index(there, join)
        key = tuple(text(row) for text in here)
        found = index.get(key, []) if all(key) else []
        if len(found) > 1 and join.newest:
            return max(found, key=lambda each: _newness(each, join.newest))
        if len({tuple(each.cells) for each in found}) > 1:
            raise Unreadable(
                f"{len(found)} rows of {join.table} fit this one: which one is meant cannot be told",
                column=join.on[0][0],
            )
        return found[0] if found else None

    return find


def _index(benches: Sequence[Bench], join: Join) -> dict[Key, list[RowAt]]:
    index: dict[Key, list[RowAt]] = {}
    for bench in benches:
        sides = [_side(bench, name) for _here, name in join.on]
        counts = surely(conditions(bench, join.when, cell_of))
        for line in bench.opened.lines():
            if line.is_row:
                row = RowAt(bench, line.number, line.cells)
                if counts(row):
                    index.setdefault(tuple(side(row) for side in sides), []).append(row)
    return index


def _side(bench: Bench, name: str) -> Text:
    """One column (or $let) of a key, as it compares between two files."""
    text = cell_of(bench, name)
    at = None if name.startswith("$") else bench.place(name)
    order = bench.order_of(at) if at is not None else None
    return lambda row: _plain(text(row), order)


def _plain(cell: str, order: s.Order | None) -> str:
    """Ids and moments as they compare between two files, however each spells them."""
    if not cell:
        return ""
    if ":" in cell:
        try:
            return s.moment(cell, order=order).replace(microsecond=0).isoformat()
        except Unreadable:
            return s.word(cell)
    try:
        return s.identifier(cell)
    except Unreadable:
        return cell


def _newness(row: RowAt, name: str) -> str:
    at = row.bench.place(name)
    if at is None or not row.cells[at]:
        return ""
    try:
        return row.bench.day_reader(at)(row.cells[at])
    except Unreadable:
        return ""
