"""What one cell of a practice file may hold: text in, a value out, or the reason why not (CONTRACTS §3).

Every reader gets a stripped cell that is not empty. Values are bounded so that both stores can hold them.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime
from datetime import time as time_of_day
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from core.errors import BadInput, BadMoney
from core.money import parse_dollars
from core.phones import e164
from core.secrets import has_card_number

ID_LENGTH = 200
NAME_LENGTH = 500  # PostgreSQL indexes at most 2,704 bytes, and names are indexed
TEXT_LENGTH = 10_000
_MOST = 1_000_000
_MOST_CENTS = 2**31 - 1
_YEARS = range(1900, 2200)

Reader = Callable[[str], Any]


class BadCell(BadInput):
    """The row cannot be used. column: set by the checks that look at more than one cell."""

    def __init__(self, reason: str, column: str = "") -> None:
        super().__init__(reason)
        self.column = column


class Refused(BadCell):
    """The row cannot be used though the cell may be empty: an id that is damaged, a whole card number."""


class Noted(Exception):
    """The row can be used, but something about the cell is worth telling: `value` is what is stored.

    unknown: nothing could be made of the cell, which counts as unknown (DOMAIN §0).
    """

    def __init__(self, value: Any, note: str, *, unknown: bool = False) -> None:
        super().__init__(note)
        self.value = value
        self.note = note
        self.unknown = unknown


class Nothing(Exception):
    """The cell is a way to write that there is nothing: an empty one."""


def quoted(text: str) -> str:
    """A cell inside a sentence: short, on one line."""
    shown = " ".join(text.split())
    return f"“{shown[:40]}…”" if len(shown) > 40 else f"“{shown}”"


def _readable(value: str, longest: int) -> str:
    if len(value) > longest:
        raise BadCell(f"is {len(value):,} characters long; at most {longest:,} are used")
    if "\0" in value:
        raise BadCell("holds a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadCell("holds bytes that are not text") from None
    return value


_POWER_OF_TEN = re.compile(r"[+-]?(?:\d+[.,]\d+E[+-]?\d{1,3}|\dE\+\d{1,3})|#{3,}", re.ASCII | re.IGNORECASE)
_DAMAGED = (
    "is a number that a spreadsheet has shortened, so whose it is cannot be told. "
    "Export the file again and do not open it in a spreadsheet"
)


def is_damaged(value: str) -> bool:
    """Whether an id has become a power of ten, as spreadsheets write long numbers: 1.67683E+15 (DOMAIN §0), or the
    ##### that they show where a column is too narrow."""
    return ("E" in value or "e" in value or "#" in value) and _POWER_OF_TEN.fullmatch(value) is not None


def without_fraction(value: str) -> str:
    """12345.0 is the id 12345: programs that keep a column of ids as numbers write it so."""
    return value[:-2] if value.endswith(".0") and value[:-2].isdigit() else value


def identifier(value: str) -> str:
    """An id of the EHR, kept as it is. Not looked at for card numbers: many ids are long numbers.

    A damaged one costs the row: it may stand for several people or things.
    """
    if is_damaged(value):
        raise Refused(f"{quoted(value)} {_DAMAGED}")
    return _readable(without_fraction(value), ID_LENGTH)


def number_elsewhere(value: str) -> str:
    """A number given by another system (an order, an invoice): damaged, it is as good as none."""
    if is_damaged(value):
        raise BadCell(f"{quoted(value)} is a number that a spreadsheet has shortened")
    return _readable(without_fraction(value), ID_LENGTH)


def _free(value: str, longest: int) -> str:
    _readable(value, longest)
    if len(value) >= 13 and has_card_number(value):
        raise Refused(
            "looks like a whole card number. Huddle keeps only the last four digits: please take it out of the file"
        )
    return value


def card_id(value: str) -> str:
    """The id of a card. Unlike other ids it may not be a card number: an export that says so gives the card away."""
    return _free(identifier(value), ID_LENGTH)


def name(value: str) -> str:
    """A name or another short text; refuses what holds a card number (DOMAIN §13)."""
    return _free(value, NAME_LENGTH)


def text(value: str) -> str:
    """A longer text; refuses what holds a card number (DOMAIN §13)."""
    return _free(value, TEXT_LENGTH)


_SAME_WORD = {
    "canceled": "cancelled",
    "noshow": "no_show",
    "cheque": "check",
    "onhold": "on_hold",
    "pastdue": "past_due",
}


