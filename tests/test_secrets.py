"""Secrets are sealed under a key file of this machine, and card numbers are kept out."""

import stat
from collections.abc import Iterator
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
