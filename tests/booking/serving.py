"""Server processes to be killed: the real routes and middleware, the real outbox and the bookings' job, without Streamlit."""

import os
import socket
import threading
import time
from datetime import timedelta
from multiprocessing.process import BaseProcess

import uvicorn
from starlette.applications import Starlette

from core.booking import holding, paying
from core.errors import HuddleError
from core.integrations import http
from core.jobs.booking.tend import tend_bookings
from core.jobs.outbox import loop, send_and_settle
from core.jobs.outbox.loop import OutboxLoop
from core.settings import settings
from core.store.engine import open_store
from dashboard.web.routes import MIDDLEWARE, ON_ERROR, ROUTES
from data.sandbox.app import listen
from tests.forks import FORKS

SETTLE_SECONDS, READ_SECONDS, HOLD_SECONDS = "1", 1.0, 60.0


class Server:
    """One server process at an address that stays; `kill` ends it by SIGKILL, and `start` puts another in its place."""

    def __init__(self, store_url: str) -> None:
        self.store_url = store_url
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: BaseProcess | None = None
        self.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """A new process; it is there when it answers."""
        place = (self.store_url, os.environ["HUDDLE_KEY_FILE"], self.port)
        self.process = FORKS.Process(target=_serve, args=place, daemon=True)
        self.process.start()

    def kill(self) -> None:
        """Gone at once, whatever it was doing."""
        if self.process is not None:
            self.process.kill()
            self.process.join(10)
            self.process = None


def _serve(store_url: str, key_file: str, port: int) -> None:
    given = {"HUDDLE_STORE": store_url, "HUDDLE_KEY_FILE": key_file, "HUDDLE_SETTLE_SECONDS": SETTLE_SECONDS}
    os.environ.update(given)
    settings.cache_clear()
    http.READ_SECONDS, http.CIRCUIT_SECONDS = READ_SECONDS, 0.3
    send_and_settle.FIRST_WAIT_SECONDS, loop.AFTER_TROUBLE_SECONDS = 0.2, 1.0
    # people who walk away free their time in this race and not ten minutes after it
    holding.HOLD_MINUTES = HOLD_SECONDS / 60
    paying.ANOTHER_TRY = timedelta(seconds=HOLD_SECONDS)
    engine = open_store(store_url)
    OutboxLoop(engine, every_seconds=0.3).start()
    threading.Thread(target=_tend, args=(engine,), daemon=True).start()
    app = Starlette(routes=ROUTES, middleware=MIDDLEWARE, exception_handlers=ON_ERROR)  # type: ignore[arg-type]
    config = uvicorn.Config(
        app, log_level="error", lifespan="off", proxy_headers=True, forwarded_allow_ips="127.0.0.1"
    )
    uvicorn.Server(config).run(sockets=[listen(port)])


def _tend(engine: object) -> None:
    while True:
        try:
            tend_bookings(engine)  # type: ignore[arg-type]
        except HuddleError:
            time.sleep(0.5)
        time.sleep(1.0)
