"""The conditions of a profile: [column or $let, test, value?], all of which must hold."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from core.errors import BadInput
from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.bench import Bench, RowAt, Text, partner_of, source_of
from core.integrations.ehr_exports.profile import Condition
from core.integrations.ehr_exports.spellings import Unreadable
from core.integrations.ehr_exports.targets import Spelling
from core.names import folded

Test = Callable[[RowAt], bool]
Read = Callable[..., Text]  # cells.cell_of: conditions stand in cells and look at cells, so it is handed in


def conditions(bench: Bench, wanted: Sequence[Condition], read: Read) -> Test:
    """Whether all of them hold for a row. read: makes a cell's text (cells.cell_of). Raises Unreadable when a cell they look at cannot be read."""
    tests = [_test(bench, read, *each) for each in wanted]
    return lambda row: all(test(row) for test in tests)


def surely(test: Test) -> Test:
    """The same; what cannot be read does not hold."""

    def holds(row: RowAt) -> bool:
        try:
            return test(row)
        except Unreadable:
            return False

    return holds


def _test(bench: Bench, read: Read, subject: Any, what: str, value: Any = None) -> Test:
    if what in _OF_MONEY:
        return _money(bench, read, subject, _OF_MONEY[what])
    if what in ("over", "ahead"):
        return _clock(bench, read, subject, over=what == "over")
    if what in ("joined", "not joined"):
        return lambda row: (partner_of(row, subject) is not None) is (what == "joined")
    if what in ("given id", "no id"):
        text = read(bench, subject, Spelling.ID)
        return lambda row: bool(text(row)) is (what == "given id")
    if what == "no amount":
        some = _money(bench, read, subject, lambda cents: cents != 0)
        return lambda row: not some(row)
    text = read(bench, subject)
    if what == "same name":
        return _same_as(text, read(bench, value))
    if what in _OF_TEXT:
        return _OF_TEXT[what](text, value, bench)
    raise BadInput(f"The profile {bench.profile.profile} knows no test “{what}”.")


def _money(bench: Bench, read: Read, subject: Any, holds: Callable[[int], bool]) -> Test:
    text, column = read(bench, subject, Spelling.MONEY), source_of(bench, subject)

    def test(row: RowAt) -> bool:
        if not (amount := text(row)):
            return False
        try:
            return holds(s.money(amount))
        except Unreadable as wrong:
            wrong.column = wrong.column or column
            raise

    return test


def _clock(bench: Bench, read: Read, subject: Any, *, over: bool) -> Test:
    """Whether a moment is over, or still ahead, on the clock of the run."""
    text, column = read(bench, subject, Spelling.MOMENT), source_of(bench, subject)

    def test(row: RowAt) -> bool:
        try:
            found = text(row)
            return bool(found) and (bench.local(datetime.fromisoformat(found)) <= bench.as_of) is over
        except Unreadable as wrong:
            wrong.column = wrong.column or column
            raise

    return test


def _one_of(text: Text, value: Any, _bench: Bench) -> Test:
    wanted = {s.word(each) for each in ([value] if isinstance(value, str) else value)}
    return lambda row: s.word(text(row)) in wanted


def _yes(text: Text, _value: Any, _bench: Bench) -> Test:
    return lambda row: bool(cell := text(row)) and s.yes_no(cell)


def _no(text: Text, _value: Any, _bench: Bench) -> Test:
    return lambda row: bool(cell := text(row)) and not s.yes_no(cell)


def _names_a_patient(text: Text, _value: Any, bench: Bench) -> Test:
    return lambda row: folded(s.name(text(row))) in bench.setting.names


def _same_as(text: Text, other: Text) -> Test:
    return lambda row: folded(s.name(text(row))) == folded(s.name(other(row)))


_OF_MONEY: dict[str, Callable[[int], bool]] = {
    "zero": lambda cents: cents == 0,
    "positive": lambda cents: cents > 0,
    "negative": lambda cents: cents < 0,
    "some": lambda cents: cents != 0,
}
_OF_TEXT: dict[str, Callable[[Text, Any, Bench], Test]] = {
    "empty": lambda text, _value, _bench: lambda row: not text(row),
    "given": lambda text, _value, _bench: lambda row: bool(text(row)),
    "is": _one_of,
    "is not": lambda text, value, bench: lambda row: not _one_of(text, value, bench)(row),
    "yes": _yes,
    "no": _no,
    "ends": lambda text, value, _bench: lambda row: text(row).casefold().endswith(value),
    "names a patient": _names_a_patient,
}
