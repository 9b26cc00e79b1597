"""What pasted identifiers and keys usually look like: a wrong shape is worth a warning, never a refusal.

Of Cash Practice's keys only a sample is public (field notes §2.5), so what looks odd may still be right: the test call
decides.
"""

import base64
import binascii
from collections.abc import Mapping

from core.connections.models import Kind

LARGEST_CP_ID = 10_000_000
KEY_BYTES = 32


def shape_warnings(kind: str, settings: Mapping[str, str], secrets: Mapping[str, str]) -> list[str]:
    """One sentence for each value that looks unlike what it should be. The values are cleaned already; none is quoted."""
    if kind != Kind.GENESIS:
        return []
    found = []
    cp_id, key = settings.get("cp_id", ""), secrets.get("cp_mkey", "")
    if cp_id and not (cp_id.isascii() and cp_id.isdecimal() and int(cp_id) < LARGEST_CP_ID):
        found.append(
            "The Provider Identifier (CP_ID) is usually a small whole number such as 123. Check that it was not "
            "mixed up with a key."
        )
    if key and not looks_like_key(key):
        found.append(
            "The Provider Key (CP_MKey) usually has 44 characters and ends in “=”. Check that all of it was copied."
        )
    return found


def clerk_key_warning(key: str) -> str:
    """The same for one person's Clerk Key; "" when it looks right."""
    if not key or looks_like_key(key):
        return ""
    return "A Clerk Key usually has 44 characters and ends in “=”. Check that all of it was copied."


def looks_like_key(key: str) -> bool:
    """Whether a text is 32 bytes in base64: 44 characters."""
    try:
        return len(key) == 44 and len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False
