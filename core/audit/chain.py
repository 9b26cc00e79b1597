"""The audit as a chain: each entry is signed with its place and the signature before it, so that none can be altered,
removed or swapped unnoticed, nor the end cut off.

Entries are chained by the worker within a minute of their commit, not as they are written: writers would wait for each
other. The key of the signatures is in the key file and not in the store, so whoever can only write the store cannot make
the chain good again. What one cannot see from here: a whole former state of the store put in its place, with its end; the
number of entries that `huddle doctor` says must grow.
"""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from core.audit.models import AuditEntry, AuditHead, AuditSeal
from core.secrets import sign, signed_by_us
from core.store.locks import one_at_a_time

AT_A_TIME = 5_000
START = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """chained: entries whose place is right. waiting: not chained yet. trouble: sentences, the first few."""

    chained: int
    waiting: int
    trouble: tuple[str, ...]


def extend(session: Session, *, limit: int = AT_A_TIME) -> int:
    """Chain the oldest entries that are not yet: how many. Raises WrongKey when there is no key file."""
    one_at_a_time(session, "audit chain")
    head = session.get(AuditHead, 1, with_for_update=True, populate_existing=True) or AuditHead(id=1)
    entries = session.exec(
        select(AuditEntry)
        .where(col(AuditEntry.id).not_in(select(AuditSeal.entry_id)))
        .order_by(col(AuditEntry.id))
        .limit(limit)
    ).all()
    if not entries:
        return 0
    for entry in entries:
        number = head.entries + 1
        signature = sign(_content(entry, number, head.signature)).hex()
        session.add(AuditSeal(number=number, entry_id=entry.id or 0, signature=signature))
        head.entries, head.signature = number, signature
    head.mark = sign(_head(head)).hex()
    session.add(head)
    session.flush()
    return len(entries)


def check(session: Session, *, most: int = 5) -> Checked:
    """Walk the whole chain. Raises WrongKey when there is no key file."""
    head = session.get(AuditHead, 1)
    waiting = session.exec(
        select(func.count())
        .select_from(AuditEntry)
        .where(col(AuditEntry.id).not_in(select(AuditSeal.entry_id)))
    ).one()
    trouble: list[str] = []
    number, before = 0, START
    for seal, entry in _chain(session):
        number += 1
        if seal.number != number:
            trouble.append(f"Entry {number:,} of the audit is missing from the chain.")
            number = seal.number
        if entry is None:
            trouble.append(f"Entry {seal.number:,} of the audit was removed.")
        elif not _signed(_content(entry, seal.number, before), seal.signature):
            trouble.append(f"Entry {seal.number:,} of the audit was altered or moved.")
        before = seal.signature
        if len(trouble) >= most:
            break
    trouble += [] if trouble else _end(head, number, before)
    return Checked(number, waiting, tuple(trouble[:most]))


def _end(head: AuditHead | None, number: int, last: str) -> list[str]:
    if head is None:
        return ["The end of the audit was removed."] if number else []
    if not _signed(_head(head), head.mark):
        return ["The end of the audit was altered."]
    if (head.entries, head.signature) != (number, last):
        return [
            f"The audit had {head.entries:,} entries and has {number:,}: its end was cut off or added to."
        ]
    return []


def _chain(session: Session) -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    at = 0
    while True:
        rows = session.exec(
            select(AuditSeal, AuditEntry)
            .join(AuditEntry, col(AuditEntry.id) == AuditSeal.entry_id, isouter=True)
            .where(AuditSeal.number > at)
            .order_by(col(AuditSeal.number))
            .limit(AT_A_TIME)
        ).all()
        yield from rows
        if len(rows) < AT_A_TIME:
            return
        at = rows[-1][0].number


def _content(entry: AuditEntry, number: int, before: str) -> bytes:
    said = [
        number, before, entry.id, entry.practice_id, entry.at.isoformat(), entry.staff_id, entry.who,
        entry.action, entry.subject_kind, entry.subject_id, entry.detail,
    ]  # fmt: skip
    return b"audit " + json.dumps(said, ensure_ascii=True).encode()


def _head(head: AuditHead) -> bytes:
    return f"audit head {head.entries} {head.signature}".encode()


def _signed(content: bytes, signature: str) -> bool:
    try:
        given = bytes.fromhex(signature)
    except ValueError:
        return False
    return hmac.compare_digest(given, sign(content)) or signed_by_us(content, given)
