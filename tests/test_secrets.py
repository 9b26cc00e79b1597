"""Secrets are sealed under a key file of this machine, and card numbers are kept out."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, seed
from hypothesis import strategies as st

from core.errors import WrongKey
from core.secrets import (
    clean_key,
    has_card_number,
    make_key_file,
    mask,
    mask_card_numbers,
    open_sealed,
    reseal,
    seal,
)
from core.settings import settings


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "keys" / "key.txt"
    monkeypatch.setenv("HUDDLE_KEY_FILE", str(path))
    settings.cache_clear()
    yield path
    settings.cache_clear()


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(key_file: Path) -> None:
    assert make_key_file()
    first = key_file.read_text()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert not make_key_file()
    assert key_file.read_text() == first
    assert list(key_file.parent.iterdir()) == [key_file]


def test_what_is_sealed_opens_again_and_says_nothing(key_file: Path) -> None:
    make_key_file()
    sealed = seal("k3y-of-the-clinic")
    assert "k3y" not in sealed
    assert open_sealed(sealed) == "k3y-of-the-clinic"


def test_a_new_key_above_the_old_one_opens_both(key_file: Path) -> None:
    make_key_file()
    sealed, old = seal("secret"), key_file.read_text()
    key_file.write_text(Fernet.generate_key().decode() + "\n" + old)
    renewed = reseal(sealed)
    key_file.write_text(key_file.read_text().splitlines()[0])
    assert open_sealed(renewed) == "secret"
    with pytest.raises(WrongKey):
        open_sealed(sealed)


OTHER_KEY = Fernet.generate_key().decode()  # made anew each time, so it must not stand in the test's name


@pytest.mark.parametrize(
    "content", [None, "", "not a key", OTHER_KEY], ids=["missing", "empty", "broken", "another"]
)
def test_a_missing_broken_or_other_key_is_said_and_not_replaced(key_file: Path, content: str | None) -> None:
    make_key_file()
    sealed = seal("secret")
    key_file.unlink()
    if content is not None:
        key_file.write_text(content)
    with pytest.raises(WrongKey, match="key"):
        open_sealed(sealed)
    assert (key_file.read_text() if key_file.exists() else None) == content


def test_a_pasted_key_loses_spaces_and_invisible_characters() -> None:
    assert clean_key(" 11e9\u200b5f8e\u00a0c3\r\n\ufeff") == ("11e95f8ec3", True)
    assert clean_key("11e95f8ec3") == ("11e95f8ec3", False)


def test_a_mask_shows_the_last_four_of_long_secrets_only() -> None:
    assert mask("11e95f8ec39de8fbdb0a4f1a") == "••••4f1a"
    assert mask("short") == "••••"


def luhn_complete(digits: str) -> str:
    doubled = [int(d) * 2 if place % 2 == 0 else int(d) for place, d in enumerate(reversed(digits))]
    return digits + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


cards = st.text("0123456789", min_size=12, max_size=18).filter(lambda d: d.strip("0")).map(luhn_complete)


@seed(20261121)
@given(cards, st.sampled_from(["", " ", "-", "\u00a0", " - "[:2]]), st.integers(2, 6))
def test_every_card_number_is_found_however_it_is_grouped(card: str, gap: str, size: int) -> None:
    grouped = gap.join(card[at : at + size] for at in range(0, len(card), size))
    text = f"her card is {grouped}, exp 12/28"
    assert has_card_number(text)
    assert card not in "".join(c for c in mask_card_numbers(text) if c.isdigit() or c.isalpha())


ODD_GAPS = [
    ".", "/", "_", ":", "\u00b7", "\u2022", "\u2212", "\u2011", " . ", "     ", "\u3000", "\u200b", "\u00ad", "\u2060",
    "\ufeff", " \u200b ", "\u200b-\u00ad", "\uff0e", "\uff0f",
]  # fmt: skip


@seed(20261201)
@given(cards, st.sampled_from(ODD_GAPS), st.integers(2, 6))
def test_every_card_number_is_found_however_oddly_it_is_written(card: str, gap: str, size: int) -> None:
    text = f"her card is {gap.join(card[at : at + size] for at in range(0, len(card), size))}; exp 12/28"
    assert has_card_number(text)
    assert card not in "".join(c for c in mask_card_numbers(text) if c.isdigit())


@seed(20261201)
@given(cards, st.sampled_from(["\uff10", "\u0660", "\u0966"]), st.sampled_from(["", " ", ".", "\u200b"]))
def test_digits_of_other_scripts_are_digits(card: str, zero: str, gap: str) -> None:
    other = gap.join(chr(ord(zero) + int(digit)) for digit in card)
    masked = mask_card_numbers(f"card {other}.")
    assert masked == f"card [card number ending {card[-4:]}]."


@pytest.mark.parametrize(
    "written", ["4242.4242-4242/4242", "3782.822463-10005", "4\ufe0f\u20e3242 4242 4242 4242"]
)
def test_gaps_of_several_kinds_in_the_groups_of_a_card_are_found(written: str) -> None:
    assert has_card_number(f"card {written}")


def test_of_many_moments_and_amounts_hardly_one_looks_like_a_card() -> None:
    start = datetime(2026, 1, 1, 8, 3, 7, 123456, tzinfo=UTC)
    for number in range(2_000):
        at = start + timedelta(minutes=number * 37, seconds=number)
        for text in (
            at.isoformat(),
            f"{at:%m/%d/%Y %H:%M:%S}",
            f"{at:%m/%d/%Y} to {at:%m/%d/%Y}",
            f"{number * 3.37:.2f} / {number * 11.91:.2f} / 240.00 / 65.00",
            f"39.{7392358 + number} -104.{9902512 + number}",
            f"192.168.{number % 256}.200:8501",
        ):
            assert mask_card_numbers(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "614 555 0199",
        "11e95f8ec39de8fbdb0a4f1a",
        "4242 4242 4242 4243",
        "2026-11-21",
        "0000000000000000",
        "42424242424242424242",
        "",
    ],
)
def test_what_is_no_card_number_stays(text: str) -> None:
    assert not has_card_number(text)
    assert mask_card_numbers(text) == text


def test_a_card_number_among_other_numbers_is_found() -> None:
    masked = mask_card_numbers("room 12 4242 4242 4242 4242 and 5555-5555-5555-4444")
    assert masked == "room 12 [card number ending 4242] and [card number ending 4444]"
