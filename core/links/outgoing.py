"""What goes out about a link: one outbox row each, in the transaction of the change."""

from datetime import datetime

from sqlmodel import Session, col, select

from core.links.models import Link
from core.outbox import commands as outbox
from core.outbox.models import OPEN_STATES, OutboxKind, OutboxRow
from core.permissions import Identity

SUBJECT = "link"


def put_out(
    session: Session,
    actor: Identity | None,
    link: Link,
    kind: OutboxKind,
    *,
    key: str | None = None,
    not_before: datetime | None = None,
    **payload: object,
) -> OutboxRow:
    """Have the processor do something about a link. key: only where the processor keeps it (making)."""
    return outbox.put(
        session,
        kind=kind,
        payload={"link_key": link.key, "external_id": link.external_id, **payload},
        connection_id=link.connection_id,
        who=actor,
        location_id=link.location_id,
        subject_kind=SUBJECT,
        subject_id=link.id or 0,
        not_before=not_before,
        key=key,
    )


def under_way(session: Session, link: Link, *kinds: OutboxKind) -> list[OutboxRow]:
    """What of these kinds is still to go out, going out or in doubt for a link."""
    return list(
        session.exec(
            select(OutboxRow)
            .where(
                OutboxRow.subject_kind == SUBJECT,
                OutboxRow.subject_id == str(link.id),
                col(OutboxRow.kind).in_(list(kinds)),
                col(OutboxRow.state).in_(list(OPEN_STATES)),
            )
            .with_for_update()
        )
    )


def just_done(session: Session, link: Link, kind: OutboxKind) -> bool:
    """Whether this went out for a link so short a time ago that asking for it again is the same press."""
    return outbox.same_press(session, SUBJECT, link.id or 0, kind) is not None
