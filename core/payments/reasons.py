"""Why a processor said no, in words for the desk, and whether trying again can help.

Codes of Fortis §7 (`reason_code_id`), ACH return codes as 21xx or R-codes, and the plain words that files and other
processors use. There are always codes nobody told us about: they are soft, with "reason not given".
"""

import re
from typing import NamedTuple


class Reason(NamedTuple):
    """hard: trying again cannot help (expired, lost, stolen, closed, invalid, revoked; DOMAIN §3)."""

    hard: bool
    words: str
    advice: str


_NEW_CARD = "Ask for a new card."
_NEW_BANK = "Ask for another bank account or a card."
_OTHER_DAY = "Ask for another way to pay, or when to try again."
_CALL_BANK = "Ask the patient to call the bank, or for another card."
_AGAIN = "Try again."

NOT_GIVEN = Reason(False, "reason not given", _OTHER_DAY)
_FUNDS = Reason(False, "not enough funds", _OTHER_DAY)
_EXPIRED = Reason(True, "card expired", _NEW_CARD)
_LOST = Reason(True, "card reported lost", _NEW_CARD)
_STOLEN = Reason(True, "card reported stolen", _NEW_CARD)
_CLOSED = Reason(True, "account closed", _NEW_CARD)
_INVALID = Reason(True, "account number not valid", _NEW_CARD)
_REVOKED = Reason(True, "patient stopped the payments", "Talk with the patient before charging again.")
_TAKEN_AWAY = Reason(True, "bank wants the card withdrawn", _NEW_CARD)
_ISSUER = Reason(False, "bank said no", _CALL_BANK)
_LIMIT = Reason(False, "over the card's limit", _OTHER_DAY)
_NETWORK = Reason(False, "connection to the bank failed", _AGAIN)
_SECURITY = Reason(
    False, "security code or address did not match", "Check the card's details with the patient."
)
_NOT_HERE = Reason(False, "card not allowed for this payment", "Ask for another card.")
_SET_UP = Reason(False, "processor's set-up refused it", "Ask the processor's support.")
_TWICE = Reason(False, "looked like a duplicate", "Check that it was not already paid.")

_BY_CODE = {
    "1500": _ISSUER,
    "1510": _ISSUER,
    "1520": _TAKEN_AWAY,
    "1530": _NETWORK,
    "1531": _NETWORK,
    "1540": _SET_UP,
    "1601": _ISSUER,
    "1602": _ISSUER,
    "1604": _TAKEN_AWAY,
    "1605": _TAKEN_AWAY,
    "1606": _LOST,
    "1607": _STOLEN,
    "1608": _INVALID,
    "1615": _ISSUER,
    "1616": _FUNDS,
    "1618": _SET_UP,
    "1619": _LIMIT,
    "1622": _EXPIRED,
    "1624": _SECURITY,
    "1625": _NOT_HERE,
    "1626": _NOT_HERE,
    "1631": _CLOSED,
    "1655": _SECURITY,
    "1656": _SECURITY,
    "1660": Reason(True, "bank account not valid", _NEW_BANK),
    "1800": _SECURITY,
    "1801": _TWICE,
    "1803": _REVOKED,
}

_BANK_CLOSED = Reason(True, "bank account closed", _NEW_BANK)
_BANK_INVALID = Reason(True, "bank account not valid", _NEW_BANK)
_BANK_FROZEN = Reason(True, "bank account is blocked", _NEW_BANK)

_BY_RETURN_CODE = {
    1: _FUNDS,
    2: _BANK_CLOSED,
    3: _BANK_INVALID,
    4: _BANK_INVALID,
    5: _REVOKED,
    7: _REVOKED,
    8: _REVOKED,
    9: _FUNDS,
    10: _REVOKED,
    11: _REVOKED,
    12: _BANK_CLOSED,
    13: _BANK_INVALID,
    14: _BANK_FROZEN,
    15: _BANK_FROZEN,
    16: _BANK_FROZEN,
    20: _BANK_INVALID,
    24: _TWICE,
    29: _REVOKED,
}

# the first word that occurs decides: "lost or stolen" is lost, "invalid account" is invalid
_BY_WORD = (
    ("NSF", _FUNDS),
    ("FUNDS", _FUNDS),
    ("EXPIRED", _EXPIRED),
    ("STOLEN", _STOLEN),
    ("LOST", _LOST),
    ("CLOSED", _CLOSED),
    ("REVOKED", _REVOKED),
    ("STOPPED", _REVOKED),
    ("INVALID", _INVALID),
    ("PICKUP", _TAKEN_AWAY),
    ("LIMIT", _LIMIT),
    ("DUPLICATE", _TWICE),
    ("CVV", _SECURITY),
    ("CVC", _SECURITY),
    ("AVS", _SECURITY),
    ("HONOR", _ISSUER),
    ("HONOUR", _ISSUER),
    ("ISSUER", _ISSUER),
    ("CALL", _ISSUER),
    ("NETWORK", _NETWORK),
    ("COMMUNICATION", _NETWORK),
    ("TIMEOUT", _NETWORK),
    ("NOTPERMITTED", _NOT_HERE),
    ("DONOTHONOR", _ISSUER),
)
_RETURN_CODE = re.compile(r"(?:21|R)(\d{2})")


def reason_of(code: str | None) -> Reason:
    """What a decline or return code means. Unknown and empty: soft, "reason not given" (Fortis §7)."""
    if not code:
        return NOT_GIVEN
    if known := _BY_CODE.get(code):
        return known
    bare = re.sub(r"[^A-Z0-9]", "", code.upper())
    if known := _BY_CODE.get(bare):
        return known
    if match := _RETURN_CODE.fullmatch(bare):
        return _BY_RETURN_CODE.get(int(match[1]), NOT_GIVEN)
    return next((reason for word, reason in _BY_WORD if word in bare), NOT_GIVEN)
