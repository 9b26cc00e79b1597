"""Telephone numbers, as they are written and as they are called: E.164, and only ones that can exist (DOMAIN §12)."""

import re
from functools import lru_cache

import phonenumbers

COUNTRY = "US"
"""Whose numbers are meant where a number says nothing of its country."""

_NORTH_AMERICAN = re.compile(r"(?:\+?1)?([2-9]\d{9})", re.ASCII)
_PUNCTUATION = str.maketrans("", "", " ()-./\u00a0")
_DECIMALS = re.compile(r"(\+?\d{10,15})\.0+", re.ASCII)  # a spreadsheet's number
_MORE = re.compile(r"[/;,|&]|[A-Za-z]{2,}")
_POWER_OF_TEN = re.compile(r"\d[.,]\d+E\+?\d", re.ASCII | re.IGNORECASE)


def e164(written: str) -> str | None:
    """+13035550100 of a number as people write it; None when it cannot be anybody's: not valid in its region, seven
    digits without an area code, one digit over and over, or what a spreadsheet has left of one."""
    text = written.strip()
    if decimals := _DECIMALS.fullmatch(text):
        text = decimals[1]
    if found := _NORTH_AMERICAN.fullmatch(text.translate(_PUNCTUATION)):
        digits = found[1]  # the usual case, and the library takes a hundred times as long
        return f"+1{digits}" if len(set(digits)) > 1 and _assigned(digits[:6]) else None
    if _POWER_OF_TEN.search(text):
        return None
    try:
        number = phonenumbers.parse(text, COUNTRY)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and is_real(number):
        return number_text(number)
    return _first_of_several(text)


def _first_of_several(text: str) -> str | None:
    """The first number of a cell that holds more than a number: another one, or words."""
    if not _MORE.search(text):
        return None
    found = (match.number for match in phonenumbers.PhoneNumberMatcher(text, COUNTRY))
    return next((number_text(number) for number in found if is_real(number)), None)


def is_real(number: phonenumbers.PhoneNumber) -> bool:
    """Whether somebody can have this number: valid in its region, and no placeholder of one digit."""
    return phonenumbers.is_valid_number(number) and len(set(str(number.national_number))) > 1


def number_text(number: phonenumbers.PhoneNumber) -> str:
    """E.164."""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=20_000)
def _assigned(six: str) -> bool:
    """Whether a North American area code and exchange are in use: validity there rests on these six digits."""
    return phonenumbers.is_valid_number(
        phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{six}2345"))
    )
