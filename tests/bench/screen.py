"""One screen without a browser: Streamlit's websocket with the widgets it drew, so that they can be changed and pressed."""

import time
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

PATIENCE = 60.0  # seconds for one answer


class Screen:
    """page, query: where it is. Each method answers with the milliseconds until the script behind the page had ended.

    Raises AssertionError when the server shows an error in place of the page.
    """

    def __init__(self, client: httpx.Client) -> None:
        base = str(client.base_url).rstrip("/")
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        self._connection: ClientConnection = connect(
            base.replace("http", "ws", 1) + "/_stcore/stream",
            origin=base,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": cookies},
            max_size=None,
            open_timeout=PATIENCE,
        )
        self.page = self.query = ""
        self.bytes = 0
        self._widgets: dict[str, tuple[Any, str]] = {}  # label → the element that was drawn, its fragment
        self._kept: dict[str, Any] = {}  # id → the state that goes with every later message

    def open(self, page: str = "", query: str = "") -> float:
        """Go to a page by its url_path, "" = the morning."""
        self.page, self.query = page, query
        self._widgets, self._kept = {}, {}
        return self._run(BackMsg())

    def choose(self, label: str) -> float:
        """Take the first option of a list of several, or none again when it is taken."""
        element, fragment = self._widgets[label]
        taken = self._kept.get(element.id)
        options = [] if taken and taken["string_array_value"] else list(element.options)[:1]
        self._kept[element.id] = {"string_array_value": options}
        return self._run(BackMsg(), fragment)

    def press(self, label: str) -> float:
        element, fragment = self._widgets[label]
        message = BackMsg()
        message.rerun_script.widget_states.widgets.add(id=element.id, trigger_value=True)
        return self._run(message, fragment)

    def knows(self, label: str) -> bool:
        """Whether such a widget is on the page."""
        return label in self._widgets

    def close(self) -> None:
        self._connection.close()

    def _run(self, message: BackMsg, fragment: str = "") -> float:
        script = message.rerun_script
        script.page_name, script.query_string, script.fragment_id = self.page, self.query, fragment
        for key, state in self._kept.items():
            widget = script.widget_states.widgets.add(id=key)
            widget.string_array_value.data.extend(state["string_array_value"])
        begun = time.perf_counter()
        self._connection.send(message.SerializeToString())
        while self._until_finished():  # st.rerun() ends one script and begins the next
            pass
        return (time.perf_counter() - begun) * 1000

    def _until_finished(self) -> bool:
        """Whether the script asked to be run again."""
        while True:
            raw = bytes(self._connection.recv(timeout=PATIENCE))  # type: ignore[arg-type]
            self.bytes += len(raw)
            answer = ForwardMsg()
            answer.ParseFromString(raw)
            kind = answer.WhichOneof("type")
            if kind == "script_finished":
                return answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            if kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "delta":
                self._drawn(answer)

    def _drawn(self, answer: ForwardMsg) -> None:
        element = answer.delta.new_element
        which = element.WhichOneof("type")
        assert which != "exception", "the page shows an error"
        if which in ("multiselect", "button"):
            drawn = getattr(element, which)
            self._widgets[drawn.label] = (drawn, answer.delta.fragment_id)
