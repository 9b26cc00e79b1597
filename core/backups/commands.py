"""Making a backup while the practice works, and putting one back. Both belong to the machine, not to a role at a page."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import Engine

from core import clock
from core.audit.commands import record
from core.backups import snapshot
from core.backups.carried_over import carry_over, read_present
from core.backups.models import BackupRun
from core.backups.sealed_file import Head, head_of, open_sealed_file, seal_file
from core.errors import BadInput, HuddleError, StoreError
from core.store.engine import open_store, transaction
from core.store.migrate import is_known, migrate, revision_of

ENDING = ".huddle-backup"
NEWER = "This backup was made by a newer version of Huddle. Update Huddle first."
OTHER_KIND = "This backup is of a {theirs} store and cannot be put into a {ours} one."


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was read back whole. size in bytes."""

    path: Path
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Restored:
    """made_at: when the backup was made, UTC. aside: where the store that was there is kept, "" when there was none.

    stops: opt-outs said since the backup that were carried over. doubtful: things to send that may have gone out since.
    """

    made_at: datetime
    aside: str
    stops: int
    doubtful: int

    def sentence(self) -> str:
        """What was done, and what to look at."""
        words = [f"Restored the backup of {clock.iso(self.made_at)}."]
        if self.aside:
            words.append(f"The store that was there is kept as {self.aside}.")
        if self.stops:
            words.append(f"{self.stops:,} opt-outs said since were carried over.")
        if self.doubtful:
            words.append(
                f"{self.doubtful:,} things to send may have gone out since; they are looked up first."
            )
        return " ".join([*words, "Everybody signs in anew."])


def file_name(at: datetime) -> str:
    """huddle-20261201-140501.huddle-backup, in UTC."""
    return f"huddle-{at:%Y%m%d-%H%M%S}{ENDING}"


def back_up(engine: Engine, target: Path, secret: str) -> Made:
    """Copy, seal, write, and read back what was written. target: a file that is not there yet, or a folder.

    Raises BadInput, StoreError; what went wrong is also noted in the store, where it can still be written.
    """
    began, at = time.monotonic(), clock.now()
    path = target / file_name(at) if target.is_dir() else target
    try:
        if path.exists():
            raise BadInput(f"{path} is there already. Give the backup another name.")
        size = _write(engine, path, secret, at)
    except (HuddleError, OSError) as error:
        sentence = error.sentence if isinstance(error, HuddleError) else f"{path}: {error.strerror}."
        _note(engine, BackupRun(at=at, file_name=path.name, reason=sentence))
        raise (error if isinstance(error, HuddleError) else StoreError(sentence)) from error
    made = Made(path, size, time.monotonic() - began)
    _note(engine, BackupRun(at=at, file_name=path.name, size=size, seconds=round(made.seconds, 1), good=True))
    return made


def _write(engine: Engine, path: Path, secret: str, at: datetime) -> int:
    beside = snapshot.sqlite_path(engine).parent if engine.dialect.name == "sqlite" else path.parent
    # in clear it never leaves the store's disk
    with (
        _workplace(beside) as clear,
        _workplace(path.parent) as folder,
    ):
        plain, part = clear / "store", folder / "sealed"
        snapshot.copy_out(engine, plain)
        kind = engine.dialect.name
        seal_file(plain, part, Head(kind, revision_of(engine) or "", at), secret)
        if _digest(open_sealed_file(part, secret)) != _digest(_blocks(plain)):
            raise StoreError("The backup could not be read back, so it was thrown away. Check the disk.")
        os.rename(part, path)  # all or nothing
        _keep_on_disk(path.parent)
        return path.stat().st_size


def restore(url: str, source: Path, secret: str) -> Restored:
    """Put a backup in the place of the store. The store that was there is kept aside.

    Raises WrongKey, StoreError: damaged, of a newer version, of another kind of store, or the store is in use.
    """
    head, engine = head_of(source), open_store(url)
    pieces = open_sealed_file(source, secret)  # WrongKey before anything is touched
    if head.kind != engine.dialect.name:
        raise StoreError(OTHER_KIND.format(theirs=head.kind, ours=engine.dialect.name))
    if not is_known(head.revision):
        raise StoreError(NEWER)
    snapshot.require_unused(engine)
    stamp = f"{clock.now():%Y%m%d-%H%M%S}"
    folder = snapshot.sqlite_path(engine).parent if head.kind == "sqlite" else source.parent
    with _workplace(folder) as place:
        copy = place / "store"
        with copy.open("xb") as plain:
            for piece in pieces:
                plain.write(piece)
        if head.kind == "sqlite":
            return _restore_file(engine, copy, head, stamp)
        return _restore_database(engine, copy, head, stamp)


def _restore_file(engine: Engine, copy: Path, head: Head, stamp: str) -> Restored:
    snapshot.require_sound(copy)
    path = snapshot.sqlite_path(engine)
    aside = path.with_name(f"{path.name}.before-restore-{stamp}")
    there = path.exists()
    fresh = open_store(f"sqlite:///{copy}")
    stops, doubtful = _make_ready(fresh, engine if there else None, head)
    fresh.dispose()
    snapshot.require_unused(fresh)  # everything in the one file
    engine.dispose()
    snapshot.require_unused(engine)
    snapshot.put_in_place(copy, path, aside)
    return Restored(head.made_at, str(aside) if there else "", stops, doubtful)


def _restore_database(engine: Engine, dump: Path, head: Head, stamp: str) -> Restored:
    fresh = snapshot.new_database(engine, dump)
    try:
        stops, doubtful = _make_ready(fresh, engine if revision_of(engine) else None, head)
        snapshot.require_unused(engine)
    except BaseException:
        snapshot.drop_database(fresh)
        raise
    aside = f"{engine.url.database}_before_restore_{stamp.replace('-', '_')}"
    snapshot.swap_databases(engine, fresh, aside)
    return Restored(head.made_at, aside, stops, doubtful)


def _make_ready(fresh: Engine, present: Engine | None, head: Head) -> tuple[int, int]:
    """Bring it to the present schema, and what must outlive a restore into it."""
    migrate(fresh, keep_copy=False)
    since = None
    if present is not None:
        since = read_present(present)
        present.dispose()
    with transaction(fresh) as session:
        carried = carry_over(session, since)
        detail = {"made_at": clock.iso(head.made_at), "stops": carried.stops, "in doubt": carried.doubtful}
        record(session, who=None, action="restored a backup", subject_kind="store", detail=detail)
    return carried.stops, carried.doubtful


def _note(engine: Engine, run: BackupRun) -> None:
    try:
        with transaction(engine) as session:
            session.add(run)
            detail = {"good": run.good, "bytes": run.size}
            record(session, who=None, action="made a backup", subject_kind="store", detail=detail)
    except HuddleError:
        if run.good:  # a good backup is one even where its note cannot be written
            return
        raise


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A folder of this user alone beside where it is to stand; nothing of it stays."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = Path(mkdtemp(prefix=".huddle-", dir=folder))
    except OSError as error:
        raise StoreError(f"The folder {folder} cannot be written: {error.strerror}.") from error
    try:
        yield place
    finally:
        for left in place.iterdir():
            left.unlink(missing_ok=True)
        place.rmdir()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as plain:
        yield from iter(lambda: plain.read(1024 * 1024), b"")


def _digest(pieces: Iterator[bytes]) -> bytes:
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece)
    return whole.digest()


def _keep_on_disk(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(handle)
        os.close(handle)
