"""A blast is tried at the clinic that messages are tried at."""

from tests.messages.conftest import _any_hour, _one_sandbox, clinic, sandbox

__all__ = ["_any_hour", "_one_sandbox", "clinic", "sandbox"]
