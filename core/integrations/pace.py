"""Calls kept apart, for systems that count them: never more than so many a second, fewer once they complain."""

import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_SECONDS = 2.0
_SLOWER = 1.5


@dataclass(slots=True)
class Pace:
    """seconds: between the beginnings of two calls; grows with each complaint, up to 2 seconds."""

    seconds: float
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    _next: float = 0.0

    def wait(self) -> None:
        """Before each call: until its turn has come."""
        now = self.monotonic()
        if self._next > now:
            self.sleep(self._next - now)
            now = self.monotonic()
        self._next = max(now, self._next) + self.seconds

    def slower(self) -> None:
        """They asked for fewer calls."""
        self.seconds = min(LONGEST_SECONDS, self.seconds * _SLOWER)
