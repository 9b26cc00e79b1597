"""What happens to a text by its number.

- a number that is no phone number is refused (21211);
- Twilio's own magic numbers are refused as it documents them: +1500555 and 0001 (21211), 0002 (21612), 0003 (21408),
  0004 (21610), 0009 (21614);
- +150055 and any five-digit code behave by that code: +15005521614 is a landline, +15005530003 cannot be reached;
- POST /control {"sms": {"numbers": {"+16145550123": 21614}}} does the same for any number.
Codes of 21000 and the like are refusals; those of 30000 and more come later, as the text's final state.
"""

import re

from data.sandbox.sms import settings
from data.sandbox.state import State

MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    21211: "Invalid 'To' Phone Number",
    21266: "'To' and 'From' number cannot be the same",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21606: "The 'From' phone number is not a valid, SMS-capable inbound phone number for your account",
    21609: "The 'StatusCallback' URL is not a valid URL",
    21610: "Attempt to send to unsubscribed recipient",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number via SMS",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30034: "US A2P 10DLC: message from an unregistered number",
}
_MAGIC = {"0001": 21211, "0002": 21612, "0003": 21408, "0004": 21610, "0009": 21614}
_FAILED = (30001, 30002)


def normal(number: str) -> str | None:
    """In E.164; ten digits are taken as a US number. None when it is no phone number."""
    plain = re.sub(r"[\s().-]", "", number)
    if re.fullmatch(r"[2-9]\d{9}", plain):
        plain = f"+1{plain}"
    us = r"\+1[2-9]\d{9}"
    return (
        plain if re.fullmatch(us, plain) or re.fullmatch(r"\+[2-9]\d{7,14}", plain) or _magic(plain) else None
    )


def code_of(state: State, number: str) -> int | None:
    """The error this number always meets, None for an ordinary one."""
    wished = settings.of(state)["numbers"].get(number)
    return int(wished) if wished else _magic(number)


def _magic(number: str) -> int | None:
    if number.startswith("+1500555") and number[8:] in _MAGIC:
        return _MAGIC[number[8:]]
    code = number.removeprefix("+150055")
    return int(code) if code != number and code.isdigit() and int(code) in MESSAGES else None


def final_status(code: int | None) -> str:
    if code is None:
        return "delivered"
    return "failed" if code in _FAILED else "undelivered"
