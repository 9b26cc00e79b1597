"""The public site and the inbox's worker in processes of their own, to be killed."""

import os
import time
from multiprocessing.process import BaseProcess

import httpx
import uvicorn
from starlette.applications import Starlette

from core.jobs.inbox.work import work_inbox
from core.settings import settings
from core.store.engine import open_store
from dashboard.web.routes import MIDDLEWARE, ON_ERROR, ROUTES
from tests.forks import FORKS


def serve(store_url: str, port: int, *, crash: str = "") -> BaseProcess:
    """The public site on a port, answering when this returns."""
    process = FORKS.Process(target=_serve, args=(store_url, port, crash, os.environ["HUDDLE_KEY_FILE"]))
    process.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/webhooks/fortis", timeout=2, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return process
    raise AssertionError("the public site did not start")


def work(store_url: str, *, crash: str = "") -> int:
    """Apply what is in the inbox, elsewhere; the exit code, negative when it was killed."""
    process = FORKS.Process(target=_work, args=(store_url, crash, os.environ["HUDDLE_KEY_FILE"]))
    process.start()
    process.join(60)
    return process.exitcode or 0


def _settle(store_url: str, crash: str, key_file: str) -> None:
    os.environ.update({"HUDDLE_STORE": store_url, "HUDDLE_CRASHPOINT": crash, "HUDDLE_KEY_FILE": key_file})
    settings.cache_clear()


def _serve(store_url: str, port: int, crash: str, key_file: str) -> None:
    _settle(store_url, crash, key_file)
    app = Starlette(routes=ROUTES, middleware=MIDDLEWARE, exception_handlers=ON_ERROR)  # type: ignore[arg-type]
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")


def _work(store_url: str, crash: str, key_file: str) -> None:
    _settle(store_url, crash, key_file)
    work_inbox(open_store(store_url))
