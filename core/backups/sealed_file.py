"""A backup as a file: a line that says what it is, then the store, compressed and sealed piece by piece.

AES-256-GCM over pieces of one mebibyte; each piece's nonce holds its number and whether it is the last, and all of them
are bound to the first line: nothing can be changed, left out, swapped or cut off unnoticed. The key comes from a
passphrase (or the text of a key file) by scrypt; a mark in the first line tells a wrong key from a damaged file.
"""

import hmac
import json
import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core import clock
from core.errors import BadInput, StoreError, WrongKey

MAGIC = "huddle-backup-1"
PIECE = 1024 * 1024
TAG = 16
LONGEST_LINE = 4096
SHORTEST_SECRET = 12
_COST = {"n": 2**15, "r": 8, "p": 1}
DAMAGED = "This backup is damaged: it was changed or cut off after it was written. Use another one."
NOT_ONE = "This file is no backup of Huddle."
WRONG = "This key does not open the backup. Use the passphrase or key file it was made with."


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup says of itself before it is opened. kind: sqlite or postgresql. revision: of its schema."""

    kind: str
    revision: str
    made_at: datetime


def seal_file(source: Path, target: Path, head: Head, secret: str) -> None:
    """Write `source` sealed to `target`, on the disk when this returns. Raises BadInput for a short secret; OSError."""
    if len(secret) < SHORTEST_SECRET:
        raise BadInput(f"Use a passphrase of at least {SHORTEST_SECRET} characters for backups.")
    salt, prefix = os.urandom(16), os.urandom(7)
    key = _key(secret, salt)
    said = {
        "magic": MAGIC,
        "kind": head.kind,
        "revision": head.revision,
        "made_at": clock.iso(head.made_at),
        "salt": b64encode(salt).decode(),
        "prefix": b64encode(prefix).decode(),
    }
    line = _line(said, key)
    with source.open("rb") as plain, target.open("xb") as sealed:
        sealed.write(line)
        for number, (piece, last) in enumerate(_marked(_compressed(plain))):
            sealed.write(AESGCM(key).encrypt(_nonce(prefix, number, last), piece, line))
        sealed.flush()
        os.fsync(sealed.fileno())


def head_of(path: Path) -> Head:
    """What the file says of itself; not to be believed before it is opened. Raises StoreError."""
    said, _ = _read_line(path)
    return Head(str(said["kind"]), str(said["revision"]), datetime.fromisoformat(str(said["made_at"])))


def open_sealed_file(path: Path, secret: str) -> Iterator[bytes]:
    """The store that is in a backup, piece by piece. Raises WrongKey; StoreError when a byte of it was changed."""
    said, line = _read_line(path)
    key = _key(secret, b64decode(said["salt"]))
    unsigned = {name: value for name, value in said.items() if name != "mark"}
    if not hmac.compare_digest(line, _line(unsigned, key)):
        raise WrongKey(WRONG)
    return _opened(path, len(line), key, b64decode(said["prefix"]), line)


def _opened(path: Path, start: int, key: bytes, prefix: bytes, line: bytes) -> Iterator[bytes]:
    unpacked = zlib.decompressobj()
    with path.open("rb") as sealed:
        sealed.seek(start)
        for number, (piece, last) in enumerate(_marked(iter(lambda: sealed.read(PIECE + TAG), b""))):
            try:
                plain = AESGCM(key).decrypt(_nonce(prefix, number, last), piece, line)
                yield unpacked.decompress(plain)
            except (InvalidTag, zlib.error) as error:
                raise StoreError(DAMAGED) from error
    if not unpacked.eof:
        raise StoreError(DAMAGED)


def _read_line(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        with path.open("rb") as sealed:
            line = sealed.readline(LONGEST_LINE)
        said = json.loads(line)
        if said["magic"] != MAGIC or {"salt", "prefix", "mark", "kind", "revision", "made_at"} - set(said):
            raise StoreError(NOT_ONE)
        for part in ("salt", "prefix"):
            b64decode(said[part], validate=True)
        datetime.fromisoformat(str(said["made_at"]))
    except OSError as error:
        raise StoreError(f"The backup {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(NOT_ONE) from error
    return said, line


def _line(said: dict[str, Any], key: bytes) -> bytes:
    mark = hmac.digest(key, json.dumps(said, sort_keys=True).encode(), "sha256")
    return json.dumps({**said, "mark": b64encode(mark).decode()}, sort_keys=True).encode() + b"\n"


def _key(secret: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, **_COST).derive(secret.strip().encode())


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4) + bytes([last])


def _compressed(plain: BinaryIO) -> Iterator[bytes]:
    """In pieces of PIECE bytes, the last one shorter and never empty."""
    packed, held = zlib.compressobj(1), bytearray()
    while block := plain.read(PIECE):
        held += packed.compress(block)
        while len(held) > PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    held += packed.flush()
    while held:
        yield bytes(held[:PIECE])
        del held[:PIECE]


def _marked(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is the last."""
    held = next(pieces, None)
    for piece in pieces:
        if held is not None:
            yield held, False
        held = piece
    if held is not None:
        yield held, True
