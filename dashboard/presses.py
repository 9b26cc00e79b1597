"""Every press counts: each is taken in its turn, with what the fields said at that moment, and to its end.

Streamlit folds what a browser sends while the script is busy into one rerun, and lets a rerun interrupt whatever
runs, a button's callback too: of nine presses within a second one was left, and a callback could end between its
commit and what it notes for the screen (tests/browser/test_presses.py presses a plain page both ways). The shape of
Streamlit 1.67's internals is relied on here and nowhere else; pyproject.toml pins the version. `runner.fastReruns`
must be off (.streamlit/config.toml): with it a rerun throws the runner away, and every press that waits there.
"""

from collections import deque
from contextlib import suppress
from dataclasses import replace

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.scriptrunner import script_runner
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequest,
    ScriptRequests,
    ScriptRequestType,
)
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

_TRIGGERS = ("trigger_value", "string_trigger_value", "chat_input_value", "json_trigger_value")
_interrupt = script_runner.ScriptRunner._maybe_handle_execution_control_request


class InTurn(ScriptRequests):
    """What is asked of a page: a press is never folded into what is asked after it.

    serving: the widgets whose press the run of this moment is for.
    asked_by_script: the script itself wants to start anew (st.rerun), which goes before everything that waits.
    address: the query of the page's address as the browser last said it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.serving: list[str] = []
        self.asked_by_script = False
        self.address: str | None = None
        self._later: deque[RerunData] = deque()  # behind the pending one; not empty only while one is pending

    def _request_rerun_locked(self, new_data: RerunData) -> bool:
        """Behind a press everything waits its turn; a timer that ticks meanwhile comes again by itself."""
        if self._state is ScriptRequestType.STOP:
            return False
        waits = self._state is ScriptRequestType.RERUN
        if get_script_run_ctx(suppress_warning=True) is not None:
            if waits and not self.asked_by_script:
                self._later.appendleft(self._rerun_data)
                self._state = ScriptRequestType.CONTINUE
            self.asked_by_script = True
        elif self._later or (waits and (self.asked_by_script or _pressed(self._rerun_data))):
            if not new_data.is_auto_rerun:
                self._later.append(new_data)
            return True
        return super()._request_rerun_locked(new_data)

    def on_scriptrunner_yield(self) -> ScriptRequest | None:
        request = super().on_scriptrunner_yield()
        return request and self._taken(request)

    def on_scriptrunner_ready(self) -> ScriptRequest:
        return self._taken(super().on_scriptrunner_ready())

    def _taken(self, request: ScriptRequest) -> ScriptRequest:
        """The next in the row becomes the pending one."""
        if request.type is not ScriptRequestType.RERUN:
            return request
        asked = self._where_the_page_is(request.rerun_data)
        self.serving = _pressed(asked)
        if not self.asked_by_script:
            self.address = request.rerun_data.query_string
        with self._lock:
            self.asked_by_script = False
            if self._later:
                super()._request_rerun_locked(self._later.popleft())
        return ScriptRequest(request.type, asked)

    def _where_the_page_is(self, asked: RerunData) -> RerunData:
        """What was pressed before the browser heard that the run ahead of it changed the address: at the new one."""
        ctx = get_script_run_ctx(suppress_warning=True)
        here = ctx and (ctx.page_script_hash, self.address) == (asked.page_script_hash, asked.query_string)
        if ctx and here and _pressed(asked):
            return replace(asked, query_string=ctx.query_string)
        return asked


def rerun_part(*keys: str) -> None:
    """As st.rerun, of the fragments with these keys only; does not return. Returns when the whole page is being drawn, or
    when it has no part of the first key.

    Streamlit allows a key in callbacks only. It takes an open drawer off the screen while a whole page runs, with what
    is being typed in it; while a part runs the drawer stays.
    """
    ctx = get_script_run_ctx()
    if ctx is None or ctx.script_requests is None or not ctx.fragment_ids_this_run:
        return
    parts: list[str] = []
    for place, key in enumerate(keys):
        with suppress(StreamlitAPIException):
            parts += ctx.fragment_storage.resolve_target(key)
        if not parts and not place:
            return
    again = RerunData(
        query_string=ctx.query_string,
        page_script_hash=ctx.page_script_hash,
        fragment_id_queue=parts,
        is_fragment_scoped_rerun=True,
        cached_message_hashes=ctx.cached_message_hashes,
        context_info=ctx.context_info,
    )
    ctx.script_requests.request_rerun(again)
    st.empty()  # here Streamlit looks whether to start anew


def _pressed(asked: RerunData) -> list[str]:
    """The buttons, menus and components of ours that were pressed; fields that changed are not among them."""
    if asked.widget_states is None:
        return []
    return [state.id for state in asked.widget_states.widgets if _is_press(state)]


def _is_press(state: WidgetState) -> bool:
    kind = state.WhichOneof("value")
    return kind in _TRIGGERS and bool(getattr(state, kind))


def _interrupt_between_presses(runner: script_runner.ScriptRunner) -> None:
    """Streamlit asks at every st.… and session state whether to start anew.

    Not before the callbacks are done, nor while the page itself does what was pressed (`if st.button(…)`), unless it
    is the page that asks. Drawing, which is most of the time, is cut short as ever.
    """
    ctx, asked = get_script_run_ctx(suppress_warning=True), runner._requests
    if ctx is not None and isinstance(asked, InTurn) and runner._is_in_script_thread() and runner._execing:
        if not ctx.has_script_started:
            return
        if not asked.asked_by_script and _done_by_page(runner, asked.serving):
            return
    _interrupt(runner)


def _done_by_page(runner: script_runner.ScriptRunner, pressed: list[str]) -> bool:
    """Whether one of these has no callback, so that the page's own code does what it is for."""
    known = runner._session_state._state._new_widget_state.widget_metadata
    found = [known[one] for one in pressed if one in known]
    return any(one.callback is None and one.callbacks is None for one in found)


def keep_every_press() -> None:
    """For the process that serves pages, before the first page is opened. Calling it again changes nothing."""
    script_runner.ScriptRequests = InTurn  # pyright: ignore[reportPrivateImportUsage]
    script_runner.ScriptRunner._maybe_handle_execution_control_request = _interrupt_between_presses  # pyright: ignore
