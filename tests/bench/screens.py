"""Many open screens on one dashboard: each opens the morning, filters it, opens a patient's card and records something,
again and again, while everything is synced anew and a thousand e-mails go out. Seeded; ends by itself.

    python -m tests.bench.screens --screens 20 --seconds 60
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, select

from core.blasts.audience import Blast, Wanted, check
from core.blasts.batches import make_batch
from core.messages.commands import edited
from core.messages.templates import template_for
from core.patients.models import Patient
from core.permissions import Identity
from core.settings import ROOT, settings
from core.staff.models import Staff
from core.store.base import table_of
from core.store.engine import reader, transaction
from tests.bench.screen import Screen
from tests.browser.clinic import DESK, Clinic, run_clinic

P95_MS, MEMORY_MB = 1_000.0, 25.0
THINKING = (1.0, 4.0)  # seconds a person looks before the next click
SAID_YES, FLAGS, RECORDED = "They said yes", "Flags", "act"


class Taken:
    """What every screen measured: milliseconds by step, and what went wrong."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self._lock = threading.Lock()

    def note(self, step: str, ms: float) -> None:
        with self._lock:
            self.ms[step].append(ms)

    def failed(self, error: BaseException) -> None:
        with self._lock:
            self.errors.append(f"{type(error).__name__}: {error}"[:200])

    def p(self, share: float, *steps: str) -> float:
        """A percentile of the steps, all of them when none is named."""
        every = sorted(ms for step, times in self.ms.items() if not steps or step in steps for ms in times)
        return every[min(len(every) - 1, int(len(every) * share))] if every else float("nan")


def screen_lines(
    screens: int = 20, seconds: float = 60.0, patients: int = 1_200, mails: int = 1_000
) -> list[str]:
    """One line a figure: clicks, memory a session, errors."""
    with (
        tempfile.TemporaryDirectory(prefix="huddle-screens-") as folder,
        pytest.MonkeyPatch.context() as patch,
        run_clinic(Path(folder), patch, patients=patients) as clinic,
    ):
        taken, memory, sent = _measured(clinic, screens, seconds, mails)
    clicks = sum(map(len, taken.ms.values()))
    by_step = ", ".join(
        f"{step} {taken.p(0.5, step):.0f}/{taken.p(0.95, step):.0f}" for step in sorted(taken.ms)
    )
    good = taken.p(0.95) < P95_MS and not taken.errors
    lines = [
        f"| {screens} screens, {clicks:,} clicks, with a full sync and a blast of {sent:,} | p50 {taken.p(0.5):.0f} ms, p95 "
        f"{taken.p(0.95):.0f} ms ({by_step}), {len(taken.errors)} errors | – | – | p95 < {P95_MS:.0f} ms, 0 errors "
        f"| {'yes' if good else 'no'} |",
        f"| memory of one session, {screens} screens | {memory:.1f} MB | – | – | ≤ {MEMORY_MB:.0f} MB "
        f"| {'yes' if memory <= MEMORY_MB else 'no'} |",
    ]
    return lines + [f"| error | {error} | – | – | – | – |" for error in dict.fromkeys(taken.errors)]


def _measured(clinic: Clinic, screens: int, seconds: float, mails: int) -> tuple[Taken, float, int]:
    keys = _patients(clinic.store, limit=200)
    taken = Taken()
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(_screen(clinic))
        _round(first, keys[0], Taken())  # what is imported with the first pages is not a session's
        before = _memory_mb(clinic.dashboard.process.pid)
        opened = [stack.enter_context(_screen(clinic)) for _ in range(screens)]
        for number, screen in enumerate(opened):
            _round(screen, keys[number % len(keys)], Taken())
        memory = (_memory_mb(clinic.dashboard.process.pid) - before) / screens
        sent = _blast(clinic.store, mails)
        syncing = stack.enter_context(_full_syncs())
        until = time.monotonic() + seconds
        people = [
            threading.Thread(target=_person, args=(screen, number, keys, until, taken), daemon=True)
            for number, screen in enumerate(opened)
        ]
        for person in people:
            person.start()
        for person in people:
            person.join(seconds + 300)
        syncing.set()
    return taken, memory, sent


def _person(screen: Screen, seed: int, keys: list[int], until: float, taken: Taken) -> None:
    chance = random.Random(seed)  # noqa: S311
    time.sleep(chance.uniform(0, THINKING[1]))
    try:
        while time.monotonic() < until:
            _round(screen, chance.choice(keys), taken, think=lambda: time.sleep(chance.uniform(*THINKING)))
    except Exception as error:  # one screen that fails is a figure, not the end of the others
        taken.failed(error)


def _round(screen: Screen, patient_id: int, taken: Taken, think=lambda: None) -> None:
    """A person's usual steps."""
    taken.note("open", screen.open())
    think()
    if screen.knows(FLAGS):
        taken.note("filter", screen.choose(FLAGS))
        think()
    taken.note("card", screen.open("patient", f"id={patient_id}"))
    think()
    taken.note(RECORDED, screen.press(SAID_YES))
    think()


@contextlib.contextmanager
def _screen(clinic: Clinic) -> Iterator[Screen]:
    with clinic.dashboard.sign_in(*DESK) as client:
        client.timeout = httpx.Timeout(60)
        screen = Screen(client)
    try:
        yield screen
    finally:
        screen.close()


@contextlib.contextmanager
def _full_syncs() -> Iterator[threading.Event]:
    """Everything is read anew, again and again, by a process of its own."""
    over = threading.Event()

    def again() -> None:
        while not over.is_set():
            subprocess.run(
                [sys.executable, "-m", "dashboard.cli", "sync", "--full"],
                cwd=ROOT, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=600,
            )  # fmt: skip
            over.wait(5)

    thread = threading.Thread(target=again, daemon=True)
    thread.start()
    yield over
    over.set()
    thread.join(600)


def _blast(engine: Engine, mails: int) -> int:
    """E-mails that the worker inside the dashboard sends meanwhile: how many stand ready."""
    with reader(engine) as session:
        owner = session.execute(select(table_of(Staff)).limit(1)).one()
    who = Identity(owner.id, 0, owner.username, owner.display_name, "owner")
    with transaction(engine) as session:
        words = edited(
            template_for(session, "pay link", "email"),
            subject="A payment is open",
            body="Hello {{ first_name }}",
        )
        wanted = [Wanted(key, {"amount": "$10.00"}) for key in _patients(engine, limit=mails)]
        goes = len(check(session, wanted, channel=words.channel, purpose=words.purpose).goes)
        blast = Blast("screens", words, wanted)
        return make_batch(session, who, blast, form="screens", typed_count=goes, undo=timedelta(0)).count


def _patients(engine: Engine, *, limit: int) -> list[int]:
    patient = table_of(Patient)
    query = select(patient.c.id).where(patient.c.active, patient.c.gone_at.is_(None)).order_by(patient.c.id)
    with reader(engine) as session:
        return list(session.execute(query.limit(limit)).scalars())


def _memory_mb(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS"))) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description="Many screens on one dashboard.")
    parser.add_argument("--screens", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--patients", type=int, default=1_200)
    parser.add_argument("--mails", type=int, default=1_000)
    chosen = parser.parse_args()
    settings.cache_clear()
    print("\n".join(screen_lines(chosen.screens, chosen.seconds, chosen.patients, chosen.mails)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
