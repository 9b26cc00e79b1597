"""A number is kept and texted only when somebody can have it (DOMAIN §12), whichever door it comes in by."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.integrations.cash_practice.records import read_phone
from core.integrations.fortis.records import Contact
from core.messages.addresses import text_number
from core.phones import e164

NOBODYS = [
    "5550101",
    "999-999-9999",
    "0000000000",
    "1234567890",
    "8888888888",
    "(312) 055-1234",
    "555-123-4567",
]


def from_fortis(digits: str) -> str | None:
    contact = {"id": "31f0000000000000000000a1", "last_name": "Alvarez", "cell_phone": digits}
    return Contact.model_validate(contact).row()["mobile_phone"]


@pytest.mark.parametrize("written", NOBODYS)
def test_no_door_lets_in_a_number_that_nobody_can_have(written: str) -> None:
    assert (e164(written), from_fortis(written), read_phone(written)) == (None, None, None)
    with pytest.raises(BadInput, match="check it with the patient"):
        text_number(written)


@pytest.mark.parametrize("written", ["3125550118", "(312) 555-0118"])
def test_every_door_lets_in_the_same_number(written: str) -> None:
    assert {e164(written), from_fortis(written), read_phone(written), text_number(written)} == {
        "+13125550118"
    }


@given(st.from_regex(r"[2-9][0-9]{9}", fullmatch=True))
def test_the_quick_way_for_american_numbers_says_what_the_library_says(digits: str) -> None:
    real = phonenumbers.is_valid_number(phonenumbers.parse(f"+1{digits}"))
    assert (e164(digits) is not None) == (real and len(set(digits)) > 1)


@given(st.text(max_size=25))
def test_no_text_breaks_the_reading(written: str) -> None:
    found = e164(written)
    assert found is None or e164(found) == found
