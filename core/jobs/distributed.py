"""`huddle worker`: the jobs of registry.py from a queue in PostgreSQL, by any number of processes on any machines.

Procrastinate keeps the queue, its clock, the retries and what a killed worker left behind (DESIGN §2.8); what a job does
is the same as in worker.py. A job may run twice after a kill: leases, fencing and guarded upserts make that harmless.
"""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Engine, inspect, text

from core import clock
from core.errors import BadInput
from core.jobs.inbox.work import work_inbox
from core.jobs.lease import Busy
from core.jobs.outbox.send_and_settle import Lane, busy_connections, note_left_behind
from core.jobs.queues import STALLED_SECONDS
from core.jobs.registry import JOBS, due_syncs
from core.jobs.sync import sync_connection
from core.jobs.tasks.refresh import refresh_tasks
from core.store.engine import reader

SYNC, OUTBOX, INBOX, CLOCK = "sync", "outbox", "inbox", "clock"
EVERY_MINUTE, EVERY_TWO_SECONDS, EVERY_FIVE_SECONDS = "* * * * *", "* * * * * */2", "* * * * * */5"
AT_ONCE = 4
HEARTBEAT_SECONDS = 10.0
KEPT_HOURS = 72  # failed jobs are looked at by nobody after that
AGAIN = RetryStrategy(max_attempts=4, exponential_wait=3)

_log = structlog.get_logger("huddle.worker")


def worker_app(engine: Engine) -> App:
    """The queue of a store with every job on it. Raises BadInput for a store that is not PostgreSQL."""
    if engine.dialect.name != "postgresql":
        raise BadInput(
            "huddle worker needs a PostgreSQL store (--store postgresql+psycopg://…). "
            "With SQLite huddle serve does the same work itself."
        )
    conninfo = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=PsycopgConnector(conninfo=conninfo))
    _add_jobs(app, engine)
    _add_syncs(app, engine)
    _add_outbox(app, engine)
    _add_inbox(app, engine)
    _add_care(app)
    return app


def prepare_queue(engine: Engine) -> None:
    """Make the queue's tables where they are not there yet; two workers that start at once do it once."""
    app = worker_app(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(hashtext('huddle queue'))"))
        try:
            if not inspect(connection).has_table("procrastinate_jobs"):
                with app.open():
                    app.schema_manager.apply_schema()
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(hashtext('huddle queue'))"))


def run_worker(
    engine: Engine,
    *,
    at_once: int = AT_ONCE,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    stalled_seconds: float = STALLED_SECONDS,
) -> None:
    """Work until SIGTERM or SIGINT; what is being done then is done to its end. Raises BadInput (see worker_app)."""
    prepare_queue(engine)
    worker_app(engine).run_worker(
        concurrency=at_once,
        update_heartbeat_interval=heartbeat_seconds,
        stalled_worker_timeout=stalled_seconds,
        fetch_job_polling_interval=2.0,
        delete_jobs="successful",
    )


def _add_jobs(app: App, engine: Engine) -> None:
    """The jobs that run every so often, each on a queue of its own and never twice at once."""
    for job in JOBS:

        def run(timestamp: int, work: Callable[[Engine], Any] = job.run, name: str = job.name) -> None:
            _log.info("job done", job=name, did=work(engine))

        task = app.task(name=job.name, queue=job.name, queueing_lock=job.name, lock=job.name, retry=AGAIN)(
            run
        )
        app.periodic(cron=_cron(job.every))(task)


def _cron(every: timedelta) -> str:
    minutes = max(1, int(every.total_seconds()) // 60)
    return f"*/{minutes} * * * *" if minutes < 60 else f"7 */{max(1, minutes // 60)} * * *"


def _add_syncs(app: App, engine: Engine) -> None:
    @app.task(name="sync", queue=SYNC, retry=AGAIN)
    def sync(connection_id: int, full: bool) -> None:
        with contextlib.suppress(Busy):  # a person's own sync of it is under way
            for result in sync_connection(engine, connection_id, full=full):
                _log.info("synced", **result.as_json())
            refresh_tasks(engine)

    def look(timestamp: int) -> None:
        with reader(engine) as session:
            due = due_syncs(session, now=clock.now())
        for one in due:
            name = f"sync {one.connection_id}"
            _defer(
                sync.configure(lock=name, queueing_lock=name), connection_id=one.connection_id, full=one.full
            )

    _add_look(app, "look for syncs", EVERY_FIVE_SECONDS, look)


def _add_outbox(app: App, engine: Engine) -> None:
    @app.task(name="outbox", queue=OUTBOX)
    def send(connection_id: int) -> None:
        lane = Lane(engine, connection_id)
        try:
            lane.work()
        finally:
            lane.close()

    def look(timestamp: int) -> None:
        note_left_behind(engine)
        for connection_id in busy_connections(engine):
            name = f"outbox {connection_id}"
            _defer(send.configure(lock=name, queueing_lock=name), connection_id=connection_id)

    _add_look(app, "look into the outbox", EVERY_TWO_SECONDS, look)


def _add_inbox(app: App, engine: Engine) -> None:
    def apply(timestamp: int) -> None:
        work_inbox(engine)

    _add_look(app, "inbox", EVERY_TWO_SECONDS, apply, queue=INBOX)


def _add_look(app: App, name: str, cron: str, look: Callable[[int], None], queue: str = CLOCK) -> None:
    app.periodic(cron=cron)(app.task(name=name, queue=queue, queueing_lock=name, lock=name)(look))


def _defer(configured: Any, **arguments: Any) -> None:
    with contextlib.suppress(AlreadyEnqueued):  # it waits already
        configured.defer(**arguments)


def _add_care(app: App) -> None:
    """What a killed worker had taken is given to another, and failed jobs do not stay for ever."""

    async def care(timestamp: int) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):  # type: ignore[misc]
            await app.job_manager.retry_job(job)
        await app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS, include_failed=True)

    task = app.task(name="stalled jobs", queue=CLOCK, queueing_lock="stalled jobs", pass_context=False)(care)
    app.periodic(cron=EVERY_MINUTE)(task)
