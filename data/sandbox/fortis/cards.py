"""Cards as a person types them: well-known test numbers only, looked at and never kept beyond brand and last four.

Left open by the facts, taken so here: which test numbers are declined and how. DECLINED numbers are fine to keep on
file, but every charge of them is declined for the reason; those of UNVERIFIED make a token with `active: false`
(a token counts as good when it is active, facts §5).
"""

import re
from datetime import date
from typing import Any, NamedTuple

from data.sandbox.state import Record

APPROVED = (
    "4111111111111111",
    "4242424242424242",
    "5555555555554444",
    "5454545454545454",
    "378282246310005",
    "6011111111111117",
)
DECLINED = {
    "4000000000000002": 1615,
    "4000000000009995": 1616,
    "4000000000000069": 1622,
    "4000000000000127": 1800,
    "4000000000000341": 1601,
}
UNVERIFIED = frozenset({"4000000000000002"})
_BRANDS = (
    ("visa", r"4"),
    ("mc", r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"),
    ("amex", r"3[47]"),
    ("disc", r"6011|64[4-9]|65"),
    ("jcb", r"35"),
    ("diners", r"30[0-5]|36|38"),
)


class BadCard(Exception):
    """What was typed is no card that can be used here; `field` says where."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field, self.sentence = field, sentence


class Card(NamedTuple):
    """What is left of a typed card."""

    first_six: str
    last_four: str
    account_type: str
    exp_date: str
    account_holder_name: str | None
    declines: int | None = None
    verified: bool = True

    def masked(self) -> Record:
        """As a token or a transaction carries it."""
        return {
            "payment_method": "cc",
            "first_six": self.first_six,
            "last_four": self.last_four,
            "card_bin": self.first_six,
            "account_type": self.account_type,
            "exp_date": self.exp_date,
            "account_holder_name": self.account_holder_name,
        }


def typed(number: str, expiry: str, *, on: date, holder: str | None = None) -> Card:
    """A card a person typed on a page of the sandbox. Raises BadCard."""
    digits = re.sub(r"[\s-]", "", number)
    if not re.fullmatch(r"\d{13,19}", digits) or not luhn(digits):
        raise BadCard("number", "This is not a card number. Check the digits.")
    if digits not in (*APPROVED, *DECLINED):
        raise BadCard("number", "This is a sandbox: use a test number such as 4111 1111 1111 1111.")
    month_year = re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*/?\s*(?:20)?(\d{2})\s*", expiry)
    if month_year is None:
        raise BadCard("expiry", "Type the expiry as month and year, such as 09/30.")
    month, year = int(month_year[1]), 2000 + int(month_year[2])
    if (year, month) < (on.year, on.month):
        raise BadCard("expiry", "This card has expired.")
    return of_number(digits, f"{month:02d}{year % 100:02d}", holder)


def of_number(digits: str, exp_date: str, holder: str | None) -> Card:
    """The card of a number that was checked already; exp_date is MMYY."""
    return Card(
        digits[:6],
        digits[-4:],
        brand(digits),
        exp_date,
        (holder or "").strip()[:32] or None,
        DECLINED.get(digits),
        digits not in UNVERIFIED,
    )


def brand(number: str) -> str:
    """The account type of a card number, by its first digits."""
    return next((name for name, start in _BRANDS if re.match(start, number)), "debit")


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def remembered(kept: Any) -> Card:
    """A card out of the state's memory, where it is a list."""
    return Card(*kept)
