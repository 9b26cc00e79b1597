"""Passwords: what is refused and why, and what comparing costs."""

import pytest
from streamlit_authenticator import Hasher

from core.errors import BadInput
from dashboard.web import passwords


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "Ünïcödé früit sälad!", "x7#kQ2!vRt9$", "60 214 873 551 90"]
)
def test_good_passwords_are_taken(password: str) -> None:
    passwords.check_strength(password, username="dana.lee", display_name="Dana Lee")


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    stored = passwords.hash_password("three quiet otters")
    assert passwords.is_right("three quiet otters", stored)
    assert not passwords.is_right("three quiet otterz", stored)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "at least 12 characters; 15 or more"),
        ("a" * 11, "at least 12"),
        ("é" * 37, "at most 72 bytes"),
        ("three quiet\0otters", "NUL"),
        ("password1234", "easy to guess"),
        ("P@ssw0rd!2026", "easy to guess"),
        ("Chiropractic1!", "easy to guess"),
        ("qwertyuiop123", "easy to guess"),
        ("123456789012", "easy to guess"),
        ("aaaaaaaaaaaaaaa", "easy to guess"),
        ("dana.lee2026!!", "easy to guess"),
        ("Summer-Winter-26", "easy to guess"),
        ("letmein12345", "easy to guess"),
        ("iloveyou20202", "easy to guess"),
        ("trustno1trustno1", "easy to guess"),
    ],
)
def test_bad_passwords_are_refused_in_one_sentence(password: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        passwords.hash_password(password, username="dana.lee", display_name="Dana Lee")


def test_bytes_beyond_what_bcrypt_reads_never_fit() -> None:
    longest = ("three quiet otters swim " * 3)[: passwords.LONGEST_BYTES]
    stored = passwords.hash_password(longest)
    assert passwords.is_right(longest, stored)
    assert not passwords.is_right(longest + "anything", stored)


@pytest.mark.parametrize("stored", [None, Hasher.hash("three quiet otters")], ids=["unknown", "known"])
@pytest.mark.parametrize("password", ["wrong wrong wrong", "x" * 200, "nul\0nul", ""])
def test_unknown_and_known_names_cost_one_comparison_of_the_same_strength(
    monkeypatch: pytest.MonkeyPatch, stored: str | None, password: str
) -> None:
    compared: list[str] = []
    real = Hasher.check_pw
    monkeypatch.setattr(
        Hasher, "check_pw", lambda given, against: compared.append(against) or real(given, against)
    )
    assert not passwords.is_right(password, stored)
    assert [against.split("$")[2] for against in compared] == ["12"]


def test_the_hash_of_nobody_fits_nothing() -> None:
    assert not passwords.is_right("", None)
    assert passwords.nobodys_hash() == passwords.nobodys_hash()
