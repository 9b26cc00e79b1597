"""What the fields of a connection are called in the other system, and what a right value mostly looks like.

A shape only ever warns: the other system's own answer decides. Sources: Fortis §1 (ids, keys), field notes §2.4.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from core.connections.models import Kind

LARGEST_CP_ID = 10_000_000


KEY_BYTES = 32


def looks_like_key(key: str) -> bool:
    """Whether a text is 32 bytes in base64: 44 characters."""
    try:
        return len(key) == 44 and len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


LABELS = {
    "account_id": "EHR account ID",
    "acts_as": "Huddle acts as",
    "account_sid": "Account SID",
    "api_key": "TrackStat API Key",
    "auth_token": "Auth token",
    "base_url": "Address",
    "closed_invoices": "Closed invoices are",
    "contact_email": "Contact address",
    "cp_id": "Provider Identifier (CP_ID)",
    "cp_mkey": "Provider Key (CP_MKey)",
    "date_start": "Date Start",
    "developer_id": "Developer ID",
    "drop_folder": "Drop folder",
    "folder": "Folder",
    "from_number": "Sending number",
    "honours_message_id": "Drops a mail that comes twice",
    "host": "Mail server",
    "key_header": "Header that carries our key",
    "location_id": "Location ID",
    "password": "Password",
    "per_second": "Messages a second",
    "port": "Port",
    "security": "Encryption",
    "sender": "Sender's address",
    "sender_name": "Sender's name",
    "token": "Access token",
    "user_api_key": "User API key",
    "user_id": "User ID",
    "username": "User name",
    "whole": "Each file holds everything (yes or no)",
}

_LABELS_OF_KIND: dict[tuple[str, str], str] = {(Kind.CLINIKO, "api_key"): "API key"}

# which fields sign in: what a refusal of the keys can be about
LOGIN: dict[str, tuple[str, ...]] = {
    Kind.FORTIS: ("user_id", "user_api_key", "developer_id"),
    Kind.EMAIL: ("username", "password"),
    Kind.SMS: ("account_sid", "auth_token"),
    Kind.CASH_PRACTICE: ("api_key",),
    Kind.GENESIS: ("cp_id", "cp_mkey"),
    Kind.FHIR: ("token",),
    Kind.CLINIKO: ("api_key",),
}


class Shape(NamedTuple):
    """fits: of the whole value. words: what it mostly is, after “mostly”."""

    fits: Callable[[str], object]
    words: str


class Odd(NamedTuple):
    """A value that does not look right. name: the field's. sentence: why, without the value itself."""

    name: str
    sentence: str


def _like(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


_ID = Shape(_like(r"[0-9a-fA-F]{24}|[0-9a-fA-F-]{36}"), "24 characters, the digits 0–9 and the letters a–f")
_KEY = Shape(looks_like_key, "44 letters and digits that end in “=”")
_SHAPES: dict[tuple[str, str], Shape] = {
    (Kind.FORTIS, "user_id"): _ID,
    (Kind.FORTIS, "location_id"): _ID,
    (Kind.FORTIS, "user_api_key"): Shape(_like(r"[\w-]{16,64}"), "16 to 64 letters and digits in one piece"),
    (Kind.SMS, "account_sid"): Shape(_like(r"AC[0-9a-fA-F]{32}"), "“AC” and 32 letters and digits"),
    (Kind.SMS, "from_number"): Shape(
        _like(r"\+[1-9]\d{7,14}|MG[0-9a-fA-F]{32}"), "a number such as +16145550100"
    ),
    (Kind.CASH_PRACTICE, "api_key"): _KEY,
    (Kind.CLINIKO, "api_key"): Shape(
        _like(r"\S{10,}-[a-zA-Z]{2}\d{1,2}"), "one long piece that ends in a shard such as “-us1”"
    ),
    (Kind.GENESIS, "cp_id"): Shape(
        lambda value: value.isascii() and value.isdecimal() and int(value) < LARGEST_CP_ID,
        "a small whole number such as 123",
    ),
    (Kind.GENESIS, "cp_mkey"): _KEY,
    (Kind.GENESIS, "date_start"): Shape(_like(r"\d{4}-\d{2}-\d{2}"), "a day such as 2026-11-23, or nothing"),
}


def label_of(name: str, kind: str = "") -> str:
    """What a field is called on the screen and in sentences; kind: where the same name means another thing."""
    return _LABELS_OF_KIND.get((kind, name)) or LABELS.get(name, name.replace("_", " ").capitalize())


def labels_of(names: list[str] | tuple[str, ...], kind: str = "") -> str:
    """Fields in a sentence: `User ID, User API key and Developer ID`."""
    words = [label_of(name, kind) for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def odd_shapes(kind: str, given: Mapping[str, str]) -> list[Odd]:
    """The values (already cleaned) that do not look like what belongs there; empty ones are not looked at."""
    seen: dict[str, str] = {}
    found: list[Odd] = []
    for name, value in given.items():
        if not value:
            continue
        twin = seen.setdefault(value, name) if name in LOGIN.get(kind, ()) else name
        if twin != name:
            same = f"{label_of(name, kind)} is the same as {label_of(twin, kind)}. Copy it again."
            found.append(Odd(name, same))
        elif (shape := _SHAPES.get((kind, name))) and not shape.fits(value):
            found.append(Odd(name, _why(label_of(name, kind), shape, value)))
    return found


def _why(label: str, shape: Shape, value: str) -> str:
    """Says how it differs without showing it: it may be a secret."""
    many = f"{len(value)} character{'' if len(value) == 1 else 's'}"
    return f"{label} does not look right: it is mostly {shape.words}, and this one has {many}."


def without_version(address: str) -> str:
    """A base address as it is meant where somebody copied one from a request: without the version our paths begin with."""
    return re.sub(r"(?:/tps)?/(?:v\d+|2010-04-01)/*$", "", address).rstrip("/")
