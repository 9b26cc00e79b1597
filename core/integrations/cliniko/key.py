"""What a Cliniko API key says: its shard, and so the only host it is ever sent to (Cliniko §6.1)."""

import re

from core.errors import BadInput
from core.integrations.http import is_loopback, require_allowed

USUAL_SHARD = "au1"  # of keys from before there were several
_SHARD = re.compile(r"[a-z]{2}\d{1,2}", re.ASCII)


def shard_of(key: str) -> str:
    """What follows the last `-` of the key. Raises BadInput when that is no shard: the host is built from it."""
    if "-" not in key:
        return USUAL_SHARD
    shard = key.rpartition("-")[2].lower()
    if not _SHARD.fullmatch(shard):
        raise BadInput(
            "The Cliniko API key does not end in a shard such as “-us1” or “-au2”. Copy it again, whole, with its end."
        )
    return shard


def address_of(key: str, base_url: str = "") -> tuple[str, str]:
    """The base address and the one host allowed for a key. base_url: only for a stand-in on this machine.

    Raises BadInput for a key without a known shape of shard, or a base_url anywhere else.
    """
    host = f"api.{shard_of(key)}.cliniko.com"
    if not base_url:
        return f"https://{host}/v1", host
    if not is_loopback(require_allowed(base_url, host).host):
        raise BadInput(
            "The address of Cliniko follows from the API key. Leave the address empty; it is only for a stand-in on "
            "this machine."
        )
    return f"{base_url.rstrip('/')}/v1", host
