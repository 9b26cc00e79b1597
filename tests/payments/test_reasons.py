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
        ("2107", True, "patient stopped the payments"),
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
