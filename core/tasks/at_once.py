"""Looking at a patient in the transaction that changed something about them: no list lags behind what was just done.

The job that follows all changes (core/jobs/tasks/refresh.py) does the same within a minute for what came in bulk.
"""

import logging

from sqlmodel import Session

from core import clock
from core.findings.setting import setting_of
from core.patients.models import Patient
from core.practice.models import Location
from core.practice.reports import locations
from core.store.concerned import take_concerned
from core.tasks.affected_patients import relations
from core.tasks.refresh import Counts, keep, see

AT_MOST = 25  # patients of one press or one message; more is a sync, and the job's

_log = logging.getLogger(__name__)


def look_at_once(session: Session) -> Counts:
    """Judge everybody this transaction concerned, with their families, and write what follows for their tasks.

    Called by whoever commits, as the last thing. Should the rules fail on somebody, what was done is written down all
    the same: the job looks again and says so.
    """
    noted = take_concerned(session)
    places = locations(session) if noted else []
    if not places or len(noted) > AT_MOST:
        return Counts()
    session.flush()
    try:
        with session.begin_nested():
            return _look(session, noted | relations(session, noted), places)
    except Exception:
        _log.exception("the tasks of %d patients could not be looked at at once", len(noted))
        return Counts()


def _look(session: Session, patients: set[int], places: list[Location]) -> Counts:
    by_place: dict[int, list[int]] = {}
    known = {place.id: place for place in places}
    for key in sorted(patients):
        person = session.get(Patient, key)
        if person is not None:
            at = person.location_id if person.location_id in known else places[0].id
            by_place.setdefault(at or 0, []).append(key)
    total = Counts()
    for place_id, keys in by_place.items():
        setting = setting_of(session, known[place_id], clock.now())
        total += keep(session, see(session, keys, setting), setting)
    return total
