"""A worker that sends, in a process of its own, to be killed. Forked from one that has everything imported."""

import os
import time
from multiprocessing.process import BaseProcess

from sqlmodel import col, func, select

from core.jobs.outbox import send_and_settle
from core.jobs.outbox.send_and_settle import FIRST_WAIT_SECONDS, work_outbox
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.settings import settings
from core.store.engine import open_store, reader
from tests.forks import FORKS

SETTLE_SECONDS = "1"  # instead of ten minutes; the servers of these tests answer within milliseconds


def start(
    store_url: str, *, crash: str = "", settle: str = SETTLE_SECONDS, first_wait: float = FIRST_WAIT_SECONDS
) -> BaseProcess:
    """Begin to send until nothing is left that a machine can settle. crash: the crashpoint to die at.

    first_wait: seconds before what surely did not happen is tried again.
    """
    given = (store_url, crash, os.environ["HUDDLE_KEY_FILE"], settle, first_wait)
    process = FORKS.Process(target=_send, args=given)
    process.start()
    return process


def _send(store_url: str, crash: str, key_file: str, settle: str, first_wait: float) -> None:
    send_and_settle.FIRST_WAIT_SECONDS = first_wait
    os.environ.update(
        {
            "HUDDLE_CRASHPOINT": crash,
            "HUDDLE_KEY_FILE": key_file,
            "HUDDLE_SETTLE_SECONDS": settle,
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
