"""Best guesses for files of a system nobody knows: which file holds what, which column is which, and why we think so.

A guess is shown with its reason and is always a person's to change. Likeness of names is rapidfuzz's; what the values look
like is counted over the first rows.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rapidfuzz import fuzz

from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.sheets import Sheet
from core.integrations.ehr_exports.slots import WANTED, Looks, Slot, Wanted
from core.integrations.ehr_exports.spellings import Order, Unreadable

_ROWS = 400
_EXAMPLES = 3
_ENOUGH = 62  # of 100: a likeness below is no guess
_NAME_WORDS = re.compile(r"[^\W\d_][\w'’.\-]*(?:,?\s+[^\W\d_][\w'’.\-]*){0,4}\**")
_PHONE = re.compile(r"'?\+?[\d\s().\-]{7,20}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")


class Theirs(NamedTuple):
    """One column of a file. looks: what its values look like, and the share of them (0 to 1). words: the distinct ones
    and how often, of a column with few."""

    name: str
    place: int
    examples: tuple[str, ...]
    looks: dict[Looks, float]
    words: dict[str, int]
    filled: float


class Guess(NamedTuple):
    """One of ours matched with one of theirs. likeness: 0 to 100. why: a sentence."""

    column: str
    likeness: int
    why: str


@dataclass(slots=True)
class SheetGuess:
    """One sheet. header: the line with the names. file: what it holds, "" when nothing fits. columns: slot → guess."""

    sheet: Sheet
    header: int
    theirs: list[Theirs]
    file: str = ""
    why: str = ""
    columns: dict[str, Guess] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.theirs]


def guess(sheets: Sequence[Sheet]) -> list[SheetGuess]:
    """A guess for each sheet that has a line of names and a row below it."""
    found = [guessed for sheet in sheets if (guessed := _look(sheet)) is not None]
    for one in found:
        rated = {file: _match(one, wanted) for file, wanted in WANTED.items()}
        file = max(rated, key=lambda each: _rating(one, WANTED[each], rated[each]))
        if _rating(one, WANTED[file], rated[file]) > 0:
            one.file, one.columns = file, rated[file]
            one.why = _why_file(one, WANTED[file])
    return found


def match_as(one: SheetGuess, file: str) -> dict[str, Guess]:
    """The columns of a sheet when a person says what it holds."""
    return _match(one, WANTED[file]) if file else {}


def _look(sheet: Sheet) -> SheetGuess | None:
    top = [line for line in sheet.top() if sum(bool(cell) for cell in line.cells) >= 2]
    if len(top) < 2:
        return None
    header = max(top[:5], key=lambda line: (sum(_like_a_name(cell) for cell in line.cells), -line.number))
    names = [" ".join(cell.split()) for cell in header.cells]
    columns: list[list[str]] = [[] for _ in names]
    rows = 0
    for line in sheet.lines():
        if line.number <= header.number or line.fault or not any(line.cells):
            continue
        for cells, cell in zip(columns, line.cells, strict=False):
            cells.append(s.bare(cell))
        rows += 1
        if rows == _ROWS:
            break
    theirs = [_theirs(name, place, columns[place], rows) for place, name in enumerate(names) if name]
    return SheetGuess(sheet, header.number, theirs)


def _like_a_name(cell: str) -> bool:
    return bool(cell) and not any(sign.isdigit() for sign in cell) and len(cell) < 60


def _theirs(name: str, place: int, cells: list[str], rows: int) -> Theirs:
    given = [cell for cell in cells if cell and not s.says_nothing(cell)]
    distinct = Counter(given)
    looks = {look: sum(map(test, given)) / len(given) for look, test in _TESTS.items()} if given else {}
    looks[Looks.ID] = (
        len(distinct) / len(given) if given and all(" " not in cell for cell in given[:50]) else 0.0
    )
    looks[Looks.WORDS] = 1.0 if given and len(distinct) <= max(12, len(given) // 10) else 0.0
    words = dict(distinct.most_common(30)) if len(distinct) <= 30 else {}
    filled = len(given) / rows if rows else 0.0
    return Theirs(name, place, tuple(dict.fromkeys(given))[:_EXAMPLES], looks, words, filled)


def _reads(read: Callable[..., object]) -> Callable[[str], bool]:
    """Whether a cell can be read with the month first, or with the day first."""

    def test(cell: str) -> bool:
        for order in (Order.MONTH, Order.DAY):
            try:
                read(cell, order=order)
            except Unreadable:
                continue
            return True
        return False

    return test


_day, _moment = _reads(s.day), _reads(s.moment)


def _time(cell: str) -> bool:
    try:
        return s.seconds_of_day(cell) >= 0
    except ValueError:
        return False


def _money(cell: str) -> bool:
    try:
        s.money(cell)
    except Unreadable:
        return s.has_comma_cents(cell)
    return "." in cell or "$" in cell or cell.lstrip("-").isdigit()


def _date(cell: str) -> bool:
    return not cell.isdigit() and _day(cell)


_TESTS: dict[Looks, Callable[[str], bool]] = {
    Looks.DATE: _date,
    Looks.MOMENT: _moment,
    Looks.TIME: _time,
    Looks.MONEY: _money,
    Looks.NUMBER: lambda cell: cell.isdigit() and len(cell) <= 4,
    Looks.EMAIL: lambda cell: _EMAIL.fullmatch(cell) is not None,
    Looks.PHONE: lambda cell: _PHONE.fullmatch(cell) is not None and len(re.sub(r"\D", "", cell)) >= 7,
    Looks.NAME: lambda cell: _NAME_WORDS.fullmatch(cell) is not None,
}


def _match(one: SheetGuess, wanted: Wanted) -> dict[str, Guess]:
    """The likeliest pairs first; each of their columns is taken once."""
    pairs = sorted(
        (
            (_likeness(slot, their), n, slot, their)
            for n, slot in enumerate(wanted.slots)
            for their in one.theirs
        ),
        key=lambda pair: (-pair[0], pair[1], pair[3].place),
    )
    found: dict[str, Guess] = {}
    taken: set[str] = set()
    for likeness, _n, slot, their in pairs:
        if likeness < _ENOUGH or slot.name in found or their.name in taken:
            continue
        found[slot.name] = Guess(their.name, min(100, round(likeness)), _why(slot, their))
        taken.add(their.name)
    return _settled(found)


def _settled(found: dict[str, Guess]) -> dict[str, Guess]:
    """A date with its time in one column needs no second; a first and a last name no whole one."""
    if "starts_at" in found and "date" in found and "time" not in found:
        del found["date"]
    if {"date", "time"} <= found.keys():
        found.pop("starts_at", None)
    if {"first_name", "last_name"} <= found.keys():
        found.pop("patient_name", None)
    return found


def _likeness(slot: Slot, their: Theirs) -> float:
    named = max(_alike(like, their.name) for like in slot.likes)
    if slot.looks is Looks.ANY or not their.looks:
        return named * 0.97
    share = their.looks.get(slot.looks, 0.0)
    if (
        slot.looks in (Looks.EMAIL, Looks.PHONE, Looks.DATE, Looks.MOMENT, Looks.TIME, Looks.MONEY)
        and share < 0.5
    ):
        return 0.0
    return named * (0.7 + 0.3 * share) + (12 * share if slot.looks is Looks.EMAIL else 0)


def _alike(like: str, name: str) -> float:
    """How alike two names of columns are, 0 to 100: in any order of words, or written as one (D.O.B.)."""
    plain = s.word(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("#", " number"))
    part = 0.93 * fuzz.token_set_ratio(like, plain) if " " in plain else 0.0
    as_one = fuzz.ratio(like.replace(" ", ""), plain.replace(" ", ""))
    return max(fuzz.token_sort_ratio(like, plain), part, as_one)


def _why(slot: Slot, their: Theirs) -> str:
    like = max(slot.likes, key=lambda each: _alike(each, their.name))
    said = f"“{their.name}” is like “{like}”"
    share = their.looks.get(slot.looks, 0.0)
    if slot.looks not in (Looks.ANY, Looks.WORDS, Looks.ID) and share:
        said += f"; {round(share * 100)} of 100 values look like {slot.looks}"
    return said


def _rating(one: SheetGuess, wanted: Wanted, columns: Mapping[str, Guess]) -> float:
    if not all(any(slot in columns for slot in group) for group in wanted.needs):
        return 0
    called = any(word in one.sheet.shown.casefold() for word in wanted.likes)
    special = sum(guess.likeness for slot, guess in columns.items() if slot not in _COMMON)
    return special + (250 if called else 0) + 1


_COMMON = {"patient_id", "patient_name", "first_name", "last_name", "mobile_phone", "email"}


def _why_file(one: SheetGuess, wanted: Wanted) -> str:
    named = [wanted.slot(slot).label for slot in one.columns]
    return f"It has {', '.join(named[:5])}{' …' if len(named) > 5 else ''}."
