"""The audit, searched: by who, what, patient and day; of one's own location's people alone."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from core import clock
from core.audit.commands import record
from core.connections.models import Connection
from core.errors import BadInput, NotAllowed
from core.patients.models import Patient
from core.permissions import Identity, Role
from core.practice.models import Location, Practice
from core.reports.audit import Asked, audit_trail
from core.staff.commands import add_staff
from core.staff.models import Staff
from core.store.engine import reader, transaction
from dashboard.ui.activity.audit_tab import export_address

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
DAY = date(2026, 6, 1)
MAX = Identity(1, 1, "max", "Max", Role.OFFICE_MANAGER)


@pytest.fixture
def told(sqlite_store: Engine) -> Engine:
    """Dana of the first location opened Ana's card at noon, Lee of the second exported, long ago the system tidied up."""
    with transaction(sqlite_store) as session, clock.frozen(NOW):
        session.merge(Practice(id=1))
        session.flush()
        ehr = Connection(kind="practice_files", name="EHR", created_at=NOW)
        session.add(ehr)
        session.flush()
        for name in ("First", "Second"):
            session.add(
                Location(connection_id=ehr.id, external_id=name, name=name, time_zone="America/Denver")
            )
        ana = Patient(
            connection_id=ehr.id, external_id="P1", first_name="Ana", last_name="Peña", search_name="ana pena"
        )
        session.add(ana)
        session.flush()
        dana, lee = (_hire(session, name, place) for name, place in (("dana", 1), ("lee", 2)))
        _say(session, dana, "opened patient card", "patient", ana.id or 0)
        _say(session, lee, "exported cards", "report", "cards")
    with transaction(sqlite_store) as session, clock.frozen(datetime(2026, 1, 1, tzinfo=UTC)):
        record(session, who=None, action="tidied up")
    return sqlite_store


def _hire(session: Session, name: str, place: int) -> Staff:
    return add_staff(
        session,
        None,
        username=name,
        display_name=name.title(),
        role="front desk",
        password_hash="x",
        location_id=place,
    )


def _say(session: Session, staff: Staff, action: str, kind: str, about: int | str) -> None:
    who = Identity(1, staff.id or 0, staff.username, staff.display_name, staff.role, staff.location_id)
    record(session, who=who, action=action, subject_kind=kind, subject_id=about, detail={"rows": 3})


def search(engine: Engine, actor: Identity = MAX, **words: object) -> list[tuple[str, str, str]]:
    asked = Asked(**{"first": DAY, "last": DAY, **words})  # type: ignore[arg-type]
    with reader(engine) as session:
        found = audit_trail(session, actor, asked, time_zone="America/Denver")
    assert found.found == len(found.lines)
    return [(line.who, line.action, line.about) for line in found.lines if line.action != "added staff"]


OPENED, EXPORTED = ("dana", "opened patient card", "Ana Peña"), ("lee", "exported cards", "report cards")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({}, [EXPORTED, OPENED]),
        ({"who": "DAN"}, [OPENED]),
        ({"what": "export"}, [EXPORTED]),
        ({"what": "patient"}, [OPENED]),
        ({"patient": "peña ana"}, [OPENED]),
        ({"patient": "Pena", "who": "lee"}, []),
        ({"who": "%"}, []),
        ({"last": date(2026, 5, 31), "first": date(2026, 5, 1)}, []),
        ({"first": date(2025, 12, 31)}, [EXPORTED, OPENED, ("", "tidied up", "")]),
    ],
)
def test_it_is_found_by_who_what_patient_and_day(
    told: Engine, words: dict[str, object], found: list[tuple[str, str, str]]
) -> None:
    assert search(told, **words) == found


def test_who_manages_one_location_sees_what_its_people_did(told: Engine) -> None:
    here = Identity(1, 1, "max", "Max", Role.OFFICE_MANAGER, location_id=2)
    assert search(told, here) == [EXPORTED]


def test_it_is_for_who_sees_the_activity_and_the_days_must_make_sense(told: Engine) -> None:
    with pytest.raises(NotAllowed):
        search(told, Identity(1, 1, "dana", "Dana", Role.FRONT_DESK))
    with pytest.raises(BadInput, match="first day before the last"):
        search(told, last=date(2026, 5, 1))
    assert search(told, Identity(1, 1, "o", "O", Role.OWNER, practice_id=2)) == []


def test_a_search_by_name_is_taken_along_by_number_and_no_name_stands_in_the_address(told: Engine) -> None:
    asked = Asked(DAY, DAY, patient="Peña")
    with reader(told) as session:
        found = audit_trail(session, MAX, asked, time_zone="America/Denver")
    address = export_address(asked, found.patients, initials=False)
    assert address == f"/export/audit.csv?from={DAY}&to={DAY}&who=&what=&patients={found.lines[0].patient_id}"
    assert search(told, patients=found.patients) == [OPENED]
