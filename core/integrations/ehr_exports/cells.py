"""The cells of a profile made into functions of a row (the forms are listed in profile.py). What a person must answer
first, and what cannot be read, is raised as Unreadable with the column in their words."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from core.errors import BadInput
from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.answers import chosen
from core.integrations.ehr_exports.bench import Bench, RowAt, Text, partner_of, source_of
from core.integrations.ehr_exports.conditions import conditions
from core.integrations.ehr_exports.lengths import between, minutes
from core.integrations.ehr_exports.profile import Cell
from core.integrations.ehr_exports.spellings import Unreadable
from core.integrations.ehr_exports.targets import Spelling
from core.integrations.ehr_exports.words import CHOICES, COMMON, NOT_A_VISIT
from core.money import decimal_text
from core.names import folded

Target = tuple[str, str]  # practice file, column
_LONGEST_ID = 160
EMPTY = "(empty)"  # how an empty cell is called where its meaning is asked
_NEVER_EMPTY = {("appointments", "status")}


class SetAside(Exception):
    """The row is no record for us."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def cell_of(bench: Bench, cell: Cell, spelling: Spelling | None = None, target: Target | None = None) -> Text:
    """A function from a row to the cell's text, spelled as practice files are when a spelling is given."""
    if isinstance(cell, str) and cell.startswith("$"):
        return _respelled(bench, cell, spelling, target)
    if isinstance(cell, str | list):
        return _column(bench, cell, spelling, target)
    for form, make in _FORMS.items():
        if form in cell:
            return make(bench, cell, spelling, target)
    raise BadInput(
        f"A cell of the profile {bench.profile.profile} has none of the known forms: {json.dumps(cell)[:200]}."
    )


def _column(bench: Bench, names: Any, spelling: Spelling | None, target: Target | None) -> Text:
    at = bench.place(names)
    if at is None:
        return lambda _row: ""
    if spelling is Spelling.WORD:
        return _worded(bench, {"of": names}, spelling, target)
    read, column = bench.reader(at, spelling, target[1] if target else ""), bench.name(at)
    quiet = spelling not in (None, Spelling.TEXT, Spelling.NAME, Spelling.MONEY)

    def text(row: RowAt) -> str:
        cell = row.cells[at]
        if not cell:
            return ""
        if quiet and s.says_nothing(cell):
            row.blanks += 1
            return ""
        try:
            return read(cell)
        except Unreadable as wrong:
            wrong.column = wrong.column or column
            raise

    return text


def _respelled(bench: Bench, cell: str, spelling: Spelling | None, target: Target | None) -> Text:
    name = cell[1:]
    if name not in bench.opened.table.let:
        raise BadInput(
            f"The profile {bench.profile.profile} speaks of {cell}, which its table does not have."
        )
    raw = bench.opened.table.let[name]
    if name == "status":  # wherever it is looked at, it is the visit's
        spelling, target = Spelling.WORD, ("appointments", "status")
    key = f"{name}/{spelling}/{target[1] if target else ''}"
    if key not in bench.cache:
        bench.cache[key] = cell_of(bench, raw, spelling, target)
    inner: Text = bench.cache[key]

    def text(row: RowAt) -> str:
        if key not in row.memo:
            row.memo[key] = inner(row)
        return row.memo[key]

    return text


