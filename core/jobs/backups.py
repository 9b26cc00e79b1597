"""Backups on a schedule, into a folder, the oldest making room (HUDDLE_BACKUP_FOLDER)."""

import secrets
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from core import clock
from core.backups.commands import ENDING, back_up
from core.backups.reports import backups
from core.errors import StoreError, WrongKey
from core.jobs.lease import hold
from core.settings import settings
from core.store.engine import reader


def back_up_when_due(engine: Engine) -> str:
    """One pass: "off", "not due", or the name of the file that was made. Raises Busy, StoreError, WrongKey."""
    given = settings()
    if not given.backup_folder:
        return "off"
    with reader(engine) as session:
        last = backups(session, now=clock.now()).at
    if last is not None and clock.now() - last < timedelta(minutes=given.backup_every_minutes):
        return "not due"
    with hold(engine, "backups", busy="Another process makes a backup right now."):
        folder = Path(given.backup_folder)
        folder.mkdir(parents=True, exist_ok=True)
        made = back_up(engine, folder, backup_secret(make=True))
        rotate(folder, keep=given.backup_keep)
    return made.path.name


def rotate(folder: Path, *, keep: int) -> list[str]:
    """Delete all but the newest `keep` backups that bear our name: the names of those that went."""
    ours = sorted(folder.glob(f"huddle-????????-??????{ENDING}"), reverse=True)
    for old in ours[keep:]:
        old.unlink()
    return [old.name for old in ours[keep:]]


def backup_secret(*, make: bool) -> str:
    """The text of the key file for backups, which is not the store's. make: a new one when there is none.

    Raises WrongKey when it is not there or cannot be read.
    """
    path = settings().backup_key_file
    try:
        if make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_urlsafe(32) + "\n")
        text = path.read_text().strip()
    except OSError as error:
        raise WrongKey(
            f"The key file for backups {path} cannot be read ({error.strerror}). Put it back, or give the passphrase."
        ) from error
    if not text:
        raise WrongKey(
            f"The key file for backups {path} is empty. Put back the one the backups were made with."
        )
    if path.resolve() == settings().key_file.resolve():
        raise StoreError(
            "The key of backups must not be the store's own. Choose another HUDDLE_BACKUP_KEY_FILE."
        )
    return text
