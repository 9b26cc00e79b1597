"""Commands that keep a practice safe: backup, restore, rotate-key, doctor."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.settings import settings
from dashboard.cli.output import OUT, store_that_is_there


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE_OR_FOLDER")],
    passphrase_stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="in place of the key file for backups")
    ] = False,
) -> None:
    """Back the store up while Huddle runs: sealed under a key of its own, and read back after writing."""
    from core.backups.commands import back_up
    from core.jobs.backups import backup_secret

    fresh = not passphrase_stdin and not settings().backup_key_file.exists()
    secret = sys.stdin.readline().rstrip("\n") if passphrase_stdin else backup_secret(make=True)
    made = back_up(store_that_is_there(), target, secret)
    if OUT.json:
        OUT.document({"file": str(made.path), "bytes": made.size, "seconds": round(made.seconds, 1)})
    OUT.line(f"Backed up to {made.path} ({made.size:,} bytes), and read back in {made.seconds:.1f} s in all.")
    if fresh:
        OUT.line(f"It is sealed under {settings().backup_key_file}. Keep a copy of that file elsewhere.")


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE")],
    passphrase_stdin: Annotated[bool, typer.Option("--passphrase-stdin")] = False,
) -> None:
    """Put a backup in the place of the store; the store that was there is kept aside. Stop Huddle first."""
    from core.backups.commands import restore as put_back
    from core.jobs.backups import backup_secret

    secret = sys.stdin.readline().rstrip("\n") if passphrase_stdin else backup_secret(make=False)
    done = put_back(settings().store, source, secret)
    if OUT.json:
        told = {"made_at": done.made_at.isoformat(), "kept": done.aside, "stops": done.stops}
        OUT.document({**told, "in_doubt": done.doubtful})
    OUT.line(done.sentence())


def rotate_key() -> None:
    """Seal every stored secret under a new key; a dashboard that runs meanwhile goes on."""
    from core.jobs.rotate_key import rotate_key

    done = rotate_key(store_that_is_there())
    if OUT.json:
        OUT.document({"secrets": done.secrets})
    OUT.line(done.sentence())


def doctor() -> None:
    """What is set up, what is missing, what is stale; exit 1 if something is wrong."""
    from core.doctor import examine
    from core.store.engine import reader

    with reader(store_that_is_there()) as session:
        findings = examine(session)
    if OUT.json:
        OUT.document({"findings": [{"ok": f.ok, "what": f.what, "do": f.do} for f in findings]})
    for finding in findings:
        OUT.line(
            f"{'ok   ' if finding.ok else 'WRONG'}  {finding.what}{f'  {finding.do}' if finding.do else ''}"
        )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
