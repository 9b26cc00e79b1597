"""One sync under way: what it holds on to, how it is told to stop, and what it came to."""

from collections.abc import Callable
from threading import Event
from typing import NamedTuple

from sqlalchemy import Engine

from core.errors import HuddleError
from core.jobs.lease import Held
from core.jobs.practice_files.result import FileCounts


class Stopped(HuddleError):
    """The worker was told to stop in mid-sync; the next sync goes on from there."""

    permanent = False


class RunResult(NamedTuple):
    """What the sync of one resource came to. error: one sentence, "" when it was read to its end."""

    connection: str
    resource: str
    rows_in: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    set_aside: int = 0
    gone: int = 0
    error: str = ""
    retry_after: float | None = None

    def sentence(self) -> str:
        """One line for a terminal."""
        came = FileCounts(
            self.rows_in, self.stored, self.unchanged, self.quarantined, self.set_aside, self.gone
        )
        counts = f"{self.connection} · {self.resource}: {came.sentence()}"
        return f"{counts}; stopped: {self.error}" if self.error else counts

    def as_json(self) -> dict[str, object]:
        return {name: value for name, value in self._asdict().items() if name != "retry_after"}


class Work(NamedTuple):
    """What one sync holds on to."""

    engine: Engine
    lease: Held
    connection_id: int
    name: str
    full: bool
    said: Callable[[str], None]
    stop: Event


def pause(stop: Event, seconds: float = 0) -> None:
    """Wait so long, or raise Stopped as soon as the worker is told to stop."""
    if stop.wait(seconds):
        raise Stopped("The sync was stopped; the next one goes on from here.")