class Choice:
    """Reads one of some words, in any case, with spaces or dashes for underscores, and as it is also spelt."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self._allowed = frozenset(words)

    def __call__(self, value: str) -> str:
        word = value.casefold().replace(" ", "_").replace("-", "_")
        word = _SAME_WORD.get(word, word)
        if word not in self._allowed:
            raise BadCell(f"{quoted(value)} is not one of {', '.join(self.words)}")
        return word


_UNITS = {
    **dict.fromkeys(["d", "days", "daily"], "day"),
    **dict.fromkeys(["w", "wk", "weeks", "weekly"], "week"),
    **dict.fromkeys(["m", "mo", "mon", "months", "monthly"], "month"),
    **dict.fromkeys(["q", "quarters", "quarterly"], "quarter"),
    **dict.fromkeys(["y", "yr", "years", "yearly", "annual", "annually"], "year"),
}


class Interval(Choice):
    """Reads day, week or month, also as systems say it: days, weekly, M; a quarter and a year are so many months, which
    `in_months` makes of them."""

    def __call__(self, value: str) -> str:
        word = value.casefold()
        word = _UNITS.get(word, word)
        return word if word in ("quarter", "year") else super().__call__(word)


def in_months(every: int, unit: str) -> tuple[int, str]:
    """A quarter is three months, a year twelve."""
    months = {"quarter": 3, "year": 12}.get(unit)
    return (every * months, "month") if months else (every, unit)


_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DATE_AND_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}.*)", re.ASCII)
_MIDNIGHT = re.compile(
    r"00:00(?::00(?:\.0+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?", re.ASCII
)  # it begins that day anywhere
_ZONED = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$", re.ASCII)
# what systems write for “no date”: the first day that a database or a spreadsheet knows, and the last
_NO_DAY = frozenset(
    {
        date(1, 1, 1),
        date(1753, 1, 1),
        date(1899, 12, 30),
        date(1899, 12, 31),
        date(1900, 1, 1),
        date(9999, 12, 31),
    }
)
_NO_DAY_ELSEWHERE = re.compile(
    r"(?:31[./-]12|12[./-]31)[./-]9999|0?1[./-]0?1[./-](?:0001|1753|1900)|00[./-]00[./-]0000", re.ASCII
)
_EPOCH = date(1970, 1, 1)


def day(value: str) -> date:
    """A local date, YYYY-MM-DD. A time beside it is left out, unless its zone could make it another day here."""
    if both := _DATE_AND_TIME.fullmatch(value):
        time = both[2]
        if _MIDNIGHT.fullmatch(time) or (_is_time(time) and not _ZONED.search(time)):
            raise Noted(day(both[1]), "has a time of day beside the date; the day counts")
    if (found := _DATE.fullmatch(value)) is None:
        if _NO_DAY_ELSEWHERE.fullmatch(value.partition(" ")[0]):
            raise Nothing
        raise BadCell(f"{quoted(value)} is not a date like 2026-11-21")
    try:
        read = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise BadCell(f"{quoted(value)} is not a day of the calendar") from None
    if read in _NO_DAY:
        raise Nothing
    return _sane(read)


def birth_day(value: str) -> date:
    """As `day`. The first day of 1900 is kept: a desk types it for a person, no database writes it for nothing here."""
    return date(1900, 1, 1) if value == "1900-01-01" else day(value)


def last_day(value: str) -> date:
    """As `day`, of the end of something: one beyond every calendar (2999-12-31), or the first day that computers count
    from, says that it has no end."""
    if value[:4].isascii() and value[:4].isdigit() and int(value[:4]) >= _YEARS.stop:
        raise Nothing
    try:
        read = day(value)
    except Noted as noted:
        if noted.value == _EPOCH:
            raise Nothing from None
        raise
    if read == _EPOCH:
        raise Nothing
    return read


def _is_time(value: str) -> bool:
    try:
        time_of_day.fromisoformat(value)
    except ValueError:
        return False
    return True


def _sane(moment: Any) -> Any:
    if moment.year not in _YEARS:
        raise BadCell(f"the year {moment.year} cannot be right")
    return moment


def moment(value: str) -> datetime:
    """An ISO 8601 date and time. Naive when it has no offset: then it is local to the location."""
    if _DATE.fullmatch(value):
        raise BadCell(f"{quoted(value)} has no time of day")
    return _moment(value)


def moment_or_day(value: str) -> datetime:
    """As `moment`; a date alone means the start of that local day (payments are judged by their local date)."""
    return _moment(value)


@lru_cache(maxsize=50_000)
def _moment(value: str) -> datetime:
    try:
        return _sane(datetime.fromisoformat(value))
    except ValueError:
        raise BadCell(f"{quoted(value)} is not a date and time like 2026-11-21T09:30") from None


def signed_amount(value: str) -> int:
    """Dollars to cents, either sign."""
    try:
        cents = parse_dollars(value)
    except BadMoney:
        raise BadCell(f"{quoted(value)} is not an amount in dollars and cents, such as 149.00") from None
    if abs(cents) > _MOST_CENTS:
        raise BadCell(f"{quoted(value)} is more money than a practice has")
    return cents


def amount(value: str) -> int:
    """Dollars to cents, never negative."""
    cents = signed_amount(value)
    if cents < 0:
        raise BadCell(f"{quoted(value)} is negative")
    return cents


_YES, _NO = "true yes 1 y t on -1 1.0 x", "false no 0 n f off 0.0"
_WORDS: dict[str, bool] = {**dict.fromkeys(_YES.split(), True), **dict.fromkeys(_NO.split(), False)}


def yes_no(value: str) -> bool:
    """true/false/yes/no/1/0 in any case, and what else means them (Y, T, on; Access writes yes as -1)."""
    try:
        return _WORDS[value.casefold()]
    except KeyError:
        raise BadCell(f"{quoted(value)} is neither yes nor no") from None


_NUMBER = re.compile(r"\+?(\d{1,9})(?:\.0*)?", re.ASCII)  # spreadsheets write 4 as 4.0


def whole(least: int = 0, most: int = _MOST) -> Reader:
    """A whole number in these bounds."""

    def read(value: str) -> int:
        if (found := _NUMBER.fullmatch(value)) is None:
            raise BadCell(f"{quoted(value)} is not a whole number of {least} or more")
        number = int(found[1])
        if not least <= number <= most:
            raise BadCell(f"{number} is not between {least} and {most}")
        return number

    return read


_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2})0*)?\s*%?", re.ASCII)


def percent(value: str) -> int:
    """A percentage as basis points: 20 → 2000, 12.5% → 1250."""
    if (found := _PERCENT.fullmatch(value)) is None:
        raise BadCell(f"{quoted(value)} is not a percentage between 0 and 100")
    points = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
    if points > 10_000:
        raise BadCell(f"{quoted(value)} is more than 100 percent")
    return points


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {zone.casefold(): zone for zone in available_timezones()}


def time_zone(value: str) -> str:
    """An IANA zone name, spelt as IANA spells it."""
    try:
        return _zones()[value.casefold().replace(" ", "_")]
    except KeyError:
        raise BadCell(f"{quoted(value)} is not a time zone like America/Denver") from None


def phone(value: str) -> str:
    """E.164; a number without a country code is a US number. Notes one that nobody can have (stored unknown)."""
    number = e164(value)
    if number is None:
        raise Noted(None, "is not a phone number; the row is stored without it", unknown=True)
    return number


_EMAIL = re.compile(r"[^@\s,;<>\0]{1,64}@[^@\s,;<>\0]{1,180}\.[^@\s,;<>.\0]{2,}")


def email(value: str) -> str:
    """An e-mail address. Notes one that cannot be right (stored unknown)."""
    if _EMAIL.fullmatch(value) is None or len(value) > 254:
        raise Noted(None, "is not an e-mail address; the row is stored without it", unknown=True)
    return _free(value, 254)


_LAST_FOUR = re.compile(r"[*xX•.\s-]*(\d{4})", re.ASCII)


def last_four(value: str) -> str:
    """Four digits. A spreadsheet drops leading zeros: they are put back, with a note."""
    _free(value, NAME_LENGTH)
    if found := _LAST_FOUR.fullmatch(value):
        return found[1]
    if value.isascii() and value.isdigit() and len(value) < 4:
        raise Noted(value.zfill(4), "had lost its leading zeros; they were put back")
    raise BadCell("is not the last four digits of a card or account")


_EXPIRY = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{4}|\d{2})|(\d{2})(\d{2})", re.ASCII)


@lru_cache(maxsize=5_000)
def expires_on(value: str) -> date | None:
    """The last day of the month of MM/YY, MM/YYYY or MMYY; a two-digit year is 20YY. None = unreadable (DOMAIN §1)."""
    if (found := _EXPIRY.fullmatch(value.strip())) is None:
        return None
    month, year = int(found[1] or found[3]), int(found[2] or found[4])
    year += 2000 if year < 100 else 0
    if month not in range(1, 13) or year not in range(2000, 2100):
        return None
    return date(year, month, monthrange(year, month)[1])
