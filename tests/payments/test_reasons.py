"""Decline codes in words for the desk (Fortis §7)."""

import pytest

from core.payments.reasons import reason_of


@pytest.mark.parametrize(
    ("code", "hard", "words"),
    [
        ("1616", False, "not enough funds"),
        ("1622", True, "card expired"),
        ("1606", True, "card reported lost"),
        ("1607", True, "card reported stolen"),
        ("1631", True, "account closed"),
        ("1803", True, "patient stopped the payments"),
        ("1615", False, "bank said no"),
        ("1531", False, "connection to the bank failed"),
        ("2101", False, "not enough funds"),
        ("R02", True, "bank account closed"),
        ("2107", True, "payer says they did not allow it"),
        ("2108", True, "patient stopped the payment at the bank"),
        ("NSF", False, "not enough funds"),
        ("insufficient_funds", False, "not enough funds"),
        ("expired card", True, "card expired"),
        ("Do not honor", False, "bank said no"),
        ("invalid account", True, "account number not valid"),
        ("9999", False, "reason not given"),
        ("2199", False, "reason not given"),
        ("", False, "reason not given"),
        (None, False, "reason not given"),
    ],
)
def test_a_code_says_whether_trying_again_helps_and_what_to_tell(code, hard, words):
    reason = reason_of(code)
    assert (reason.hard, reason.words) == (hard, words)
    assert reason.advice


VISA_NEVER_AGAIN = ("04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3")


@pytest.mark.parametrize(
    "code", [*VISA_NEVER_AGAIN, "4", "7", " r1 ", "1626", "1625", "1604", "1605", "1608", "1631", "1520"]
)
def test_what_the_networks_never_allow_again_is_hard(code):
    assert reason_of(code).hard


@pytest.mark.parametrize(
    "code", ["05", "51", "61", "65", "91", "1616", "1615", "1619", "1530", "1655", "1800"]
)
def test_the_rest_is_soft_and_tried_four_times_at_most(code):
    assert (reason_of(code).hard, reason_of(code).tries) == (False, 4)


@pytest.mark.parametrize("code", ["R01", "R09", "2101", "2109"])
def test_a_bank_account_without_money_is_tried_twice_more_at_most(code):
    assert (reason_of(code).hard, reason_of(code).tries) == (False, 3)


@pytest.mark.parametrize("code", ["R05", "R07", "R10", "R29", "R51", "2105", "2107", "2110", "2129", "2151"])
def test_a_payer_who_did_not_allow_it_stops_everything(code):
    assert (reason_of(code).hard, reason_of(code).stops) == (True, True)


@pytest.mark.parametrize("code", ["R31", "R37"])
def test_two_returns_have_words_of_their_own(code):
    assert reason_of(code).hard
    assert "not given" not in reason_of(code).words
