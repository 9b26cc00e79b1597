"""Whatever the wire does, once it is well again the store equals the processor, row for row (RELIABILITY 8)."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from core.connections.commands import connect
from core.connections.models import SyncRun
from core.integrations.fortis import client as fortis
from core.jobs.records.tables import MODELS
from core.jobs.sync import sync_connection
from core.store.engine import open_store, reader, transaction
from tests.conftest import fresh_sqlite
from tests.properties.upstream import LOCATION, Upstream

RESOURCES = ("tokens", "declined-recurring-transactions")
FAULTS = (
    "429",
    "429 with Retry-After",
    "500",
    "503",
    "time-out",
    "refused",
    "reset",
    "garbage",
    "half page",
    "empty page",
    "page repeated",
    "cursor loop",
    "duplicate ids",
    "other order",
    "old version",
)
resources, places, skews = st.sampled_from(RESOURCES), st.integers(0, 20), st.sampled_from((0, 0, 1, 200))
NIGHT = os.environ.get("HUDDLE_NIGHT") == "1"
RUNS, STEPS = (500, 50) if NIGHT else (12, 40)
SEED = int(os.environ.get("SEED", "20261121"))


class Convergence(RuleBasedStateMachine):
    """A practice's processor changes, the wire fails, syncs come and go; pages hold three records."""

    @initialize()
    def connected(self) -> None:
        fortis.PAGE_SIZE = 3
        memory = Path("/dev/shm")  # noqa: S108  # a disk's fsync is not what is tested here
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.engine = open_store(fresh_sqlite(Path(self.folder.name)))
        self.upstream = Upstream()
        with transaction(self.engine) as session:
            connection = connect(
                session,
                kind="fortis",
                name="Fortis",
                settings={"base_url": "http://127.0.0.1:1", "user_id": "u" * 24, "location_id": LOCATION},
                secrets={"user_api_key": "k" * 24, "developer_id": "d" * 24},
            )
            self.connection_id = connection.id or 0

    @rule(resource=resources, skew=skews, count=st.integers(1, 8))
    def records_are_made(self, resource: str, skew: int, count: int) -> None:
        for _ in range(count):
            self.upstream.create(resource, skew)

    @rule(resource=resources, place=places, skew=skews)
    def a_record_changes(self, resource: str, place: int, skew: int) -> None:
        self.upstream.change(resource, place, skew)

    @rule(resource=resources, place=places)
    def a_record_is_deleted(self, resource: str, place: int) -> None:
        self.upstream.delete(resource, place)

    @rule(seconds=st.sampled_from((1, 60, 299, 3_600)))
    def time_passes(self, seconds: int) -> None:
        self.upstream.now += seconds
        if seconds > 100:
            self.upstream.past.clear()  # no replica is that far behind

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=7))
    def the_wire_will_fail(self, faults: list[str]) -> None:
        self.upstream.faults += faults

    @rule(resource=resources, place=places, after=st.integers(0, 3), deleted=st.booleans())
    def a_record_will_change_while_we_read(
        self, resource: str, place: int, after: int, deleted: bool
    ) -> None:
        upstream = self.upstream
        upstream.meanwhile += [lambda: None] * after
        change = upstream.delete if deleted else lambda *where: upstream.change(*where, 0)
        upstream.meanwhile.append(lambda: change(resource, place))

    @rule(full=st.booleans())
    def we_sync(self, full: bool) -> None:
        self.sync(full=full)

    def sync(self, *, full: bool) -> list[str]:
        results = sync_connection(
            self.engine, self.connection_id, full=full, only=RESOURCES, wire=self.upstream.wire()
        )
        assert all(r.rows_in == r.stored + r.unchanged + r.quarantined for r in results)
        return [result.error for result in results if result.error]

    def stored(self, resource: str) -> dict[str, tuple[int | None, str]]:
        table = MODELS[resource].__table__  # type: ignore[attr-defined]
        told = table.c.last_four if resource == "tokens" else table.c.status
        with reader(self.engine) as session:
            rows = session.execute(
                select(table.c.external_id, table.c.version, told).where(table.c.gone_at.is_(None))
            ).all()
        return {row[0]: (row[1], row[2]) for row in rows}

    def truth(self, resource: str) -> dict[str, tuple[int | None, str]]:
        told = "last_four" if resource == "tokens" else "status"
        held = self.upstream.records[resource].values()
        return {record["id"]: (record["modified_ts"], record[told]) for record in held}

    @invariant()
    def nothing_is_doubled(self) -> None:
        for resource in RESOURCES:
            table = MODELS[resource].__table__  # type: ignore[attr-defined]
            with reader(self.engine) as session:
                rows, ids = session.execute(
                    select(func.count(), func.count(table.c.external_id.distinct())).select_from(table)
                ).one()
            assert rows == ids

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        try:
            self.upstream.faults.clear()
            self.upstream.meanwhile.clear()
            assert self.sync(full=False) == []
            for resource in RESOURCES:  # what changed came without a full sync; what is gone needs one
                stored, truth = self.stored(resource), self.truth(resource)
                wrong = {key: (stored.get(key), truth[key]) for key in truth if stored.get(key) != truth[key]}
                assert not wrong, (resource, wrong)
            assert self.sync(full=True) == []
            for resource in RESOURCES:
                assert self.stored(resource) == self.truth(resource)
            with reader(self.engine) as session:
                assert session.scalar(select(func.count()).where(SyncRun.state == "running")) == 0  # type: ignore[arg-type]
        finally:
            self.engine.dispose()
            self.folder.cleanup()
            fortis.PAGE_SIZE = 2_500


def test_the_store_converges(record_property: Callable[[str, object], None]) -> None:
    record_property("seed", SEED)
    record_property("reached", f"{RUNS} runs × {STEPS} steps end row for row at the processor's")
    run_state_machine_as_test(
        seed(SEED)(Convergence),
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # a failing run prints its blob; shrinking it takes minutes
        ),
    )
