"""How other systems write dates, times, money, ids, names and yes or no (facts: ehr-exports §4), read into our own spelling.

A reader is given stripped text that is not empty and returns a value, or raises Unreadable: nothing here guesses. What a
single cell cannot tell (day or month first, comma or point) is decided for the whole column, see `Order` and `columns.py`.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from core.errors import BadInput
from core.money import parse_dollars


class Unreadable(Exception):
    """The cell cannot be used. reason follows the column's name or stands alone. ask: the key of the question whose
    answer would make it readable, "" when no answer could; choices: what can be answered."""

    def __init__(self, reason: str, *, column: str = "", ask: str = "", choices: Iterable[str] = ()) -> None:
        super().__init__(reason)
        self.reason, self.column, self.ask, self.choices = reason, column, ask, tuple(choices)


class Order(StrEnum):
    """Which comes first in 03/09/1984."""

    DAY = "day first"
    MONTH = "month first"


_NOTHING = frozenset(
    {
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "unknown",
        "not given",
        "-",
        "--",
        "—",
        r"\n",
        "0001-01-01",
        "00/00/0000",
        "0000-00-00",
        "tbd",
        "?",
    }
)
_GUARD = re.compile(r'="(.*)"', re.DOTALL)
_POWER = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d{1,3}")
_GUID = re.compile(r"\{?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\}?", re.IGNORECASE)


def bare(cell: str) -> str:
    """A cell without what guards it against spreadsheets: `="1558…"` and a leading apostrophe. \\N is empty."""
    if cell.startswith("=") and (found := _GUARD.fullmatch(cell)):
        cell = found[1].replace('""', '"').strip()
    if cell.startswith("'"):
        cell = cell[1:].strip()
    return "" if cell == r"\N" else cell


def says_nothing(cell: str) -> bool:
    """Whether a cell is one of the many ways to write that nothing is known: “n/a”, “none”, 0001-01-01 …"""
    low = cell.casefold()
    return low in _NOTHING or low.startswith("0001-01-01")


def identifier(cell: str) -> str:
    """An id as text. A GUID in small letters; one of zeros alone is none. Raises Unreadable for one that a spreadsheet
    has turned into a power of ten: its last digits are lost."""
    if found := _GUID.fullmatch(cell):
        plain = found[1].casefold()
        return "" if set(plain) <= {"0", "-"} else plain
    if _POWER.fullmatch(cell):
        raise Unreadable(
            f"this id was shortened by a spreadsheet (“{cell}”): its last digits are lost. Export it again and do not "
            "open the file in a spreadsheet before it is loaded"
        )
    return re.sub(r"^(\d+)\.0+$", r"\1", cell)


_YES = frozenset({"true", "yes", "y", "1", "t", "on", "x", "✓"})
_NO = frozenset({"false", "no", "n", "0", "f", "off"})


def yes_no(cell: str) -> bool:
    """true/false, yes/no, Y/N, 1/0 in any case."""
    low = cell.casefold()
    if low in _YES:
        return True
    if low in _NO:
        return False
    raise Unreadable(f"neither yes nor no: {cell}")


_CURRENCY = re.compile(r"(?i)^(?:us|ca|au)?\$|^(?:usd|cad|aud)\s+|\s*(?:usd|cad|aud|\$)$")
_COMMA_CENTS = re.compile(r"-?\(?\d{1,3}(?:\.?\d{3})*,\d{2}\)?-?")
_LONG_CENTS = re.compile(r"(\.\d{2})0+(?=\)?-?$)")


def money(cell: str, *, comma: bool = False) -> int:
    """Cents of `149.00`, `$1,250.00`, `(65.00)`, `-15.00`, `15.00-`, `50.0`, `25.0000`; with comma also `399,00`."""
    text = cell.replace("\u00a0", " ").replace("\u2212", "-").strip()
    bracket = text.startswith("(") and text.endswith(")")
    inner = text[1:-1].strip() if bracket else text
    minus = inner.startswith("-") or inner.endswith("-")
    inner = _CURRENCY.sub("", inner.strip("- ").strip()).strip("- ").strip()
    if comma:
        inner = inner.replace(".", "").replace(",", ".")
    inner = _LONG_CENTS.sub(r"\1", inner)
    try:
        cents = parse_dollars(inner)
    except BadInput:
        raise Unreadable(f"not an amount: {cell}") from None
    if minus and "(" in text:
        raise Unreadable(f"not an amount: {cell}")
    return -cents if bracket or minus else cents


def has_comma_cents(cell: str) -> bool:
    """Whether an amount can only be one with a decimal comma."""
    return _COMMA_CENTS.fullmatch(_CURRENCY.sub("", cell.strip())) is not None


def whole(cell: str) -> int:
    """A whole number, as 4, 4.0 or 1,200."""
    plain = re.sub(r"\.0+$", "", cell.replace(",", ""))
    if not plain.isascii() or not plain.isdigit() or len(plain) > 9:
        raise Unreadable(f"not a whole number: {cell}")
    return int(plain)


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBERS = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
_WORDS = re.compile(
    r"(?:[a-z]+,?\s+)?([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4}|\d{2})", re.IGNORECASE
)
_DAY_WORDS = re.compile(
    r"(?:[a-z]+,?\s+)?(\d{1,2})(?:st|nd|rd|th)?[\s\-]+([a-z]+)\.?,?[\s\-]+(\d{4}|\d{2})", re.IGNORECASE
)
_SERIAL = re.compile(r"([2-7]\d{4})(?:\.(\d+))?")
_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2})(?:\.\d+)?)?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE)
_OFFSET = re.compile(r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$", re.IGNORECASE)
_TIME_AFTER = re.compile(
    r"[T\s,]+(?:at\s+)?(\d{1,2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*(?:[ap]\.?m?\.?)?)$", re.IGNORECASE
)
_MIDNIGHT = re.compile(
    r"[T\s]+(?:12:00(?::00)?\s*a\.?m\.?|0?0:00(?::00(?:\.0+)?)?)(?:\s*(?:Z|[+-]00:?00))?$", re.IGNORECASE
)


def numeric_parts(cell: str) -> tuple[int, int] | None:
    """The first two numbers of a date that is written day/month or month/day; None for any other spelling."""
    found = _NUMBERS.match(cell)
    return (int(found[1]), int(found[2])) if found else None


def day(cell: str, *, order: Order | None, latest_year: int | None = None, ask: str = "dates") -> date:
    """A calendar date. latest_year: of a birth date, the year it cannot be after (1984 for 84); otherwise two digits
    mean 20YY up to 69. Raises Unreadable, with the question when only the order of day and month is missing."""
    text = _MIDNIGHT.sub("", cell).strip()
    year, month, number = _parts(text, cell, order, ask)
    if year < 100 and re.search(r"\d{4}", text) is None:
        year += 2000 if year < 70 else 1900
        if latest_year is not None:
            year = year % 100 + latest_year // 100 * 100
            year -= 100 if year > latest_year else 0
    try:
        found = date(year, month, number)
    except ValueError:
        raise Unreadable(f"no such date: {cell}") from None
    if not 1850 <= found.year <= 2200:
        raise Unreadable(f"the year cannot be right: {cell}")
    return found


def _parts(text: str, cell: str, order: Order | None, ask: str) -> tuple[int, int, int]:
    if found := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _NUMBERS.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        if order is None:
            if first == second or first > 12 or second > 12:
                return (year, first, second) if second > 12 else (year, second, first)
            raise Unreadable(f"day first or month first cannot be told: {cell}", ask=ask)
        return (year, second, first) if order is Order.DAY else (year, first, second)
    if (found := _WORDS.fullmatch(text)) and (month := _MONTHS.get(found[1].casefold())):
        return int(found[3]), month, int(found[2])
    if (found := _DAY_WORDS.fullmatch(text)) and (month := _MONTHS.get(found[2].casefold())):
        return int(found[3]), month, int(found[1])
    if found := _SERIAL.fullmatch(text):
        serial = date(1899, 12, 30) + timedelta(days=int(found[1]))
        return serial.year, serial.month, serial.day
    raise Unreadable(f"not a date: {cell}")


def moment(cell: str, *, order: Order | None, ask: str = "dates") -> datetime:
    """A date and time: aware when the cell carries its offset, else on the wall of the location. Raises Unreadable."""
    text, offset = cell, ""
    if found := _OFFSET.search(text):
        rest = text[: found.start()]
        if ":" in rest:
            text, offset = rest.rstrip(), found[1]
    if serial := _SERIAL.fullmatch(text):
        seconds = round(float(f"0.{serial[2] or 0}") * 86_400)
        return datetime(1899, 12, 30) + timedelta(days=int(serial[1]), seconds=seconds)  # noqa: DTZ001  # a wall clock's
    found = _TIME_AFTER.search(text)
    if found is None:
        found_day = day(text, order=order, ask=ask)
        raise Unreadable(f"has no time of day: {found_day.isoformat()}")
    local = datetime.combine(
        day(text[: found.start()].strip(" ,"), order=order, ask=ask), datetime.min.time()
    )
    try:
        local += timedelta(seconds=seconds_of_day(found[1]))
        return local.replace(tzinfo=datetime.fromisoformat(f"2026-01-01T00:00{_offset(offset)}").tzinfo)
    except ValueError:
        raise Unreadable(f"not a date and time: {cell}") from None


def _offset(text: str) -> str:
    if not text:
        return ""
    return "+00:00" if text.upper() in {"Z", "UTC", "GMT"} else f"{text[:3]}:{text[-2:]}"


def seconds_of_day(text: str) -> int:
    """Seconds since midnight of `9:30 am`, `09:30`, `7:00pm`, `14:00:00`. Raises ValueError."""
    found = _TIME.fullmatch(text.strip())
    if found is None or (found[2] is None and found[4] is None):
        raise ValueError(text)
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if found[4].casefold() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(text)
    return hour * 3600 + minute * 60 + second


_ZONE_WORDS = {
    "eastern": "America/New_York", "central": "America/Chicago", "mountain": "America/Denver",
    "pacific": "America/Los_Angeles", "arizona": "America/Phoenix", "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu", "est": "America/New_York", "edt": "America/New_York", "cst": "America/Chicago",
    "cdt": "America/Chicago", "mst": "America/Denver", "mdt": "America/Denver", "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles", "utc": "UTC", "gmt": "UTC",
}  # fmt: skip


def zone(cell: str) -> str:
    """An IANA zone of its own name, or of the words processors use (“Mountain Time (US & Canada)”). Raises Unreadable."""
    plain = cell.strip().replace(" ", "_").casefold()
    if found := _zones().get(plain):
        return found
    first = re.split(r"[\s(]+", cell.strip())[0].casefold()
    if first in _ZONE_WORDS and (len(cell.split()) == 1 or "time" in cell.casefold()):
        return _ZONE_WORDS[first]
    raise Unreadable(f"not a time zone like America/Denver: {cell}")


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones())}


def named_zone(said: str) -> str:
    """As `zone`, of what a person said. Raises BadInput."""
    try:
        return zone(said)
    except Unreadable:
        raise BadInput(f"“{said}” is not a time zone like America/Denver.") from None


def in_zone(wall: datetime, name: str) -> datetime:
    """The same moment with its offset; a time that carries one is left as it is."""
    return wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(name))


def name(cell: str) -> str:
    """A name without the stars some reports put behind it."""
    return " ".join(cell.rstrip("* ").split())


def last_first(cell: str) -> tuple[str, str]:
    """(first, last) of one cell: `Last, First`, or `First Last`. Raises Unreadable for what has only one part."""
    text = name(cell)
    last, comma, first = text.partition(",")
    if comma and first.strip() and last.strip():
        return first.strip(), last.strip()
    first, space, last = text.partition(" ")
    if not space or comma:
        raise Unreadable(f"not a first and a last name: {cell}")
    return first, last


def digits(cell: str) -> str:
    """The digits of a phone number without the country's 1, for telling people apart."""
    found = re.sub(r"\D", "", cell)
    return found[1:] if len(found) == 11 and found.startswith("1") else found


def word(cell: str) -> str:
    """A word as words are compared: no case, no dashes, dots or underscores."""
    return " ".join(re.sub(r"[^0-9a-z+/&@]+", " ", cell.casefold()).split())
