"""What pasted keys usually look like: a wrong shape is worth a warning (fields.py), never a refusal.

Of Cash Practice's keys only a sample is public (field notes §2.5), so what looks odd may still be right: the test call
decides.
"""

import base64
import binascii

LARGEST_CP_ID = 10_000_000
KEY_BYTES = 32


def looks_like_key(key: str) -> bool:
    """Whether a text is 32 bytes in base64: 44 characters."""
    try:
        return len(key) == 44 and len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False
