"""What opens the practice at Cash Practice: made from the seed, nothing real opens with it. Its CP_ID, CP_MKey and clerk
keys are the ones Genesis is told (genesis/keys.py)."""

import base64
import hashlib

from data.sandbox.genesis.keys import clerk_keys, cp_id, cp_mkey, login_of
from data.sandbox.state import State

__all__ = ["api_key", "clerk_keys", "cp_id", "cp_mkey", "login_of"]


def api_key(state: State) -> str:
    """The TrackStat API Key: 32 bytes in base64, 44 characters."""
    return base64.b64encode(hashlib.sha256(state.key("tps api key").encode()).digest()).decode()
