"""A worker that sends, in a process of its own, to be killed. Forked from one that has everything imported."""

import os
import time
from multiprocessing.process import BaseProcess

from sqlmodel import col, func, select

from core.jobs.outbox.work import work_outbox
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.settings import settings
from core.store.engine import open_store, reader
from tests.forks import FORKS

SETTLE_SECONDS = "1"  # instead of ten minutes; the servers of these tests answer within milliseconds


def start(store_url: str, *, crash: str = "") -> BaseProcess:
    """Begin to send until nothing is left that a machine can settle. crash: the crashpoint to die at."""
    process = FORKS.Process(target=_send, args=(store_url, crash, os.environ["HUDDLE_KEY_FILE"]))
    process.start()
    return process


def _send(store_url: str, crash: str, key_file: str) -> None:
    os.environ.update(
        {
            "HUDDLE_CRASHPOINT": crash,
            "HUDDLE_KEY_FILE": key_file,
            "HUDDLE_SETTLE_SECONDS": SETTLE_SECONDS,
            "HUDDLE_QUIET_FROM": "0",
            "HUDDLE_QUIET_UNTIL": "0",
        }
    )
    settings.cache_clear()
    engine = open_store(store_url)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        work_outbox(engine)
        with reader(engine) as session:
            open_rows = select(func.count()).where(
                (col(OutboxRow.state).in_((OutboxState.WAITING, OutboxState.SENDING)))
                | ((OutboxRow.state == OutboxState.UNKNOWN) & (OutboxRow.kind == OutboxKind.TEXT))
            )
            if session.exec(open_rows).one() == 0:
                return
        time.sleep(0.02)
    raise SystemExit("the outbox was not worked off within two minutes")
