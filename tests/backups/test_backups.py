"""A backup taken while people work opens again as one moment of the store, and nothing else opens it."""

import os
import sqlite3
import stat
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.backups.commands import ENDING, back_up, restore
from core.backups.models import BackupRun
from core.backups.reports import backups
from core.backups.sealed_file import PIECE, Head, head_of, open_sealed_file, seal_file
from core.connections.models import Connection
from core.doctor import examine
from core.errors import BadInput, StoreError, WrongKey
from core.jobs.backups import back_up_when_due, rotate
from core.messages.consent import stop_address
from core.messages.models import Channel, ConsentEvent, Purpose, Suppression
from core.outbox.commands import put
from core.outbox.models import OutboxRow
from core.settings import settings
from core.staff import commands
from core.staff.models import Staff, StaffSession
from core.store.engine import open_store, reader, transaction
from core.store.migrate import migrate
from tests.backups.conftest import SECRET, url_of
from tests.messages.clinic import Clinic

HEAD = Head("sqlite", "0001", clock.EPOCH)
WRITERS = 8


def a_pair(engine: Engine, name: str) -> None:
    """Two rows that belong together: a copy with one of them is of no one moment."""
    with transaction(engine) as session:
        for half in ("left", "right"):
            session.add(Connection(kind="fortis", name=f"{name} {half}", created_at=clock.now()))


def names(engine: Engine) -> list[str]:
    with reader(engine) as session:
        return list(session.exec(select(Connection.name).where(Connection.kind == "fortis")))


def test_a_backup_among_eight_writers_is_one_moment_and_keeps_nobody_waiting(
    clinic: Clinic, tmp_path: Path
) -> None:
    over, longest, lock = threading.Event(), [0.0], threading.Lock()

    def write(number: int) -> None:
        for turn in range(10_000):
            if over.is_set():
                return
            began = time.monotonic()
            a_pair(clinic.engine, f"{number}.{turn}")
            with lock:
                longest[0] = max(longest[0], time.monotonic() - began)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    made = [back_up(clinic.engine, tmp_path / f"{n}{ENDING}", SECRET) for n in range(3)]
    over.set()
    for writer in writers:
        writer.join(60)
    for one in made:
        other = tmp_path / f"restored {one.path.stem}.db"
        restore(f"sqlite:///{other}", one.path, SECRET)
        there = names(open_store(f"sqlite:///{other}"))
        lefts = {name.removesuffix(" left") for name in there if name.endswith("left")}
        assert {name.removesuffix(" right") for name in there if name.endswith("right")} == lefts
    assert len(names(clinic.engine)) > 0
    assert longest[0] < 20


def test_a_file_of_a_backup_says_nothing_and_is_for_its_owner_alone(clinic: Clinic, tmp_path: Path) -> None:
    before = os.umask(0o077)
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    os.umask(before)
    content = path.read_bytes()
    assert not any(word in content for word in (b"Maple", b"+1303555", b"SQLite", SECRET.encode()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".huddle-")] == []


def test_wrong_keys_open_nothing_and_touch_nothing(clinic: Clinic, tmp_path: Path) -> None:
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    clinic.engine.dispose()
    held = Path(clinic.engine.url.database or "").read_bytes()
    for wrong in ("another passphrase", "", SECRET.upper()):
        with pytest.raises(WrongKey, match="does not open"):
            restore(url_of(clinic.engine), path, wrong)
    assert Path(clinic.engine.url.database or "").read_bytes() == held


def test_one_flipped_byte_anywhere_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    whole = path.read_bytes()
    places = [0, 40, whole.index(b"\n") - 3, whole.index(b"\n") + 1, len(whole) // 2, len(whole) - 1]
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises((StoreError, WrongKey)):
            restore(f"sqlite:///{tmp_path / 'other.db'}", path, SECRET)
        assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, 3 * PIECE + 5])
