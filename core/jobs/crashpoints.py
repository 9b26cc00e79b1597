"""Named places where a test may kill the process, to show that a restart loses and doubles nothing (RELIABILITY 3).

Off unless HUDDLE_CRASHPOINT names the place: `sync.upsert`, or `sync.upsert:3` for the third time it is passed.
"""

import os
import signal
from collections import Counter

POINTS = ("sync.page", "sync.upsert", "sync.cursor", "sync.commit")
ROLL_UP_POINTS = ("roll_up.counted", "roll_up.kept")
INBOX_POINTS = (
    "inbox.verified",
    "inbox.inserted",
    "inbox.stored",
    "inbox.claimed",
    "inbox.asked",
    "inbox.applied",
)
POSTING_POINTS = (
    "posting.claimed",
    "posting.sent",
    "posting.recorded",
    "posting.written",
    "posting.delivered",
)
TASK_POINTS = ("tasks.seen", "tasks.kept")
ROTATE_POINTS = ("rotate.added", "rotate.resealed", "rotate.committed", "rotate.retired")
OUTBOX_POINTS = ("outbox.claimed", "outbox.sent", "outbox.replied", "outbox.committed")

_passed: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Die here, as if the power went, when the environment says so."""
    armed = os.environ.get("HUDDLE_CRASHPOINT")
    if not armed:
        return
    place, _, nth = armed.partition(":")
    if place != name:
        return
    _passed[name] += 1
    if _passed[name] == int(nth or 1):
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
