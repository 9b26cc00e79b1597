"""GET /healthz: does the store answer and take what is written, does the worker run. No names, no counts: it is public."""

import threading
import time

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import StoreError
from core.store.engine import reader
from core.store.probe import write_probe
from dashboard.web import sessions
from dashboard.web.lifespan import worker_state

PROBE_SECONDS = 10.0


class Health(HTTPEndpoint):
    """200 when all is well, 503 when the store or a worker that should run does not."""

    async def get(self, request: Request) -> Response:
        store, worker = await run_in_threadpool(store_state), worker_state()
        well = store == "ok" and worker != "stopped"
        status = {"status": "ok" if well else "trouble", "store": store, "worker": worker}
        return JSONResponse(status, status_code=200 if well else 503)


def store_state() -> str:
    """ "ok"; "unreachable" when a real read of the store fails, "not writable" when a real write does."""
    try:
        with reader(sessions.engine()) as session:
            session.execute(text("SELECT version_num FROM alembic_version")).one()
    except (SQLAlchemyError, StoreError):
        return "unreachable"
    return "ok" if _probe.takes_writes() else "not writable"


class _Probe:
    """Writes one small row, at most every PROBE_SECONDS whoever asks how often: a write is dear, and anybody may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at, self._well = -PROBE_SECONDS, True

    def takes_writes(self) -> bool:
        """What the last probe found."""
        with self._lock:
            if not self._well or time.monotonic() - self._at >= PROBE_SECONDS:
                self._well = write_probe(sessions.engine())
                self._at = time.monotonic()
            return self._well


_probe = _Probe()
