"""A worker says every third of a lease that it still lives, so that nobody takes the rows it has, however slow a call is."""

import contextvars
import logging
import threading
from collections.abc import Sequence
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import clock
from core.outbox import commands as outbox
from core.outbox.sender import Outgoing
from core.store.engine import transaction

_log = logging.getLogger(__name__)


class Holding:
    """For the time of one pass: `hold` names the rows that are this worker's now, in place of the ones before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mine: dict[str, int] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Holding":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        """What could not be written down stays taken until its lease is over, like what a killed process left."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def hold(self, rows: Sequence[Outgoing]) -> None:
        """These rows, taken just now."""
        self._mine = {row.key: row.fence for row in rows}
        if self._thread is None:
            context = contextvars.copy_context()  # the thread sees the same clock as the pass
            self._thread = threading.Thread(
                target=context.run, args=(self._renew,), name="outbox rows", daemon=True
            )
            self._thread.start()

    def _renew(self) -> None:
        while not self._over.wait(outbox.lease().total_seconds() / 3):
            try:
                with transaction(self._engine) as session:
                    outbox.keep_hold(session, self._mine, now=clock.now())
            except SQLAlchemyError as error:
                _log.warning("rows being sent could not be held on to: %s", type(error).__name__)
