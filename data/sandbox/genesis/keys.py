"""The keys of the practice at Cash Practice, as Genesis knows them: made from the seed, nothing real opens with them."""

import base64
import hashlib

from data.sandbox.state import State

LOGINS = ("olivia", "max", "dana", "lee")


def cp_id(state: State) -> str:
    """The Provider Identifier: a small whole number."""
    return str(100 + int(state.key("cp id")[:6], 16) % 9000)


def cp_mkey(state: State) -> str:
    """The Provider Key: 32 bytes in base64, 44 characters."""
    return _key(state, "cp mkey")


def clerk_keys(state: State) -> dict[str, str]:
    """Login → Clerk Key, as Cash Practice gave them out."""
    return {login: _key(state, f"clerk {login}") for login in LOGINS}


def login_of(state: State, clerk_key: str) -> str:
    """Whose key this is; "" when it is nobody's."""
    return next((login for login, key in clerk_keys(state).items() if key == clerk_key), "")


def _key(state: State, name: str) -> str:
    return base64.b64encode(hashlib.sha256(state.key(name).encode()).digest()).decode()
