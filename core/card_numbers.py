"""Card numbers in any writing, found before anything is kept, sent or logged (DOMAIN §13, RELIABILITY 26).

A text is first brought to one writing of the same length: digits of every script to 0–9, every kind of dash, dot, slash
and space to one of each, what cannot be seen to one mark. Then runs of digit groups are judged: 13–19 digits that fit
Luhn, with gaps as people write them. Times, dates and amounts side by side have gaps of several kinds and other groups;
they stay.
"""

import itertools
import re
import unicodedata
from typing import NamedTuple

_UNSEEN = "\x01"
_GAPS = {
    "-": "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u00af\u02d7",
    ".": ".·•․‧∙⋅・。．｡●◦",
    "/": "/\\⁄∕／＼",
    "_": "_＿‗",
    ":": ":∶：;；",
}
_RUN = re.compile(rf"(?<!\d)\d(?:[ \-./_:{_UNSEEN}]{{0,12}}\d){{12,}}(?!\d)")
_GROUP = re.compile(rf"\d+(?:{_UNSEEN}+\d+)*")
_MAYBE = re.compile(r"\d(?:\D*\d){12}")
_PLAIN = re.compile(r"[ \-]{1,2}")
_AS_ON_THE_CARD = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)}


class _OneWriting(dict[int, str]):
    """For str.translate: what each character is to us, found out once."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _written(chr(code))
        return found


def _written(character: str) -> str:
    value = unicodedata.digit(character, None)
    if value is not None:
        return str(value)
    for plain, kinds in _GAPS.items():
        if character in kinds:
            return plain
    if character.isspace():
        return " "
    if unicodedata.category(character) in {"Cf", "Mn", "Me", "Cc"}:
        return _UNSEEN
    return "x"


_ONE_WRITING = _OneWriting()


class _Group(NamedTuple):
    """Digits without a gap that can be seen, and where they stand in the text."""

    digits: str
    start: int
    end: int


def has_card_number(text: str) -> bool:
    """Whether a text holds a Luhn-valid number of 13–19 digits, however it is written."""
    return len(text) >= 13 and mask_card_numbers(text) != text


def mask_card_numbers(text: str) -> str:
    """The text with every such number replaced; the last four digits stay."""
    if len(text) < 13 or (text.isascii() and _MAYBE.search(text) is None):
        return text
    written, kept, at = text.translate(_ONE_WRITING), [], 0
    for run in _RUN.finditer(written):
        for first, last in _cards(written, run.start(), run.end()):
            digits = re.sub(r"\D", "", written[first:last])
            kept += [text[at:first], f"[card number ending {digits[-4:]}]"]
            at = last
    return "".join([*kept, text[at:]]) if kept else text


def _cards(written: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where cards stand in one run of digit groups: it may hold more than them ("room 12 4242 4242 4242 4242")."""
    groups = [
        _Group(found[0].replace(_UNSEEN, ""), found.start(), found.end())
        for found in _GROUP.finditer(written, start, end)
    ]
    gaps = [_kind(written[one.end : next_.start]) for one, next_ in itertools.pairwise(groups)]
    found, first = [], 0
    while first < len(groups):
        last = _card_from(groups, gaps, first)
        if last is not None:
            found.append((groups[first].start, groups[last].end))
        first = first + 1 if last is None else last + 1
    return found


def _card_from(groups: list[_Group], gaps: list[str], first: int) -> int | None:
    """The last group of the longest card that begins with the group `first`."""
    length, reach = 0, first
    while reach < len(groups) and length + len(groups[reach].digits) <= 19:
        length += len(groups[reach].digits)
        reach += 1
    for last in range(reach - 1, first - 1, -1):
        members = groups[first : last + 1]
        digits = "".join(group.digits for group in members)
        if len(digits) < 13:
            return None
        if _grouped_like_a_card(members, gaps[first:last]) and _luhn(digits):
            return last
    return None


def _grouped_like_a_card(groups: list[_Group], gaps: list[str]) -> bool:
    sizes = tuple(len(group.digits) for group in groups)
    kinds = set(gaps)
    if kinds <= {"plain"} or sizes in _AS_ON_THE_CARD:
        return True
    if len(kinds) > 1:
        return False
    return len(gaps) > 1 or min(sizes) >= 4  # one dot in a long number is a decimal point


def _kind(gap: str) -> str:
    """plain: a space or dash or two. Anything else is told apart by what it is made of, whatever its length."""
    seen = gap.replace(_UNSEEN, "")
    if _PLAIN.fullmatch(seen):
        return "plain"
    return "".join(dict.fromkeys(seen.strip() or seen))


def _luhn(digits: str) -> bool:
    numbers = [int(digit) for digit in reversed(digits)]
    doubled = (n * 2 - 9 if n > 4 else n * 2 for n in numbers[1::2])
    return any(numbers) and (sum(numbers[::2]) + sum(doubled)) % 10 == 0
