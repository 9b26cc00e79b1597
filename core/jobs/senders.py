"""What goes out how: one table of kind → sender, and one of connection kind → client."""

from collections.abc import Callable, Mapping
from typing import Any

from core.connections.commands import fortis_client
from core.connections.models import Kind
from core.errors import BadInput
from core.outbox.sending import Sender

# how to open what a sender sends by: settings and secrets of the connection in, something with close() out
CLIENTS: dict[str, Callable[[Mapping[str, str], Mapping[str, str]], Any]] = {
    Kind.FORTIS: fortis_client,
}

# colleagues add theirs: the module of the noun's sending defines its Sender, this table names it
SENDERS: dict[str, Sender] = {}


def open_client(kind: str, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Any:
    """The client of a connection. Raises BadInput when nothing is ever sent by such a connection."""
    if kind not in CLIENTS:
        raise BadInput(f"Nothing is sent by a {kind} connection.")
    return CLIENTS[kind](settings, secrets)