def test_every_size_comes_back_and_a_piece_left_out_swapped_or_cut_is_seen(tmp_path: Path, size: int) -> None:
    plain, sealed = tmp_path / "plain", tmp_path / "sealed"
    plain.write_bytes(os.urandom(size))
    seal_file(plain, sealed, HEAD, SECRET)
    assert b"".join(open_sealed_file(sealed, SECRET)) == plain.read_bytes()
    whole = sealed.read_bytes()
    start = whole.index(b"\n") + 1
    first = start + PIECE + 16
    mangled = [whole[:-1], whole[: start + (len(whole) - start) // 2], whole + b"x"]
    if len(whole) > first:
        mangled += [whole[:first], whole[:start] + whole[first:]]
    for wrong in mangled:
        sealed.write_bytes(wrong)
        with pytest.raises(StoreError, match="damaged"):
            b"".join(open_sealed_file(sealed, SECRET))


def test_what_is_no_backup_or_too_new_or_of_another_store_is_said(clinic: Clinic, tmp_path: Path) -> None:
    picture, newer, other = tmp_path / "p.png", tmp_path / "newer", tmp_path / "pg"
    picture.write_bytes(b"\x89PNG" * 100)
    seal_file(picture, newer, Head("sqlite", "9999", clock.now()), SECRET)
    seal_file(picture, other, Head("postgresql", "0001", clock.now()), SECRET)
    for path, words in ((picture, "no backup"), (newer, "newer version"), (other, "postgresql store")):
        with pytest.raises(StoreError, match=words):
            restore(url_of(clinic.engine), path, SECRET)


def test_a_store_that_is_in_use_is_not_replaced(clinic: Clinic, tmp_path: Path) -> None:
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    clinic.engine.dispose()
    with sqlite3.connect(clinic.engine.url.database or "") as somebody:
        somebody.execute("SELECT count(*) FROM staff").fetchone()
        with pytest.raises(StoreError, match="in use"):
            restore(url_of(clinic.engine), path, SECRET)
        somebody.execute("SELECT count(*) FROM staff").fetchone()
    somebody.close()
    assert restore(url_of(clinic.engine), path, SECRET).aside


def test_a_backup_of_an_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command

    from core.store.migrate import _config

    old = tmp_path / "old.db"
    engine = open_store(f"sqlite:///{old}")
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        connection.exec_driver_sql("INSERT INTO practice (id, name) VALUES (1, 'Maple')")
    engine.dispose()
    with sqlite3.connect(old) as plain:
        plain.execute("PRAGMA journal_mode=DELETE")
    seal_file(old, tmp_path / "b", Head("sqlite", "0010", clock.now()), SECRET)
    restore(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "b", SECRET)
    with reader(open_store(f"sqlite:///{tmp_path / 'new.db'}")) as session:
        assert session.connection().exec_driver_sql("SELECT name FROM practice").scalar() == "Maple"
        assert session.exec(select(BackupRun)).all() == []
    migrate(engine)
    (copy,) = tmp_path.glob("old.db.before-0010-*")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_stop_said_after_the_backup_still_stands_after_the_restore(clinic: Clinic, tmp_path: Path) -> None:
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    with transaction(clinic.engine) as session:
        stop_address(session, Channel.TEXT, "+13035551000", "text")
        session.add(ConsentEvent(patient_id=clinic.patients[1], channel=Channel.EMAIL, purpose=Purpose.CARE, given=False, at=clock.now(), source="by phone"))  # fmt: skip
    clinic.engine.dispose()
    assert restore(url_of(clinic.engine), path, SECRET).stops >= 2
    with reader(clinic.engine) as session:
        stopped = session.exec(select(Suppression.address).where(Suppression.channel == Channel.TEXT)).all()
        assert stopped == ["+13035551000"]
        said = session.exec(
            select(ConsentEvent.patient_id).where(ConsentEvent.channel == Channel.EMAIL)
        ).all()
        assert said == [clinic.patients[1]]


def test_what_went_out_after_the_backup_does_not_go_out_again(clinic: Clinic, tmp_path: Path) -> None:
    with transaction(clinic.engine) as session:
        key = put(session, kind="text", payload={"to": "+1"}, connection_id=None).id
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    with transaction(clinic.engine) as session:
        session.get_one(OutboxRow, key).state = "settled"
    clinic.engine.dispose()
    assert restore(url_of(clinic.engine), path, SECRET).doubtful == 0
    restore(f"sqlite:///{tmp_path / 'lost machine.db'}", path, SECRET)
    states = []
    for url in (url_of(clinic.engine), f"sqlite:///{tmp_path / 'lost machine.db'}"):
        with reader(open_store(url)) as session:
            states.append(session.get_one(OutboxRow, key).state)
    assert states == ["settled", "unknown"]


def test_who_was_disabled_since_stays_out_and_everybody_signs_in_anew(clinic: Clinic, tmp_path: Path) -> None:
    with transaction(clinic.engine) as session:
        commands.start_session(session, session.get_one(Staff, clinic.desk.staff_id))
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    with transaction(clinic.engine) as session:
        commands.disable(session, None, session.get_one(Staff, clinic.desk.staff_id))
    clinic.engine.dispose()
    restore(url_of(clinic.engine), path, SECRET)
    with reader(clinic.engine) as session:
        assert session.get_one(Staff, clinic.desk.staff_id).disabled_at is not None
        assert all(one.ended_at is not None for one in session.exec(select(StaffSession)))


def test_a_store_that_is_broken_is_replaced_all_the_same(clinic: Clinic, tmp_path: Path) -> None:
    path = back_up(clinic.engine, tmp_path / "b", SECRET).path
    clinic.engine.dispose()
    store = Path(clinic.engine.url.database or "")
    store.write_bytes(b"nonsense" * 1_000)
    done = restore(url_of(clinic.engine), path, SECRET)
    assert Path(done.aside).read_bytes().startswith(b"nonsense")
    with reader(clinic.engine) as session:
        assert len(session.exec(select(Staff)).all()) == 2


@pytest.fixture
def scheduled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"FOLDER": tmp_path / "safe", "KEEP": "2", "KEY_FILE": tmp_path / "bk.txt"}.items():
        monkeypatch.setenv(f"HUDDLE_BACKUP_{name}", str(value))
    settings.cache_clear()
    return tmp_path / "safe"


def test_on_schedule_into_a_folder_where_the_oldest_makes_room(clinic: Clinic, scheduled: Path) -> None:
    start = clock.now()
    for hour in range(4):
        with clock.frozen(start + timedelta(hours=hour, minutes=1)):
            assert back_up_when_due(clinic.engine).startswith("huddle-")
            assert back_up_when_due(clinic.engine) == "not due"
    kept = sorted(each.name for each in scheduled.iterdir())
    assert len(kept) == 2
    assert head_of(scheduled / kept[-1]).kind == "sqlite"
    (scheduled / "notes.txt").write_text("mine")
    assert rotate(scheduled, keep=2) == []


def test_the_doctor_says_when_the_last_good_backup_is_too_old(clinic: Clinic, tmp_path: Path) -> None:
    def found(hours: int) -> tuple[bool, str]:
        with clock.frozen(clock.now() + timedelta(hours=hours)), reader(clinic.engine) as session:
            return next((one.ok, one.what) for one in examine(session) if "backup" in one.what)

    assert found(1) == (True, "No backup was ever made.")
    assert found(48) == (False, "No backup was ever made.")
    back_up(clinic.engine, tmp_path / "b", SECRET)
    assert found(1)[0]
    assert not found(27)[0]
    with pytest.raises(BadInput, match="there already"):
        back_up(clinic.engine, tmp_path / "b", SECRET)
    with reader(clinic.engine) as session:
        stand = backups(session, now=clock.now())
    assert "there already" in stand.trouble
    assert not stand.too_old
