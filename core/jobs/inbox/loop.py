"""The thread that applies what came in: at once when something was put into the inbox, and every few seconds."""

import threading

import structlog
from sqlalchemy import Engine

from core.inbox.commands import arrived
from core.jobs.inbox.work import InboxPass, work_inbox

EVERY_SECONDS = 5.0

_log = structlog.get_logger("huddle.inbox")


class InboxLoop:
    """One thread: events of a connection are applied together, so there is no use for more."""

    def __init__(self, engine: Engine, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._engine, self._every = engine, every_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin at once. Starting a running loop does nothing."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Begin nothing new."""
        self._stop.set()
        arrived.set()

    def stop(self, timeout: float) -> None:
        """End, waiting up to `timeout` seconds; what is not applied by then is at the next start."""
        self.end()
        if self._thread is not None:
            self._thread.join(timeout)
        self._thread = None

    def _run(self) -> None:
        while not self._stop.is_set():
            arrived.clear()
            try:
                did = work_inbox(self._engine, stop=self._stop)
                if did != InboxPass():
                    _log.info("inbox worked", did=str(did))
            except Exception:
                _log.exception("the inbox could not be worked")
            arrived.wait(self._every)
