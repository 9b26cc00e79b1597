"""The worker inside the server's own process: APScheduler is only its clock (DESIGN §2.8)."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.errors import HuddleError
from core.jobs.inbox.loop import InboxLoop
from core.jobs.lease import Busy
from core.jobs.outbox.loop import OutboxLoop
from core.jobs.registry import JOBS, Due, Job, due_syncs
from core.jobs.sync import sync_connection
from core.jobs.tasks.refresh import refresh_tasks
from core.store.engine import reader

TICK_SECONDS = 5.0
ALIVE_SECONDS = 60.0
AT_ONCE = 4

_log = structlog.get_logger("huddle.worker")


class Worker:
    """Syncs every connection on its schedule, sends what is in the outbox, applies what is in the inbox and tidies up, in threads of this process.

    A connection is never synced twice at once: not here, and by its lease not by two processes either.
    """

    def __init__(self, engine: Engine, *, tick_seconds: float = TICK_SECONDS) -> None:
        self._engine, self._tick_seconds = engine, tick_seconds
        self._outbox = OutboxLoop(engine)
        self._inbox = InboxLoop(engine)
        self._stop = threading.Event()
        self._going: dict[int, Future[None]] = {}
        self._not_before: dict[int, float] = {}
        self._last_tick = 0.0
        self._clock: BackgroundScheduler | None = None
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin at once; the first tick comes within a second. Starting a running worker does nothing."""
        if self._clock is not None:
            return
        self._stop.clear()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sync")
        self._clock = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
        self._clock.add_job(
            self._tick,
            "interval",
            seconds=self._tick_seconds,
            next_run_time=datetime.now(UTC),  # the machine's own time, which APScheduler goes by
            misfire_grace_time=None,
        )
        for job in JOBS:
            self._clock.add_job(
                self._run, "interval", args=[job], seconds=job.every.total_seconds(), misfire_grace_time=None
            )
        self._last_tick = time.monotonic()
        self._clock.start()
        self._outbox.start()
        self._inbox.start()

    def stop(self, timeout: float) -> None:
        """End cleanly: no new work, syncs end after their page. Waits up to `timeout` seconds for them."""
        if self._clock is None or self._pool is None:
            return
        self._stop.set()
        self._clock.shutdown(wait=False)
        deadline = time.monotonic() + timeout
        self._outbox.end()
        self._inbox.end()
        for going in list(self._going.values()):
            try:
                going.result(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                _log.warning("a sync did not end in time; the next start goes on from its last page")
        self._outbox.stop(max(0.0, deadline - time.monotonic()))
        self._inbox.stop(max(0.0, deadline - time.monotonic()))
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._clock = self._pool = None

    def alive(self) -> bool:
        """Whether the worker's clock ticks."""
        return self._clock is not None and time.monotonic() - self._last_tick < ALIVE_SECONDS

    def _tick(self) -> None:
        self._last_tick = time.monotonic()
        try:
            with reader(self._engine) as session:
                due = due_syncs(session, now=clock.now())
        except (HuddleError, SQLAlchemyError) as error:
            _log.warning("the store could not be read", error=type(error).__name__)
            return
        for connection in due:
            self._begin(connection)

    def _begin(self, due: Due) -> None:
        going = self._going.get(due.connection_id)
        if (going is not None and not going.done()) or self._stop.is_set() or self._pool is None:
            return
        if time.monotonic() < self._not_before.get(due.connection_id, 0.0):
            return
        self._going[due.connection_id] = self._pool.submit(self._sync, due)

    def _sync(self, due: Due) -> None:
        wait = 60.0  # after something unforeseen, not at every tick
        try:
            results = sync_connection(self._engine, due.connection_id, full=due.full, stop=self._stop)
            wait = max((result.retry_after or 0.0 for result in results), default=0.0)
            for result in results:
                _log.info("synced", **result.as_json())
            refresh_tasks(self._engine)
        except Busy:
            _log.info("another process syncs this connection", connection=due.name)
        except HuddleError as error:
            _log.warning("sync refused", connection=due.name, error=error.sentence)
        except Exception:
            _log.exception("sync failed", connection=due.name)
        self._not_before[due.connection_id] = time.monotonic() + wait

    def _run(self, job: Job) -> None:
        try:
            _log.info("job done", job=job.name, did=job.run(self._engine))
        except Exception:
            _log.exception("job failed", job=job.name)
