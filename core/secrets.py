"""Secrets at rest, signatures, and keeping card numbers out (DOMAIN §13, RELIABILITY 26).

The key file holds Fernet keys, one a line, newest first: the first seals, all of them open. While keys are being
changed there are two. A line that begins with “former:” is what is left of a key that opens nothing any more: links
that were sent while it was in use were signed under it, and this part of it still knows its signatures.
"""

import hashlib
import hmac
import os
import tempfile
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.card_numbers import has_card_number, mask_card_numbers  # noqa: F401  # asked for beside the secrets
from core.errors import StoreError, WrongKey
from core.settings import settings

_FORMER, _BESIDE = "former:", ".key-"


def make_key_file() -> bool:
    """Make the key file of the settings, readable by this user alone, unless it is there. True when it was made."""
    path = settings().key_file
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _written_beside(path, Fernet.generate_key().decode() + "\n")
    try:
        os.link(temporary, path)  # all or nothing: of two processes that start at once, one wins
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True


def add_key() -> None:
    """Put a new key first: it seals from now on, the others still open. On the disk when this returns.

    Raises WrongKey when there is no key file, StoreError when it cannot be written.
    """
    _rewrite(_file(), [Fernet.generate_key().decode(), *_lines(_file())])


def retire_former_keys() -> None:
    """Keep the newest key alone; of the others only what knows the signatures made under them.

    What is still sealed under one of them is lost. Raises WrongKey, StoreError.
    """
    kept = _file()
    former = [f"{_FORMER}{signer.hex()}" for signer in kept.signers[1:]]
    _rewrite(kept, [kept.keys[0].decode(), *former])


def sealed_newest(text: str) -> bool:
    """Whether the newest key alone opens it. Raises WrongKey when there is no key file."""
    try:
        Fernet(_file().keys[0]).decrypt(text.encode())
    except InvalidToken:
        return False
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
    return _signature(_file().signers[0], text)[:length]


def signed_by_us(text: bytes, signature: bytes) -> bool:
    """Whether a key of the file, now or formerly, made this signature. Raises WrongKey when there is no key file."""
    found = [
        hmac.compare_digest(_signature(signer, text)[: len(signature)], signature)
        for signer in _file().signers
    ]
    return len(signature) >= 12 and any(found)


def _signature(signer: bytes, text: bytes) -> bytes:
    return hmac.digest(signer, text, "sha256")


class _KeyFile(NamedTuple):
    """keys: that open, newest first. signers: what each of them signs with, then those of former keys."""

    keys: tuple[bytes, ...]
    signers: tuple[bytes, ...]


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _file().keys])


def _file() -> _KeyFile:
    path = settings().key_file
    try:
        seen = path.stat()
        return _read_keys(path, (seen.st_mtime_ns, seen.st_size, seen.st_ino))
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
def _read_keys(path: Path, _stamp: tuple[int, ...]) -> _KeyFile:
    lines = path.read_text().split()
    keys = tuple(line.encode() for line in lines if not line.startswith(_FORMER))
    MultiFernet([Fernet(key) for key in keys])  # raises ValueError for none, or one that is no key
    former = (bytes.fromhex(line.removeprefix(_FORMER)) for line in lines if line.startswith(_FORMER))
    signers = (hashlib.sha256(b"huddle signature" + key).digest() for key in keys)
    return _KeyFile(keys, (*signers, *former))


def _lines(kept: _KeyFile) -> list[str]:
    former = kept.signers[len(kept.keys) :]
    return [*(key.decode() for key in kept.keys), *(f"{_FORMER}{signer.hex()}" for signer in former)]


def _rewrite(before: _KeyFile, lines: list[str]) -> None:
    """All of the file or nothing of it, and on the disk. Processes that run notice by its stamp."""
    path = settings().key_file.resolve()
    try:
        for left in path.parent.glob(f"{_BESIDE}*"):  # of a process that was killed here
            left.unlink(missing_ok=True)
        os.replace(_written_beside(path, "\n".join(lines) + "\n"), path)
        if hasattr(os, "O_DIRECTORY"):
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)
    except OSError as error:
        raise StoreError(
            f"The key file {path} cannot be written ({error.strerror}). The keys in it are as they were."
        ) from error
    if _file() == before:
        raise StoreError(f"The key file {path} did not take the change. The keys in it are as they were.")


def _written_beside(path: Path, text: str) -> str:
    """A file of this user alone beside the key file, written to the disk. Returns its path."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_BESIDE)  # mkstemp: mode 600
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return temporary


def mask(secret: str) -> str:
    """What a screen may show of a secret: its last four characters, none of a short one."""
    return "••••" + (secret[-4:] if len(secret) >= 12 else "")


def without_keys(text: str, values: Iterable[str]) -> str:
    """A sentence without what may be a key that was pasted into the wrong place: long, and of one piece."""
    for value in values:
        if len(value) >= 12 and not set(value) & set(" /\\.:"):
            text = text.replace(value, "…")
    return text


def clean_key(text: str) -> tuple[str, bool]:
    """A pasted key without spaces, line ends and invisible characters, and whether there were any."""
    cleaned = "".join(
        c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c)[0] not in "ZC"
    )
    return cleaned, cleaned != text
