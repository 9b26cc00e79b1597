"""GET /healthz: does the store answer, does the worker run. No names, no counts: it is public."""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import StoreError
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.lifespan import worker_state


class Health(HTTPEndpoint):
    """200 when all is well, 503 when the store or a worker that should run does not."""

    async def get(self, request: Request) -> Response:
        store, worker = await run_in_threadpool(store_state), worker_state()
        well = store == "ok" and worker != "stopped"
        status = {"status": "ok" if well else "trouble", "store": store, "worker": worker}
        return JSONResponse(status, status_code=200 if well else 503)


def store_state() -> str:
    """ "ok", or "unreachable" when a real read of the store fails."""
    try:
        with reader(sessions.engine()) as session:
            session.execute(text("SELECT version_num FROM alembic_version")).one()
    except (SQLAlchemyError, StoreError):
        return "unreachable"
    return "ok"
