"""Secrets at rest, signatures, and keeping card numbers out (DOMAIN §13, RELIABILITY 26).

The key file holds Fernet keys, one a line, newest first: the first seals, all of them open.
"""

import hashlib
import hmac
import os
import re
import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import WrongKey
from core.settings import settings

_GAP = r"[\s\-\u2010-\u2015]{0,2}"
_LONG_NUMBER = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{12,}}(?!\d)")
_DIGITS = re.compile(r"\d+")


def make_key_file() -> bool:
    """Make the key file of the settings, readable by this user alone, unless it is there. True when it was made."""
    path = settings().key_file
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".key-")  # mkstemp: mode 600
    try:
        os.write(handle, Fernet.generate_key() + b"\n")
        os.fsync(handle)
        os.close(handle)
        os.link(temporary, path)  # all or nothing: of two processes that start at once, one wins
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True


def seal(text: str) -> str:
    """Encrypt under the newest key. Raises WrongKey when there is no key file (see make_key_file)."""
    return _box().encrypt(text.encode()).decode()


def open_sealed(text: str) -> str:
    """Decrypt what `seal` made. Raises WrongKey when no key of the file opens it, or there is no file."""
    try:
        return _box().decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise WrongKey(
            f"The key in {settings().key_file} does not open the secrets of this store. "
            "Put back the key file that belongs to it (HUDDLE_KEY_FILE)."
        ) from error


def reseal(text: str) -> str:
    """The same secret under the newest key. Raises WrongKey."""
    return seal(open_sealed(text))


def sign(text: bytes, length: int = 32) -> bytes:
    """A signature of `length` bytes under the newest key. Raises WrongKey when there is no key file."""
    return _signature(_keys()[0], text)[:length]


def signed_by_us(text: bytes, signature: bytes) -> bool:
    """Whether any key of the file made this signature. Raises WrongKey when there is no key file."""
    found = [hmac.compare_digest(_signature(key, text)[: len(signature)], signature) for key in _keys()]
    return len(signature) >= 12 and any(found)


def _signature(key: bytes, text: bytes) -> bytes:
    return hmac.digest(hashlib.sha256(b"huddle signature" + key).digest(), text, "sha256")


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _keys()])


def _keys() -> tuple[bytes, ...]:
    path = settings().key_file
    try:
        return _read_keys(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise WrongKey(
            f"The key file {path} cannot be read ({error.strerror}). Put it back: without it the saved keys "
            "of your processors cannot be used."
        ) from error
    except ValueError as error:
        raise WrongKey(
            f"The key file {path} holds no usable key. Put back the one that belongs here."
        ) from error


@lru_cache(maxsize=4)
def _read_keys(path: Path, _changed: int) -> tuple[bytes, ...]:
    keys = tuple(line.encode() for line in path.read_text().split())
    MultiFernet([Fernet(key) for key in keys])  # raises ValueError for none, or one that is no key
    return keys


def mask(secret: str) -> str:
    """What a screen may show of a secret: its last four characters, none of a short one."""
    return "••••" + (secret[-4:] if len(secret) >= 12 else "")


def clean_key(text: str) -> tuple[str, bool]:
    """A pasted key without spaces, line ends and invisible characters, and whether there were any."""
    cleaned = "".join(
        c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c)[0] not in "ZC"
    )
    return cleaned, cleaned != text


def has_card_number(text: str) -> bool:
    """Whether a text holds a Luhn-valid number of 13–19 digits, with or without spaces and dashes."""
    return len(text) >= 13 and mask_card_numbers(text) != text


def mask_card_numbers(text: str) -> str:
    """The text with every Luhn-valid number of 13–19 digits replaced; the last four digits stay."""
    if len(text) < 13:
        return text
    return _LONG_NUMBER.sub(_mask_within, text)


def _mask_within(match: re.Match[str]) -> str:
    """Cards in one run of digit groups: the run may hold more than the card ("room 12 4242 4242 4242 4242")."""
    run = match[0]
    groups = [(found.start(), found.end()) for found in _DIGITS.finditer(run)]
    for first in range(len(groups)):
        for last in range(len(groups) - 1, first - 1, -1):
            start, end = groups[first][0], groups[last][1]
            digits = "".join(_DIGITS.findall(run[start:end]))
            if 13 <= len(digits) <= 19 and _luhn(digits):
                rest = run[end:]
                return f"{run[:start]}[card number ending {digits[-4:]}]" + _LONG_NUMBER.sub(
                    _mask_within, rest
                )
    return run


def _luhn(digits: str) -> bool:
    numbers = [int(digit) for digit in reversed(digits)]
    doubled = (n * 2 - 9 if n > 4 else n * 2 for n in numbers[1::2])
    return any(numbers) and (sum(numbers[::2]) + sum(doubled)) % 10 == 0
