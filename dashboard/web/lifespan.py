"""From start to stop of the server: the store is opened and migrated, the embedded worker runs and ends."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit.logger
from starlette.concurrency import run_in_threadpool

from core.connections.commands import require_key
from core.jobs.worker import Worker
from core.logs import configure, take_over
from core.settings import settings
from core.store.engine import reader
from core.store.migrate import migrate
from dashboard.web import passwords, sessions

STOP_SECONDS = 10
log = logging.getLogger("huddle")


_running: list[Worker] = []  # at most one a process


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Raises StoreError when the store cannot be opened, WrongKey when the key file does not open what is sealed in it:
    the server then does not start."""
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
    configure()
    streamlit.logger.setup_formatter = (
        take_over  # it gives each new logger a handler of its own, which does not redact
    )
    engine = sessions.engine()
    migrate(engine)
    with reader(engine) as session:
        require_key(session)  # better not to start than to sync with keys nobody can open
    passwords.nobodys_hash()  # the first unknown name must not take longer than the second
    if settings().worker:
        worker = Worker(engine)
        worker.start()
        _running.append(worker)