def _fixed(_bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    return lambda _row: cell["is"]


def _worded(bench: Bench, cell: dict[str, Any], spelling: Spelling | None, target: Target | None) -> Text:
    """`of` with `words`: their word → ours. Their words are kept per column; unknown ones are questions."""
    at = bench.place(cell["of"])
    if "words" not in cell and spelling is not Spelling.WORD:
        return _column(bench, cell["of"], spelling, target)
    words = {s.word(theirs): ours for theirs, ours in cell.get("words", {}).items()}
    if at is None:
        nothing = words.get("", "")
        return lambda _row: nothing
    column = bench.name(at)
    ask = cell.get("ask") or column
    common = COMMON.get(target, {}) if target and not cell.get("only") else {}
    own = [ours for ours in words.values() if isinstance(ours, str)]
    choices: dict[str, list[str]] = {each: [] for each in (CHOICES.get(target, ()) if target else own)}
    made: dict[str, Text | str] = {}

    def meaning(theirs: str) -> Text | str:
        asked_apart = isinstance(words.get(s.word(theirs)), dict)  # by a question of the profile's own
        told = (
            ""
            if asked_apart or not theirs
            else bench.setting.answers.get(f"{ask}.{theirs}", f"{column}.{theirs}")
        )
        if not told and theirs and s.word(theirs) not in words and s.word(theirs) not in common:
            told = bench.setting.answers.get(theirs)
        if told:
            return chosen(f"{ask}.{theirs}", told, {**choices, NOT_A_VISIT: ["break", "set aside", "ignore"]})
        ours = words.get(s.word(theirs), common.get(s.word(theirs)))
        if ours is None:
            raise Unreadable(
                f"the word “{theirs}” has no meaning in this profile yet" if theirs else "is empty",
                column=column,
                ask=f"{ask}.{theirs}" if theirs else "",
                choices=[*choices, NOT_A_VISIT],
            )
        return ours if isinstance(ours, str) else cell_of(bench, ours, None, target)

    def text(row: RowAt) -> str:
        theirs = row.cells[at]
        if not theirs and "" not in words:
            if target not in _NEVER_EMPTY:
                return ""
            theirs = EMPTY
        if theirs not in made:
            made[theirs] = meaning(theirs)
        found = made[theirs]
        ours = found if isinstance(found, str) else found(row)
        if ours == NOT_A_VISIT:
            raise SetAside(cell.get("aside", f"“{theirs}”: not a visit"))
        return ours

    return text


def _joined_text(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    parts = [cell_of(bench, each) for each in cell["join"]]
    between = cell.get("with", " ")

    def text(row: RowAt) -> str:
        found = [part(row) for part in parts]
        if between != " " and not all(found):
            return ""
        return between.join(each for each in found if each)

    return text


def _first(bench: Bench, cell: dict[str, Any], spelling: Spelling | None, target: Target | None) -> Text:
    options: list[tuple[Callable[[RowAt], bool], Text]] = []
    for each in cell["first"]:
        if isinstance(each, dict) and "then" in each:
            options.append(
                (conditions(bench, each["if"], cell_of), cell_of(bench, each["then"], spelling, target))
            )
        else:
            options.append((lambda _row: True, cell_of(bench, each, spelling, target)))

    def text(row: RowAt) -> str:
        return next((then(row) for holds, then in options if holds(row)), "")

    return text


def _made(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    """An id from names. Of several ways to tell who it is the first that is there in full; then none is a fault."""
    kind, of = cell["made"], cell["of"]
    ways = of if isinstance(of[0], list) else [of]
    must = isinstance(of[0], list)
    parts = [[(_part(bench, each)) for each in way] for way in ways]
    column = source_of(bench, ways[0][-1])

    def text(row: RowAt) -> str:
        for way in parts:
            found = [part(row) for part in way]
            if all(found):
                made = f"{kind}:{'/'.join(found)}"
                return made if len(made) <= _LONGEST_ID else f"{made[:_LONGEST_ID]}~{_digest(made)}"
        if must:
            raise Unreadable(cell.get("why", "cannot tell who this is"), column=column)
        return ""

    return text


def _part(bench: Bench, part: Any) -> Text:
    if isinstance(part, dict) and "phone" in part:
        phone = bench.text(part["phone"])
        return lambda row: s.digits(phone(row)) if len(s.digits(phone(row))) >= 7 else ""
    plain = cell_of(bench, part)
    return lambda row: folded(s.name(plain(row)))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _counted_digest(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    """An id for rows that have none: of what they say, and the how manieth row that says the same."""
    parts = [_or_nothing(cell_of(bench, each)) for each in cell["digest"]]
    counts = bench.counts

    def text(row: RowAt) -> str:
        if "digest" not in row.memo:
            made = _digest("\0".join(part(row) for part in parts))
            counts[made] = counts.get(made, 0) + 1
            row.memo["digest"] = made if counts[made] == 1 else f"{made}-{counts[made]}"
        return row.memo["digest"]

    return text


def _or_nothing(part: Text) -> Text:
    def text(row: RowAt) -> str:
        try:
            return part(row)
        except Unreadable:
            return ""

    return text


def _sum(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    terms = [(-1 if each.startswith("-") else 1, _column(bench, each.removeprefix("-"), Spelling.MONEY, None))
             for each in cell["sum"]]  # fmt: skip
    absolute, sign = cell.get("abs", False), -1 if cell.get("minus") else 1

    def text(row: RowAt) -> str:
        found = [(factor, term(row)) for factor, term in terms]
        if found[0][1] == "":
            return ""
        cents = sign * sum(factor * s.money(amount) for factor, amount in found if amount)
        return decimal_text(abs(cents) if absolute else cents)

    return text


def _less(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    """One whole number less another; unknown when one of them is."""
    first, second = (cell_of(bench, each) for each in cell["less"])

    def text(row: RowAt) -> str:
        whole, left = first(row), second(row)
        if not whole or not left:
            return ""
        if (used := s.whole(whole) - s.whole(left)) < 0:
            raise Unreadable(f"more is left ({left}) than there was ({whole})")
        return str(used)

    return text


def _times(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    """An amount for each of so many; one where the number is not given."""
    amount, many = (
        _column(bench, cell["times"][0], Spelling.MONEY, None),
        _column(bench, cell["times"][1], Spelling.WHOLE, None),
    )

    def text(row: RowAt) -> str:
        each = amount(row)
        return decimal_text(s.money(each) * int(many(row) or 1)) if each else ""

    return text


def _answer(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    key = cell["answer"]
    question = bench.profile.questions[key]

    def text(_row: RowAt) -> str:
        said = bench.setting.answers.choice(key, question)
        if not said:
            raise Unreadable(f"waits for an answer: {question.ask}", ask=key)
        if said == NOT_A_VISIT:
            raise SetAside("not a visit")
        return said

    return text


def _at(bench: Bench, cell: dict[str, Any], spelling: Spelling | None, target: Target | None) -> Text:
    name = cell["at"]
    if name not in bench.opened.table.joins:
        raise BadInput(f"The profile {bench.profile.profile} has no join {name}.")
    there: dict[int, Text] = {}

    def text(row: RowAt) -> str:
        partner = partner_of(row, name)
        if partner is None:
            return ""
        read = there.get(id(partner.bench))
        if read is None:
            read = there[id(partner.bench)] = cell_of(partner.bench, cell["cell"], spelling, target)
        return read(partner)

    return text


def _name_part(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    whole, second = bench.text(cell["of"]), cell["part"] == "last"
    column = source_of(bench, cell["of"])

    def text(row: RowAt) -> str:
        if not (found := whole(row)):
            return ""
        try:
            return s.last_first(found)[second]
        except Unreadable as wrong:
            wrong.column = column
            raise

    return text


def _moment(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    """A moment from a date, a time and, where given, a zone; or from one column that has both."""
    at = bench.place(cell["moment"][0])
    if at is None:
        return lambda _row: ""
    if len(cell["moment"]) == 1:
        return _column(bench, cell["moment"][0], Spelling.MOMENT, None)
    clock = bench.text(cell["moment"][1])
    zone = bench.text(cell["moment"][2]) if len(cell["moment"]) > 2 else lambda _row: ""
    read, column = bench.day_reader(at), bench.name(at)

    def text(row: RowAt) -> str:
        if not row.cells[at]:
            return ""
        try:
            wall = s.moment(f"{read(row.cells[at])} {clock(row)}", order=None)
            return (s.in_zone(wall, s.zone(zone(row))) if zone(row) else wall).isoformat()
        except Unreadable as wrong:
            wrong.column = wrong.column or column
            raise

    return text


def _date(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    return _column(bench, cell["date"], Spelling.DATE, None)


_FORMS: dict[str, Callable[[Bench, dict[str, Any], Any, Any], Text]] = {
    "is": _fixed,
    "made": _made,
    "minutes": minutes,
    "between": between,
    "sum": _sum,
    "less": _less,
    "times": _times,
    "join": _joined_text,
    "first": _first,
    "answer": _answer,
    "at": _at,
    "part": _name_part,
    "moment": _moment,
    "date": _date,
    "digest": _counted_digest,
    "of": _worded,
}
