"""Changing the key: killed anywhere nothing is lost, a server that runs meanwhile notices nothing, the old key retires."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.connections.clerk_keys import clerk_key_of, set_clerk_key
from core.connections.commands import connect, connection_named, credentials
from core.connections.models import Lease
from core.errors import WrongKey
from core.jobs.crashpoints import ROTATE_POINTS
from core.jobs.rotate_key import Rotated, rotate_key, sealed_columns
from core.secrets import make_key_file, open_sealed, sealed_newest, sign, signed_by_us
from core.settings import ROOT, settings
from core.staff.models import Staff
from core.store.engine import open_store, reader, transaction
from tests.conftest import fresh_sqlite
from tests.crash.rotating import NAME, SETTINGS, start_rotating, start_serving

KEYS = {"user_api_key": "canary-key-0123456789", "developer_id": "canary-dev-0123456789"}
CLERK = "canary-clerk-0123456789"


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "keys" / "key.txt"
    monkeypatch.setenv("HUDDLE_KEY_FILE", str(path))
    settings.cache_clear()
    yield path
    settings.cache_clear()


def with_secrets(engine: Engine) -> None:
    """A connection with its keys, and one person's clerk key for it."""
    with transaction(engine) as session:
        made = connect(session, kind="fortis", name=NAME, settings=SETTINGS, secrets=KEYS)
        session.add(Staff(id=1, username="dana", role="owner", password_hash="", created_at=clock.now()))
        session.flush()
        set_clerk_key(session, None, staff_id=1, connection_id=made.id or 0, key=CLERK)


def all_open(session: Session) -> bool:
    connection = connection_named(session, NAME)
    return credentials(connection) == KEYS and clerk_key_of(session, 1, connection.id or 0) == CLERK


def sealed(session: Session) -> list[str]:
    return [value for _, column in sealed_columns() for value in session.scalars(select(column)) if value]


def test_the_former_key_opens_nothing_and_the_new_one_everything(store: Engine, key_file: Path) -> None:
    with_secrets(store)
    former = key_file.read_text()
    with reader(store) as session:
        before = sealed(session)
    assert rotate_key(store, settle_seconds=0) == Rotated(2)
    with reader(store) as session:
        assert all_open(session)
        assert all(sealed_newest(value) for value in sealed(session))
        actions = session.exec(select(AuditEntry.action)).all()
    assert actions.count("key changed") == 1
    assert former.strip() not in key_file.read_text()
    for value in before:
        with pytest.raises(WrongKey):
            open_sealed(value)


def test_a_link_sent_before_still_opens_and_a_forged_one_does_not(
    sqlite_store: Engine, key_file: Path
) -> None:
    make_key_file()
    former = key_file.read_text().strip()
    sent = sign(b"card link:1", 12)
    for _ in range(3):
        rotate_key(sqlite_store, settle_seconds=0)
    assert signed_by_us(b"card link:1", sent)
    assert not signed_by_us(b"card link:2", sent)
    assert len(key_file.read_text().split()) == 4
    with pytest.raises(WrongKey):  # what is left of the former key opens nothing
        open_sealed(Fernet(former).encrypt(b"secret").decode())


@pytest.mark.parametrize("point", ROTATE_POINTS)
def test_killed_at_any_place_every_secret_opens_and_the_next_run_completes(
    tmp_path: Path, key_file: Path, point: str
) -> None:
    engine = open_store(fresh_sqlite(tmp_path))
    with_secrets(engine)
    process = start_rotating(engine.url.render_as_string(False), crash=point)
    process.join(60)
    assert process.exitcode == -9
    with transaction(engine) as session:
        assert all_open(session)
        for lease in session.exec(select(Lease)):  # what a minute of waiting does
            lease.until = clock.now()
    (key_file.parent / ".key-left").write_text("what a killed process left beside it")
    assert rotate_key(engine, settle_seconds=0) == Rotated(2)
    with reader(engine) as session:
        assert all_open(session)
        assert all(sealed_newest(value) for value in sealed(session))
    keys = [line for line in key_file.read_text().split() if not line.startswith("former:")]
    assert (len(keys), list(key_file.parent.iterdir())) == (1, [key_file])
    assert (key_file.stat().st_mode & 0o777) == 0o600


def test_a_server_that_opens_and_seals_keys_meanwhile_goes_on(store_url: str, key_file: Path) -> None:
    engine = open_store(store_url)
    with transaction(engine) as session:
        connect(session, kind="fortis", name=NAME, settings=SETTINGS, secrets=KEYS)
    serving, told = start_serving(store_url, seconds=4)
    for _ in range(3):
        changing = start_rotating(store_url)
        changing.join(60)
        assert changing.exitcode == 0
    number, wrong = told.recv()
    serving.join(60)
    assert (wrong, number > 20) == ([], True)
    with reader(engine) as session:
        assert credentials(connection_named(session, NAME))["user_api_key"] == f"key-{number:012}"
        assert all(sealed_newest(value) for value in sealed(session))
    engine.dispose()


def test_a_key_file_that_does_not_belong_here_is_refused_and_left_alone(
    sqlite_store: Engine, key_file: Path
) -> None:
    with_secrets(sqlite_store)
    other = Fernet.generate_key().decode() + "\n"
    own = key_file.read_text()
    key_file.write_text(other)
    with pytest.raises(WrongKey, match="does not open"):
        rotate_key(sqlite_store, settle_seconds=0)
    assert key_file.read_text() == other
    key_file.write_text(own)
    with reader(sqlite_store) as session:
        assert all_open(session)


def test_whoever_seals_calls_the_column_so() -> None:
    """A column for sealed text under another name would be left under the old key, and lost with it."""
    assert {f"{table.name}.{column.name}" for table, column in sealed_columns()} >= {
        "connection.sealed_secrets",
        "staff_clerk_key.sealed_key",
    }
    calls = [
        line
        for path in (*(ROOT / "core").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?<![\w.])seal\(", line) and not line.lstrip().startswith("def ")
    ]
    assert len(calls) > 2
    assert [line for line in calls if "sealed_" not in line and "seal(open_sealed(" not in line] == []
