"""Whatever the rules find and people do, in any order: no task twice, every step told, no closing without a reason."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from core import clock
from core.audit.models import AuditEntry
from core.errors import BadInput
from core.findings.setting import Setting
from core.permissions import Identity
from core.severity import Severity
from core.store.engine import open_store, transaction
from core.tasks.commands import Until, assign, close, reopen, snooze, take, take_back
from core.tasks.from_findings import Findings, Found, Key
from core.tasks.kinds import TaskKind
from core.tasks.models import CloseReason, Task, TaskEvent, TaskState
from core.tasks.refresh import Seen, keep, wake_due
from core.tasks.rules import grew
from tests.conftest import fresh_sqlite
from tests.reports.practice import load
from tests.tasks.clinic import EIGHT, person

PLAN, CARD = Key(TaskKind.PAYMENT, "plan", "N1"), Key(TaskKind.CARD, "patient", "P1")
SETTING = Setting(EIGHT, date(2026, 11, 23), "America/Denver", False, True, True, True)
SEVERITIES = (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
finding = st.none() | st.tuples(st.sampled_from(SEVERITIES), st.sampled_from((0, 10_000, 20_000)))
looks = st.tuples(st.just("look"), finding, finding)
doings = st.tuples(
    st.sampled_from(("take", "give", "snooze", "close", "reopen", "undo", "wake")), st.integers(0, 3)
)
LIVES = st.lists(looks | doings, min_size=1, max_size=14)


NOT_CLOSED = select(Task).where(col(Task.state) != TaskState.CLOSED)
IDS = select(col(Task.id)).order_by(col(Task.id))


@lru_cache(maxsize=1)
def begun() -> tuple[bytes, Identity]:
    """A store with the patient and Dana in it, made once."""
    with tempfile.TemporaryDirectory() as folder:
        url = fresh_sqlite(Path(folder))
        store = open_store(url)
        load(store, Path(folder) / "files")
        dana = person(store)
        store.dispose()
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(url.removeprefix("sqlite:///")).read_bytes(), dana


class Life:
    """A store with one patient, and what was done last."""

    def __init__(self, folder: Path) -> None:
        (folder / "life.db").write_bytes(begun()[0])
        self.store: Engine = open_store(f"sqlite:///{folder / 'life.db'}")
        self.dana, self.now, self.last = begun()[1], EIGHT, []

    def step(self, what: str, *how: Any) -> None:
        self.now += timedelta(hours=7)
        with clock.frozen(self.now), transaction(self.store) as session:
            if what == "look":
                self.look(session, *how)
            elif what == "wake":
                wake_due(session, self.now)
            else:
                self.person(session, what, *how)

    def look(self, session: Session, plan: Any, card: Any) -> None:
        found = {
            key: Found(key, "MISSING_PAYMENT", one[0], "Ask for it.", one[1], None, ())
            for key, one in ((PLAN, plan), (CARD, card))
            if one is not None
        }
        before = {(t.kind, t.source_id): t for t in session.exec(NOT_CLOSED)}
        snoozed = [t for t in before.values() if t.state == TaskState.SNOOZED]
        worse = {
            t.id
            for t in snoozed
            for key, one in found.items()
            if key.kind == t.kind and grew(one.severity, one.cents, t.mark_severity, t.mark_cents)
        }
        keep(session, [Seen(1, 1, None, Findings(found, frozenset()))], SETTING)
        for task in snoozed:
            if task.id in worse:
                assert task.state != TaskState.SNOOZED
            elif task.state != TaskState.CLOSED:
                assert task.state == TaskState.SNOOZED

    def person(self, session: Session, what: str, which: int) -> None:
        ids = list(session.exec(IDS))
        if not ids:
            return
        one, dana = [ids[which % len(ids)]], self.dana
        try:
            if what == "take":
                self.last = take(session, dana, task_ids=one)
            elif what == "give":
                self.last = assign(session, dana, task_ids=one, staff_id=dana.staff_id)
            elif what == "snooze":
                self.last = snooze(session, dana, task_ids=one, until=Until.THREE_DAYS)
            elif what == "close":
                self.last = close(session, dana, task_ids=one, reason=CloseReason.WAIVED)
            elif what == "reopen":
                self.last = reopen(session, dana, task_ids=one)
            elif self.last:
                take_back(session, dana, step_ids=self.last)
        except BadInput:
            session.rollback()


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(LIVES)
def test_whatever_happens_tasks_keep_their_promises(life: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lived = Life(Path(folder))
        for one in life:
            lived.step(*one)
        with transaction(lived.store) as session:
            holds(session, lived.dana)
        lived.store.dispose()


def holds(session: Session, dana: Identity) -> None:
    tasks = session.exec(select(Task)).all()
    keys = [(t.patient_id, t.kind, t.source_kind, t.source_id, t.episode) for t in tasks]
    assert len(keys) == len(set(keys))
    not_closed = [key[:4] for key, t in zip(keys, tasks, strict=True) if t.state != TaskState.CLOSED]
    assert len(not_closed) == len(set(not_closed))
    told = session.exec(select(func.count()).select_from(TaskEvent)).one()
    audited = select(func.count()).where(col(AuditEntry.subject_kind) == "task")
    assert session.exec(audited).one() == told
    for task in tasks:
        closed = task.state == TaskState.CLOSED
        assert bool(task.close_reason) is closed
        assert (task.closed_at is not None) is closed
        assert (task.snoozed_until is not None) is (task.state == TaskState.SNOOZED)
        assert task.owner_id is not None or task.state != TaskState.WORKING
