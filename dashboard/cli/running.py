"""Commands that go on until they are stopped: the demo, the dashboard, a worker alone, the sandbox."""

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.output import day_of, store_made

PORT = typer.Option(min=1, max=65_535)


def demo(
    port: Annotated[int | None, PORT] = None,
    sandbox_port: Annotated[int | None, PORT] = None,
    patients: int = 300,
    no_browser: Annotated[bool, typer.Option("--no-browser")] = False,
) -> None:
    """A fresh demo practice, the sandbox processors, first sync, dashboard and worker, all in one go.

    On ports 8501 and 8600, or on free ones when those are taken.
    """
    from dashboard.demo import run_demo

    raise typer.Exit(
        run_demo(port=port, sandbox_port=sandbox_port, patients=patients, browser=not no_browser)
    )


def serve(host: str = "127.0.0.1", port: Annotated[int, PORT] = 8501) -> None:
    """Bring the store up to date, then serve the dashboard, the public routes and the embedded worker."""
    from core.connections.commands import require_key
    from core.store.engine import reader
    from dashboard.serve import serve as run

    with reader(store_made()) as session:
        require_key(session)
    raise typer.Exit(run(host, port))


def worker(
    at_once: Annotated[int, typer.Option(min=1, max=32, help="jobs that run at the same time here")] = 4,
) -> None:
    """A worker alone on a PostgreSQL store, any number of them; `huddle serve` runs beside them with HUDDLE_WORKER=false."""
    from core.connections.commands import require_key
    from core.jobs.distributed import run_worker
    from core.logs import configure
    from core.store.engine import reader

    engine = store_made()
    with reader(engine) as session:
        require_key(session)
    configure()
    run_worker(engine, at_once=at_once)


def sandbox(
    port: Annotated[int, PORT] = 8600,
    folder: Path = Path("data/sandbox-state"),
    seed: int = 7,
    patients: int = 300,
    locations: int = 1,
    today: str = "",
) -> None:
    """The sandbox processors alone, with a seeded practice behind them."""
    from data.sandbox.app import serve as run

    day = day_of(today) if today else None  # the practice's own today, in its zone
    run(port=port, folder=folder, seed=seed, patients=patients, locations=locations, today=day)
