"""An open browser tab without a browser: Streamlit's websocket, spoken from a test."""

import contextlib
import ssl
from collections.abc import Iterator

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

TEXT_FIELDS = frozenset({"body", "label", "title", "message", "header", "placeholder"})


class Tab:
    """One websocket. Each `rerun` asks for a page and answers with every text the server then drew."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def rerun(self, page: str = "", query: str = "", fragment: str = "") -> str:
        """Run a page (url_path, "" = the default one), or only a fragment of it; the texts drawn, one a line."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        message.rerun_script.fragment_id = fragment
        self.connection.send(message.SerializeToString())
        return "\n".join(_texts(part) for part in self._until_finished())

    def _until_finished(self) -> Iterator[ForwardMsg]:
        while True:
            message = ForwardMsg()
            message.ParseFromString(bytes(self.connection.recv(timeout=20)))  # type: ignore[arg-type]
            if message.WhichOneof("type") == "script_finished":
                return
            yield message


@contextlib.contextmanager
def open_tab(
    client: httpx.Client,
    *,
    origin: str | None = "",
    headers: dict[str, str] | None = None,
    trust: ssl.SSLContext | None = None,
) -> Iterator[Tab]:
    """A tab of the browser `client`. origin: "" the page's own, None for no Origin header at all. trust: over TLS, who signs.

    Raises websockets.exceptions.InvalidStatus when the server refuses.
    """
    base = str(client.base_url).rstrip("/")
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    with connect(
        base.replace("http", "ws", 1) + "/_stcore/stream",
        origin=base if origin == "" else origin,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        additional_headers={"Cookie": cookies, **(headers or {})},
        max_size=None,
        ssl=trust,
        open_timeout=20,
    ) as connection:
        yield Tab(connection)


def _texts(message: ForwardMsg) -> str:
    """Every human-readable string of a message."""
    found: list[str] = []
    stack = [message]
    while stack:
        for field, value in stack.pop().ListFields():
            if field.message_type is not None:
                stack.extend(value if field.is_repeated else [value])
            elif isinstance(value, str) and field.name in TEXT_FIELDS:
                found.append(value)
    if message.WhichOneof("type") == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
        found.append("EXCEPTION")
    return "\n".join(found)
