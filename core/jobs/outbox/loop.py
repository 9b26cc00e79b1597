"""The thread that sends: looks into the outbox every second, and at once when something was put into it."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core.errors import HuddleError
from core.jobs.outbox.send_and_settle import Lane, OutboxPass, busy_connections, note_left_behind
from core.outbox.commands import committed

EVERY_SECONDS = 1.0
AFTER_TROUBLE_SECONDS = 60.0
LANES = 4

_log = structlog.get_logger("huddle.outbox")


class OutboxLoop:
    """Works every connection's lane in a thread of its own, so that a slow gateway holds up nobody else."""

    def __init__(self, engine: Engine, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._engine, self._every = engine, every_seconds
        self._stop = threading.Event()
        self._lanes: dict[int, Lane] = {}
        self._going: dict[int, Future[None]] = {}
        self._not_before: dict[int, float] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin at once. Starting a running loop does nothing."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Begin nothing new; what is being sent ends after its row. `stop` waits for it."""
        self._stop.set()
        committed.set()

    def stop(self, timeout: float) -> None:
        """End, waiting up to `timeout` seconds; rows that were claimed and not begun are given back."""
        self.end()
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                _log.warning("a message was still being sent; it is looked up at the next start")
        self._thread = None

    def _run(self) -> None:
        with ThreadPoolExecutor(LANES, thread_name_prefix="outbox") as pool:
            while not self._stop.is_set():
                committed.clear()
                self._begin(pool)
                committed.wait(self._every)
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        try:
            note_left_behind(self._engine)
            busy = busy_connections(self._engine)
        except (HuddleError, SQLAlchemyError) as error:
            _log.warning("the outbox could not be read", error=type(error).__name__)
            return
        for connection_id in busy:
            going = self._going.get(connection_id)
            waits = time.monotonic() < self._not_before.get(connection_id, 0.0)
            if not waits and (going is None or going.done()):
                lane = self._lanes.setdefault(
                    connection_id, Lane(self._engine, connection_id, stop=self._stop)
                )
                self._going[connection_id] = pool.submit(self._work, lane)

    def _work(self, lane: Lane) -> None:
        try:
            did = lane.work()
            if did != OutboxPass():
                _log.info("outbox worked", connection=lane.connection_id, did=str(did))
        except HuddleError as error:
            _log.warning("nothing can be sent", connection=lane.connection_id, error=error.sentence)
            self._not_before[lane.connection_id] = time.monotonic() + AFTER_TROUBLE_SECONDS
        except Exception:
            _log.exception("sending failed", connection=lane.connection_id)
            self._not_before[lane.connection_id] = time.monotonic() + AFTER_TROUBLE_SECONDS
