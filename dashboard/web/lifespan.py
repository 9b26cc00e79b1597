"""From start to stop of the server: the store is opened and migrated, the embedded worker runs and ends."""

import importlib.util
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool

from core.settings import settings
from core.store.migrate import migrate
from dashboard.web import passwords, sessions

STOP_SECONDS = 10
log = logging.getLogger("huddle")


class Runs(Protocol):
    """What core.jobs.embedded.Worker promises."""

    def start(self) -> None: ...
    def stop(self, timeout: float) -> None: ...
    def alive(self) -> bool: ...


_running: list[Runs] = []  # at most one a process


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Raises StoreError when the store cannot be opened: the server then does not start."""
    await run_in_threadpool(_open)
    try:
        yield {}
    finally:
        while _running:
            await run_in_threadpool(_running.pop().stop, STOP_SECONDS)


def worker_state() -> str:
    """ "running"; "stopped" when it should run and does not; "off" when settings say so."""
    if not _running:
        return "off"
    return "running" if _running[0].alive() else "stopped"


def _open() -> None:
    engine = sessions.engine()
    migrate(engine)
    passwords.nobodys_hash()  # the first unknown name must not take longer than the second
    if settings().worker and importlib.util.find_spec("core.jobs.embedded"):
        worker: Runs = importlib.import_module("core.jobs.embedded").Worker(engine)
        worker.start()
        _running.append(worker)
