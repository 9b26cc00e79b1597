"""The worker's pass over the outbox in a process of its own, to be killed: invoices, payment links, new cards."""

import os
from multiprocessing.process import BaseProcess

from core.jobs.outbox.send_and_settle import work_outbox
from core.settings import settings
from core.store.engine import open_store
from tests.forks import FORKS


def start_working(store_url: str, *, crash: str) -> BaseProcess:
    """Begin one pass elsewhere, to die at a crashpoint with its count."""
    process = FORKS.Process(target=_work, args=(store_url, crash, os.environ["HUDDLE_KEY_FILE"]))
    process.start()
    return process


def _work(store_url: str, crash: str, key_file: str) -> None:
    os.environ.update({"HUDDLE_CRASHPOINT": crash, "HUDDLE_KEY_FILE": key_file})
    settings.cache_clear()
    for _ in range(4):
        work_outbox(open_store(store_url))
