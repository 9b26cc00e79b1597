"""What opens the practice at Cliniko: one API key, made from the seed; nothing real opens with it.

The shard is what follows the last `-` of the key (facts §6.1).
"""

from data.sandbox.state import State

SHARD = "us1"


def api_key(state: State) -> str:
    return f"MS{state.key('cliniko api key')}{state.key('cliniko api key, second half')}-{SHARD}"
