"""An open tab in which a form is filled in and sent, without a browser; it keeps every byte that came back."""

import contextlib
from collections.abc import Iterator, Mapping

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from tests.web.tab import open_tab


class FormTab:
    """page, query: where it is. received: everything the server sent. fields, buttons: by their labels."""

    def __init__(self, connection: ClientConnection, page: str) -> None:
        self.connection, self.page = connection, page
        self.received: list[bytes] = []
        self.fields: dict[str, str] = {}
        self.buttons: dict[str, str] = {}

    def go(self, query: str = "") -> bytes:
        """Open the page with a query. Returns the bytes of what was drawn."""
        self.query = query
        return self._run(BackMsg())

    def send(self, button: str, values: Mapping[str, str]) -> bytes:
        """Fill in the fields, by their labels, and press a button of the form."""
        message = BackMsg()
        states = message.rerun_script.widget_states.widgets
        for label, value in values.items():
            states.add(id=self.fields[label], string_value=value)
        states.add(id=self.buttons[button], trigger_value=True)
        return self._run(message)

    def _run(self, message: BackMsg) -> bytes:
        message.rerun_script.page_name = self.page
        message.rerun_script.query_string = self.query
        self.connection.send(message.SerializeToString())
        begun = len(self.received)
        again = True
        while again:  # st.rerun() finishes one script and begins the next
            again = self._until_finished()
        return b"".join(self.received[begun:])

    def _until_finished(self) -> bool:
        """Whether the script asked to be run again."""
        while True:
            raw = bytes(self.connection.recv(timeout=60))  # type: ignore[arg-type]
            self.received.append(raw)
            answer = ForwardMsg()
            answer.ParseFromString(raw)
            if answer.WhichOneof("type") == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            if answer.WhichOneof("type") == "script_finished":
                return answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            element = answer.delta.new_element
            if element.HasField("text_input"):
                self.fields[element.text_input.label.removesuffix(" (optional)")] = element.text_input.id
            if element.HasField("button"):
                self.buttons[element.button.label] = element.button.id


@contextlib.contextmanager
def open_form(client: httpx.Client, page: str) -> Iterator[FormTab]:
    """A tab of the browser `client` on a page."""
    with open_tab(client) as tab:
        yield FormTab(tab.connection, page)
