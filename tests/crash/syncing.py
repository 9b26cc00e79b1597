"""A sync in a process of its own, to be killed. The processes are forked from one that has everything imported."""

import os
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from core.integrations.cliniko import client as cliniko
from core.integrations.fortis import client as fortis
from core.jobs.lease import Busy
from core.jobs.sync import sync_connection
from core.store.engine import open_store
from tests.forks import FORKS

PAGE_SIZE = 2


class Syncing(NamedTuple):
    """A process that syncs. `said()` waits for its end: what came of it, {} when it was killed."""

    process: BaseProcess
    answers: Connection

    def said(self) -> dict[str, Any]:
        self.process.join(120)
        try:
            return self.answers.recv()
        except EOFError:
            return {}


def start(store_url: str, connection_id: int, *, crash: str = "") -> Syncing:
    """Begin a sync elsewhere, two records a page. crash: the crashpoint to die at, with its count."""
    mine, theirs = FORKS.Pipe(duplex=False)
    key_file = os.environ["HUDDLE_KEY_FILE"]
    process = FORKS.Process(target=_sync, args=(store_url, connection_id, crash, key_file, theirs))
    process.start()
    theirs.close()
    return Syncing(process, mine)


def _sync(store_url: str, connection_id: int, crash: str, key_file: str, answers: Connection) -> None:
    os.environ.update({"HUDDLE_CRASHPOINT": crash, "HUDDLE_KEY_FILE": key_file})
    fortis.PAGE_SIZE = PAGE_SIZE
    cliniko.PAGE_SIZE, cliniko.PER_SECOND = 3 * PAGE_SIZE, 1_000
    try:
        results = sync_connection(open_store(store_url), connection_id)
    except Busy as busy:
        answers.send({"busy": busy.sentence})
    else:
        answers.send(
            {"errors": [r.error for r in results if r.error], "stored": sum(r.stored for r in results)}
        )
