"""How the queues of `huddle worker` stand, read with plain SQL: for the page, /metrics and whoever asks a store.

Where no worker ever ran (SQLite, or one process with the worker inside) there are none, and every answer is empty.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, inspect, text

STALLED_SECONDS = 30.0  # a worker that has said nothing for so long is taken for dead

_STATES = """
SELECT queue_name,
       count(*) FILTER (WHERE status = 'todo'),
       count(*) FILTER (WHERE status = 'doing'),
       count(*) FILTER (WHERE status = 'failed'),
       extract(epoch FROM now() - min(coalesce(scheduled_at, now())) FILTER (
           WHERE status = 'todo' AND coalesce(scheduled_at, now()) < now()))
FROM procrastinate_jobs GROUP BY queue_name ORDER BY queue_name
"""
_ALIVE = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :seconds)"
_FAILED = """
SELECT job.task_name, coalesce(connection.name, ''), job.attempts, max(event.at)
FROM procrastinate_jobs job
JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'failed'
LEFT JOIN connection ON connection.id = (job.args ->> 'connection_id')::integer
WHERE job.status = 'failed'
GROUP BY job.id, job.task_name, connection.name, job.attempts
ORDER BY max(event.at) DESC LIMIT :most
"""


class QueueState(NamedTuple):
    """One queue. waiting, doing, failed: jobs. oldest_seconds: how long the oldest waits past its time; 0 = none does."""

    queue: str
    waiting: int
    doing: int
    failed: int
    oldest_seconds: float


class FailedJob(NamedTuple):
    """A job that was given up. connection: whose it was, "" where it is of none. attempts: how often it was tried."""

    job: str
    connection: str
    attempts: int
    at: datetime


def queue_states(engine: Engine) -> list[QueueState]:
    """Every queue with what waits in it."""
    if not has_queue(engine):
        return []
    with engine.connect() as connection:
        rows = connection.execute(text(_STATES))
        return [QueueState(row[0], int(row[1]), int(row[2]), int(row[3]), float(row[4] or 0)) for row in rows]


def workers_alive(engine: Engine) -> int:
    """How many `huddle worker` processes have a heartbeat now."""
    if not has_queue(engine):
        return 0
    with engine.connect() as connection:
        return int(connection.execute(text(_ALIVE), {"seconds": STALLED_SECONDS}).scalar() or 0)


def failed_jobs(engine: Engine, most: int) -> list[FailedJob]:
    """The latest jobs that were given up, newest first. They are kept for some days (distributed.py)."""
    if not has_queue(engine):
        return []
    with engine.connect() as connection:
        return [FailedJob(*row) for row in connection.execute(text(_FAILED), {"most": most})]


def has_queue(engine: Engine) -> bool:
    """Whether a `huddle worker` ever ran on this store."""
    if engine.dialect.name != "postgresql":
        return False
    with engine.connect() as connection:
        return inspect(connection).has_table("procrastinate_jobs")
