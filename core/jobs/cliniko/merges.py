"""Patients whom Cliniko has merged: what belonged to the one belongs to the other from then on.

Who was merged with whom is kept beside the cursors, for later visits may still name the patient who is no more.
"""

import json
from collections.abc import Mapping

from sqlalchemy import select, update
from sqlmodel import Session

from core import clock
from core.connections.runs import place_of
from core.integrations.cliniko.rows import Setting
from core.jobs.practice_files.rows import table_of
from core.links.models import Link
from core.patients.models import ProcessorContact
from core.payments.models import Payment, Recurring
from core.store.base import table_of as table_behind
from core.store.version import touch

PLACE = "merged patients"
# what follows a patient into another one; what was said to and about the former stays under their name
_FOLLOW = (
    table_of("appointments"),
    table_of("ledger"),
    table_of("coverages"),
    table_of("plans"),
    table_of("memberships"),
    table_of("cards"),
    table_behind(ProcessorContact),
    table_behind(Recurring),
    table_behind(Payment),
    table_behind(Link),
)


def known_merges(session: Session, connection_id: int) -> dict[str, str]:
    """Patient → the patient they were merged with, of all syncs until now."""
    return json.loads(place_of(session, connection_id, PLACE).cursor or "{}")


def keep_merges(session: Session, connection_id: int, merged: Mapping[str, str]) -> None:
    """Remember more of them."""
    if not merged:
        return
    place = place_of(session, connection_id, PLACE)
    place.cursor = json.dumps({**json.loads(place.cursor or "{}"), **merged}, sort_keys=True)
    session.add(place)


def carry_over(session: Session, connection_id: int, setting: Setting) -> int:
    """Give what belongs to merged patients to those they were merged with, once both are known. Returns how many."""
    patients = table_of("patients")
    wanted = {gone: setting.patient(gone) for gone in setting.merged}
    names = [*wanted, *wanted.values()]
    ids: dict[str, int] = {}
    still: set[str] = set()
    for start in range(0, len(names), 5_000):
        here = select(patients.c.external_id, patients.c.id, patients.c.gone_at).where(
            patients.c.connection_id == connection_id,
            patients.c.external_id.in_(names[start : start + 5_000]),
        )
        for external_id, row_id, gone_at in session.execute(here):
            ids[external_id] = row_id
            if gone_at is None:
                still.add(external_id)
    pairs = [
        (ids[gone], ids[into])
        for gone, into in wanted.items()
        if gone in still and into in still and gone != into
    ]
    for gone_id, into_id in pairs:
        for table in _FOLLOW:
            session.execute(update(table).where(table.c.patient_id == gone_id).values(patient_id=into_id))
        session.execute(
            update(patients).where(patients.c.guarantor_id == gone_id).values(guarantor_id=into_id)
        )
        session.execute(update(patients).where(patients.c.id == gone_id).values(gone_at=clock.now()))
    if pairs:
        touch(session)
    return len(pairs)
