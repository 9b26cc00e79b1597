"""A look at the patients that is killed leaves no task half made, and the next look makes what is missing, once."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.models import Lease
from core.jobs.crashpoints import TASK_POINTS
from core.settings import ROOT
from core.store.engine import transaction
from tests.tasks.clinic import behind, later, look, steps, tasks

CODE = "import sys; from core.store.engine import open_store; from tests.tasks.clinic import look; look(open_store(sys.argv[1]))"


def test_killed_at_every_named_place_the_next_look_completes(sqlite_store: Engine, tmp_path: Path) -> None:
    behind(sqlite_store, tmp_path)
    url = sqlite_store.url.render_as_string(False)
    for place in TASK_POINTS:
        environment = {**os.environ, "HUDDLE_CRASHPOINT": place}
        killed = subprocess.run(
            [sys.executable, "-c", CODE, url], cwd=ROOT, env=environment, timeout=120, check=False
        )
        assert killed.returncode == -9, place
        assert tasks(sqlite_store) == [], place
        let_the_lease_run_out(sqlite_store)
    assert look(sqlite_store).opened == 1
    assert look(sqlite_store, later(hours=1)).opened == 0
    assert steps(sqlite_store, tasks(sqlite_store)[0].id) == ["opened"]


def let_the_lease_run_out(engine: Engine) -> None:
    with transaction(engine) as session:
        for lease in session.exec(select(Lease)):
            lease.until = clock.EPOCH
