"""Jobs of `huddle worker` that find nothing to do, beside Procrastinate's own that do nothing, on one PostgreSQL.

What is between the two is ours: opening the store, looking for work, and what each job is locked by.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from procrastinate import App, PsycopgConnector

from core.jobs.distributed import prepare_queue, worker_app
from core.store.engine import open_store
from tests.conftest import fresh_postgres

LEAST = 0.5
JOBS, AT_ONCE, ROUNDS = 500, 4, 3
OURS = "inbox"  # the job that looks most often


def queue_lines(jobs: int = JOBS) -> list[str]:
    """One line: jobs a second of both (best of the rounds), and their ratio."""
    engine = open_store(fresh_postgres())
    prepare_queue(engine)
    conninfo = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    bare = App(connector=PsycopgConnector(conninfo=conninfo))
    nothing = bare.task(name="nothing", queue="nothing")(_nothing)
    own = worker_app(engine)
    rates: dict[str, float] = {"ours": 0.0, "bare": 0.0}
    for _ in range(ROUNDS):
        rates["bare"] = max(rates["bare"], asyncio.run(_rate(bare, "nothing", jobs, lambda _: nothing)))
        rates["ours"] = max(rates["ours"], asyncio.run(_rate(own, OURS, jobs, lambda n: _unlocked(own, n))))
    engine.dispose()
    ratio = rates["ours"] / rates["bare"]
    return [
        f"| `huddle worker`, jobs that find nothing to do | {rates['ours']:.0f} a second "
        f"| Procrastinate's that do nothing {rates['bare']:.0f} a second | {ratio:.2f} × | ≥ {LEAST} × "
        f"| {'yes' if ratio >= LEAST else 'no'} |"
    ]


def _nothing(timestamp: int) -> None:
    pass


def _unlocked(app: App, number: int) -> Any:
    """So that many of them wait at once: in a practice a look that waits already is not put there again."""
    return app.tasks[OURS].configure(queueing_lock=f"bench {number}", lock=f"bench {number}")


async def _rate(app: App, queue: str, jobs: int, task: Callable[[int], Any]) -> float:
    """Jobs a second from the first that is taken to the last that is done."""
    async with app.open_async():
        for number in range(jobs):
            await task(number).defer_async(timestamp=0)
        begun = time.perf_counter()
        await app.run_worker_async(
            queues=[queue],
            concurrency=AT_ONCE,
            wait=False,
            delete_jobs="always",
            install_signal_handlers=False,
            listen_notify=False,
        )
        return jobs / (time.perf_counter() - begun)


if __name__ == "__main__":
    import sys

    print("\n".join(queue_lines(int(sys.argv[1]) if sys.argv[1:] else JOBS)))
