"""Why a processor said no, in words for the desk, and whether trying again can help.

Codes of Fortis §7 (`reason_code_id`), the card networks' own two-letter codes, ACH return codes as 21xx or R-codes, and
the plain words that files and other processors use. There are always codes nobody told us about: they are soft, with
"reason not given".

Hard are the networks' own class of "never again" (Visa's category 1: 04, 07, 12, 14, 15, 41, 43, 46, 57, R0, R1, R3)
and what has expired; everything else may be tried four times a debt, over all ways together (DOMAIN §3).
"""

import re
from typing import NamedTuple

MOST_TRIES = 4  # of one debt, over all ways
MOST_BANK_TRIES = 3  # a bank payment that came back for want of money: at most two more


class Reason(NamedTuple):
    """hard: trying again cannot help (expired, lost, stolen, closed, invalid, revoked; DOMAIN §3). stops: the payer says
    they never allowed it, so that nobody may try or ask until a person has talked with them. tries: how often one debt
    may be tried in all."""

    hard: bool
    words: str
    advice: str
    stops: bool = False
    tries: int = MOST_TRIES


_NEW_CARD = "Ask for a new card."
_NEW_BANK = "Ask for another bank account or a card."
_OTHER_DAY = "Ask for another way to pay, or when to try again."
_CALL_BANK = "Ask the patient to call the bank, or for another card."
_AGAIN = "Try again."
_TALK = "Talk with the patient before anything is charged or asked."

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
_NOT_HERE = Reason(True, "card not allowed for this payment", "Ask for another card.")
_NO_SUCH_ISSUER = Reason(True, "no bank stands behind this card number", _NEW_CARD)
_NOT_A_SALE = Reason(True, "the bank refuses this kind of payment for good", "Ask for another card.")
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

_BY_NETWORK = {
    "01": _ISSUER,
    "02": _ISSUER,
    "04": _TAKEN_AWAY,
    "05": _ISSUER,
    "07": _TAKEN_AWAY,
    "12": _NOT_A_SALE,
    "14": _INVALID,
    "15": _NO_SUCH_ISSUER,
    "41": _LOST,
    "43": _STOLEN,
    "46": _CLOSED,
    "51": _FUNDS,
    "54": _EXPIRED,
    "57": _NOT_HERE,
    "59": _ISSUER,
    "61": _LIMIT,
    "62": _ISSUER,
    "65": _LIMIT,
    "78": _ISSUER,
    "91": _NETWORK,
    "96": _NETWORK,
    "N7": _SECURITY,
    "R0": _REVOKED,
    "R1": _REVOKED,
    "R3": _REVOKED,
}

_BANK_FUNDS = _FUNDS._replace(tries=MOST_BANK_TRIES)
_BANK_CLOSED = Reason(True, "bank account closed", _NEW_BANK)
_BANK_INVALID = Reason(True, "bank account not valid", _NEW_BANK)
_BANK_FROZEN = Reason(True, "bank account is blocked", _NEW_BANK)
_BANK_STOPPED = Reason(True, "patient stopped the payment at the bank", _TALK)
_NOT_ALLOWED = Reason(True, "payer says they did not allow it", _TALK, stops=True)

_BY_RETURN_CODE = {
    1: _BANK_FUNDS,
    2: _BANK_CLOSED,
    3: _BANK_INVALID,
    4: _BANK_INVALID,
    5: _NOT_ALLOWED,
    7: _NOT_ALLOWED,
    8: _BANK_STOPPED,
    9: _BANK_FUNDS,
    10: _NOT_ALLOWED,
    11: _BANK_STOPPED,
    12: _BANK_CLOSED,
    13: _BANK_INVALID,
    14: _BANK_FROZEN,
    15: _BANK_FROZEN,
    16: _BANK_FROZEN,
    20: _BANK_INVALID,
    24: _TWICE,
    29: _NOT_ALLOWED,
    31: Reason(
        True, "sent back late, with our bank's consent", "Ask our bank why before anything is tried again."
    ),
    37: Reason(True, "the paper check was cashed as well", "Check that it was not paid by the check itself."),
    51: _NOT_ALLOWED,
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
    if bare.isdigit() and len(bare) == 1:
        bare = f"0{bare}"  # the networks' codes have two places; a spreadsheet drops the zero
    if known := _BY_CODE.get(bare) or _BY_NETWORK.get(bare):
        return known
    if match := _RETURN_CODE.fullmatch(bare):
        return _BY_RETURN_CODE.get(int(match[1]), NOT_GIVEN)
    return next((reason for word, reason in _BY_WORD if word in bare), NOT_GIVEN)
