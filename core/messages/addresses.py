"""Whether a phone can get a text and a mailbox a mail, judged without asking anybody."""

from functools import lru_cache

import email_validator
import phonenumbers
from phonenumbers import PhoneNumberType

from core.errors import BadInput
from core.messages.models import Channel
from core.phones import COUNTRY, is_real, number_text

_NO_TEXTS = {
    PhoneNumberType.FIXED_LINE: "is a landline",
    PhoneNumberType.TOLL_FREE: "is a toll-free number",
    PhoneNumberType.PREMIUM_RATE: "is a premium number",
    PhoneNumberType.SHARED_COST: "is a shared-cost number",
    PhoneNumberType.VOICEMAIL: "is a voicemail number",
    PhoneNumberType.PAGER: "is a pager",
}


@lru_cache(maxsize=50_000)
def text_number(phone: str) -> str:
    """The number as E.164. Raises BadInput with a sentence when no text can reach it."""
    try:
        parsed = phonenumbers.parse(phone, COUNTRY)
    except phonenumbers.NumberParseException as error:
        raise BadInput(f"“{phone[:40]}” is not a phone number.") from error
    if not is_real(parsed):
        raise BadInput(f"“{phone[:40]}” is not a number anybody can have; check it with the patient.")
    if why := _NO_TEXTS.get(phonenumbers.number_type(parsed)):
        raise BadInput(f"{shown(phone)} {why} and cannot get texts. Ask for a mobile number.")
    return number_text(parsed)


@lru_cache(maxsize=50_000)
def mailbox(address: str) -> str:
    """The address in small letters. Raises BadInput with a sentence when it cannot be one."""
    try:
        found = email_validator.validate_email(
            address.strip(), check_deliverability=False, test_environment=True
        )
    except email_validator.EmailNotValidError as error:
        raise BadInput(f"“{address[:80]}” is not an e-mail address; check it with the patient.") from error
    return found.normalized.casefold()  # one mailbox, however it was typed: it is counted and stopped once


def address_for(channel: str, phone: str | None, email: str | None) -> str:
    """Where a message by this channel goes. Raises BadInput when there is nowhere."""
    if channel == Channel.TEXT:
        if not phone:
            raise BadInput("There is no mobile number on file.")
        return text_number(phone)
    if not email:
        raise BadInput("There is no e-mail address on file.")
    return mailbox(email)


def shown(phone: str) -> str:
    """A number as people here write it: (303) 555-0101."""
    try:
        parsed = phonenumbers.parse(phone, COUNTRY)
    except phonenumbers.NumberParseException:
        return phone
    style = (
        phonenumbers.PhoneNumberFormat.NATIONAL
        if parsed.country_code == 1
        else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(parsed, style)
