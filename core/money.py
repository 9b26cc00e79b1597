"""Money is integer cents, USD. Nothing here or anywhere else puts an amount into a float."""

import re

from core.errors import BadMoney

_DOLLARS = re.compile(
    r"^\s*(?P<sign>-?)\s*\$?\s*(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,11})(?:\.(?P<cents>\d{1,2}))?\s*$"
)
_BRACKETS = re.compile(r"^\s*\((?P<inner>[^()]+)\)\s*$")


def parse_dollars(text: str) -> int:
    """Cents of a text such as `149.00`, `$1,200`, `-5` or `(12.50)` (negative, as ledgers print it).

    Raises BadMoney. More than two decimals is refused rather than rounded: nobody charges a fraction.
    """
    body = text
    negative = False
    if bracketed := _BRACKETS.match(text):
        body, negative = bracketed["inner"], True
    match = _DOLLARS.match(body)
    if match is None or (negative and match["sign"]):
        raise BadMoney(text)
    cents = int(match["whole"].replace(",", "")) * 100 + int((match["cents"] or "0").ljust(2, "0"))
    return -cents if negative or match["sign"] else cents


def dollars(cents: int) -> str:
    """`$1,234.50`; `-$5.00`. For sentences and cells that show cents."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def short_dollars(cents: int) -> str:
    """`$149` when there are no cents, else `$149.50`: for chips and the line to say."""
    return dollars(cents).removesuffix(".00")


def whole_dollars(cents: int) -> str:
    """Rounded half up to whole dollars, for headlines only."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${(abs(cents) + 50) // 100:,}"


def decimal_text(cents: int) -> str:
    """`149.00`, as practice files write money."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def share(cents: int, numerator: int, denominator: int) -> int:
    """cents × numerator ÷ denominator, rounded half up (away from zero), all in integers."""
    if denominator <= 0:
        raise ValueError("a share needs a positive denominator")
    sign = -1 if cents * numerator < 0 else 1
    return sign * ((2 * abs(cents * numerator) + denominator) // (2 * denominator))
