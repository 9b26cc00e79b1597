"""Work that a person began at the screen, in a thread of this process; the page goes on meanwhile.

A process that is killed meanwhile loses nothing: the next sync completes it. What it does stands in the store (runs,
lease); here is only what no row tells: that it could not begin, or the last word of an import.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from core.errors import HuddleError
from core.jobs.sync import sync_connection
from core.jobs.tasks.refresh import refresh_tasks

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Begun:
    """One piece of work. said: its latest word. error: why it ended without doing its work, "" otherwise."""

    thread: threading.Thread | None = None
    said: str = ""
    error: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def going(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


Work = Callable[[Callable[[str], None]], list[str]]
_begun: dict[tuple[str, str], Begun] = {}
_guard = threading.Lock()


def sync_now(engine: Engine, connection_id: int, *, full: bool = False) -> bool:
    """Begin a sync; False when one that was begun here is still going. Its runs are told by the store."""

    def work(said: Callable[[str], None]) -> list[str]:
        results = sync_connection(engine, connection_id, full=full, progress=said)
        refresh_tasks(engine)
        return [result.sentence() for result in results]

    return begin(engine, f"sync {connection_id}", work)


def begin(engine: Engine, name: str, work: Work) -> bool:
    """Run `work` in a thread; False when work of that name is still going. work: told a function to speak with,
    returns the lines that say what came of it."""
    key = (str(engine.url), name)
    with _guard:
        if (found := _begun.get(key)) and found.going:
            return False
        begun = _begun[key] = Begun()
        begun.thread = threading.Thread(target=_run, args=(begun, name, work), name=name, daemon=True)
        begun.thread.start()
    return True


def begun(engine: Engine, name: str) -> Begun | None:
    """The latest work of that name in this process, going or ended; None when there was none."""
    return _begun.get((str(engine.url), name))


def _run(begun: Begun, name: str, work: Work) -> None:
    def said(words: str) -> None:
        begun.said = words

    try:
        begun.lines = work(said)
    except HuddleError as error:
        begun.error = error.sentence
    except Exception:
        _log.exception("%s failed", name)
        begun.error = "Something unexpected happened; the log says more. Nothing is lost: try it again."
