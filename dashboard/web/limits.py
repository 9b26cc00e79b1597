"""How often one visitor may knock: counted in this process, forgotten after its window. For public pages alone."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import NamedTuple

MOST_KEPT = 50_000


class Limit(NamedTuple):
    """At most `times` in `seconds`."""

    times: int
    seconds: float


_knocks: dict[tuple[str, str], deque[float]] = defaultdict(deque)
_lock = threading.Lock()


def wait(place: str, visitor: str, limit: Limit, *, now: Callable[[], float] = time.monotonic) -> float:
    """Count one knock of a visitor at a place: 0.0 when it may come in, else seconds until it may."""
    moment = now()
    with _lock:
        if len(_knocks) > MOST_KEPT:
            _forget_older(moment - limit.seconds)
        knocks = _knocks[place, visitor]
        while knocks and knocks[0] <= moment - limit.seconds:
            knocks.popleft()
        if len(knocks) >= limit.times:
            return knocks[0] + limit.seconds - moment
        knocks.append(moment)
        return 0.0


def _forget_older(moment: float) -> None:
    for key in [key for key, knocks in _knocks.items() if not knocks or knocks[-1] <= moment]:
        del _knocks[key]
    if len(_knocks) > MOST_KEPT:  # a flood from everywhere: better to let people in than to run out of memory
        _knocks.clear()


def forget() -> None:
    """Start counting anew."""
    with _lock:
        _knocks.clear()
