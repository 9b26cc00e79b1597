"""A worker that posts, in a process of its own, to be killed. Forked from one that has everything imported."""

import os
import time
from datetime import timedelta
from multiprocessing.process import BaseProcess

from sqlalchemy import Engine, delete
from sqlmodel import col, select

from core import clock
from core.connections.models import Lease
from core.jobs.post_payments import post_by
from core.postings.models import LedgerPosting, PostingSwitch
from core.settings import settings
from core.store.engine import open_store, reader, transaction
from tests.forks import FORKS
from tests.postings.office import NOW

_OPEN = ("waiting", "sending", "unknown")


def start(store_url: str, *, crash: str = "") -> BaseProcess:
    """Begin to post until nothing is open. crash: the crashpoint to die at."""
    process = FORKS.Process(target=_post, args=(store_url, crash, os.environ["HUDDLE_KEY_FILE"]))
    process.start()
    return process


def _post(store_url: str, crash: str, key_file: str) -> None:
    os.environ.update({"HUDDLE_CRASHPOINT": crash, "HUDDLE_KEY_FILE": key_file, "HUDDLE_SETTLE_SECONDS": "1"})
    settings.cache_clear()
    engine = open_store(store_url)
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < 60:
        with clock.frozen(NOW + timedelta(minutes=passed)):  # a minute here is a second
            if _pass(engine):
                return
        time.sleep(0.2)
    raise SystemExit("not everything was posted within a minute")


def _pass(engine: Engine) -> bool:
    """One pass; True when nothing is open any more."""
    _take_over(engine)
    with reader(engine) as session:
        connection_id = session.exec(select(PostingSwitch.connection_id)).one()
    post_by(engine, connection_id)
    with reader(engine) as session:
        left = select(LedgerPosting.id).where(col(LedgerPosting.state).in_(_OPEN))
        return session.exec(left.limit(1)).first() is None


def _take_over(engine: Engine) -> None:
    """The process before this one is dead for sure: its lease need not run out first."""
    with transaction(engine) as session:
        session.exec(delete(Lease).where(col(Lease.name).startswith("post payments")))
