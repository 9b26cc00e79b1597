"""dashboard/presses.py changes Streamlit's inside. Whoever installs another Streamlit is told so here, before a press is lost."""

import hashlib
import inspect
from dataclasses import fields

import streamlit
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.scriptrunner import script_runner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState

from dashboard import presses

RUNNER = script_runner.ScriptRunner
# what is overridden or replaced, as it was when presses.py was written for it
KNOWN = {
    "ScriptRequests._request_rerun_locked": (ScriptRequests._request_rerun_locked, "5bc72b1577ca"),
    "ScriptRequests.on_scriptrunner_yield": (ScriptRequests.on_scriptrunner_yield, "47cdfab7c772"),
    "ScriptRequests.on_scriptrunner_ready": (ScriptRequests.on_scriptrunner_ready, "89daaa18f02d"),
    "ScriptRunner._maybe_handle_execution_control_request": (presses._interrupt, "5bae9b98a904"),
}
ASKED = {
    "query_string", "page_script_hash", "fragment_id_queue", "is_fragment_scoped_rerun", "cached_message_hashes",
    "context_info", "widget_states", "is_auto_rerun",
}  # fmt: skip
OF_A_RUN = {
    "script_requests", "fragment_ids_this_run", "fragment_storage", "has_script_started", "query_string",
    "page_script_hash", "cached_message_hashes", "context_info",
}  # fmt: skip
TOLD = (
    f"Streamlit {streamlit.__version__} is not the one that dashboard/presses.py knows, and presses may be lost. "
    "Go back to the Streamlit of requirements.lock, or read docs/decisions/0031-presses.md and adapt presses.py: "
)


def digest(function: object) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]  # type: ignore[arg-type]


def names_of(kind: type) -> set[str]:
    """Fields and properties."""
    return {field.name for field in fields(kind)} | set(dir(kind))  # type: ignore[arg-type]


def test_streamlits_inside_is_the_one_that_the_presses_rest_on() -> None:
    changed = [name for name, (function, known) in KNOWN.items() if digest(function) != known]
    gone = {f"RerunData.{name}" for name in ASKED - names_of(RerunData)}
    gone |= {f"ScriptRunContext.{name}" for name in OF_A_RUN - names_of(ScriptRunContext)}
    gone |= {f"WidgetMetadata.{name}" for name in {"callback", "callbacks"} - names_of(WidgetMetadata)}
    gone |= {
        f"WidgetState.{name}"
        for name in presses._TRIGGERS
        if name not in WidgetState.DESCRIPTOR.fields_by_name
    }
    gone |= {
        f"ScriptRequestType.{name}"
        for name in ("STOP", "RERUN", "CONTINUE")
        if name not in ScriptRequestType.__members__
    }
    gone |= {
        f"ScriptRequests.{name}"
        for name in ("_state", "_rerun_data", "_lock")
        if not hasattr(ScriptRequests(), name)
    }
    if not hasattr(SessionState()._new_widget_state, "widget_metadata"):
        gone.add("SessionState._new_widget_state.widget_metadata")
    assert changed == [], TOLD + f"changed are {', '.join(changed)}."
    assert gone == set(), TOLD + f"gone are {', '.join(sorted(gone))}."


def test_a_runner_makes_its_requests_by_the_name_that_is_replaced() -> None:
    made = inspect.getsource(RUNNER.__init__)
    assert "self._requests = ScriptRequests()" in made, TOLD + "a runner makes its ScriptRequests elsewhere."
    for name in ("_execing", "_session_state"):
        assert f"self.{name}" in made, TOLD + f"a runner has no {name}."
    assert hasattr(RUNNER, "_is_in_script_thread"), TOLD + "a runner has no _is_in_script_thread."
