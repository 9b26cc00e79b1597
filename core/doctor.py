"""What `huddle doctor` looks at: is anything missing, stale or broken, and what to do about it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from core import clock
from core.audit.chain import check
from core.backups.reports import backups
from core.connections.losses import open_losses
from core.connections.models import Connection, ConnectionState, Kind, QuarantinedRow
from core.connections.postbacks import said_of
from core.connections.reports import sources
from core.errors import WrongKey
from core.inbox.models import InboxState
from core.inbox.reports import counts
from core.patients.models import LinkProposal, Patient
from core.practice.models import Location
from core.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Finding:
    """ok=False makes the command exit 1. do: the next step in words, empty when there is none."""

    ok: bool
    what: str
    do: str = ""


def examine(session: Session) -> list[Finding]:
    """Every check, worst things not first but in the order one sets a practice up."""
    found = [
        _counted(session, Location, "location", "Import practice files: huddle import DIR."),
        _counted(session, Patient, "patient", "Import practice files: huddle import DIR."),
        _counted(session, Staff, "staff account", "Add one: huddle user add NAME --role owner."),
    ]
    found += [_backups(session), _audit(session)]
    listed = sources(session, now=clock.now())
    if not listed:
        found.append(Finding(False, "No connection is set up.", "Set one up: huddle connect fortis …"))
    for source in listed:
        wrong = source.stale or source.state == ConnectionState.FAILING
        found.append(Finding(not wrong, source.sentence, "Run huddle sync." if wrong else ""))
    found += [
        Finding(True, *said_of(connection))
        for connection in session.execute(select(Connection).where(Connection.kind == Kind.FORTIS)).scalars()  # type: ignore[arg-type]
        if connection.sealed_secrets
    ]
    given_up = counts(session)[InboxState.FAILED]
    if given_up:
        found.append(
            Finding(False, f"{given_up:,} reports from outside could not be applied.", "See Integrations.")
        )
    found += [
        Finding(False, loss.sentence, "Answer on Integrations, or with huddle missing.")
        for loss in open_losses(session)
    ]
    open_rows = session.execute(
        select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.resolved_at.is_(None))  # type: ignore[union-attr]
    ).scalar_one()
    found.append(Finding(True, f"{open_rows:,} rows are in quarantine."))
    proposals = session.execute(
        select(func.count()).select_from(LinkProposal).where(LinkProposal.state == "open")  # type: ignore[arg-type]
    ).scalar_one()
    found.append(Finding(True, f"{proposals:,} link proposals wait for a person."))
    return found


def _audit(session: Session) -> Finding:
    """Whether an entry of the audit was altered, removed or swapped."""
    try:
        found = check(session)
    except WrongKey as error:
        return Finding(False, "The audit's chain cannot be checked.", error.sentence)
    if found.trouble:
        return Finding(
            False, " ".join(found.trouble), "Somebody changed the store by hand. Compare it with a backup."
        )
    return Finding(
        True, f"The audit's chain holds: {found.chained:,} entries, {found.waiting:,} not chained yet."
    )


def _backups(session: Session) -> Finding:
    """Wrong when nobody could go back to yesterday."""
    stand = backups(session, now=clock.now())
    if stand.at is None:
        words = "No backup was ever made."
    else:
        words = f"The last good backup was made {clock.iso(stand.at)} ({stand.size:,} bytes)."
    if stand.trouble:
        words = f"{words} The last try failed: {stand.trouble}"
    return Finding(
        not stand.too_old,
        words,
        "Run huddle backup FILE, or set HUDDLE_BACKUP_FOLDER." if stand.too_old else "",
    )


def _counted(session: Session, model: type, noun: str, do: str) -> Finding:
    count = session.execute(select(func.count()).select_from(model)).scalar_one()
    words = f"{count:,} {noun}{'' if count == 1 else 's'} in the store."
    return Finding(count > 0, words, "" if count else do)
