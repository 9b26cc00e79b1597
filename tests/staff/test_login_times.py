"""Login times: who may sign in when, on the wall clock of their location."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.connections.models import Connection
from core.errors import BadInput, NotAllowed
from core.practice.models import Location, Practice
from core.staff import commands
from core.staff.login_times import refusal, times_of
from core.staff.rules import DayTimes
from core.staff.team import set_week
from tests.staff.people import set_day, staff_named
from tests.staff.test_sessions import hire, signed_in

SUNDAY = 6
EIGHT, SIX = time(8), time(18)


def sunday(hour: int, minute: int = 0, zone: str = "UTC") -> datetime:
    return datetime(2026, 11, 22, hour, minute, tzinfo=ZoneInfo(zone))


def a_desk_with_hours(session: Session, **times: object) -> int:
    hire(session, "olivia", "owner")
    dana = hire(session).id or 0
    given = {"weekday": SUNDAY, "kind": "hours", "from_time": EIGHT, "until_time": SIX, **times}
    set_day(session, None, staff_id=dana, **given)  # type: ignore[arg-type]  # words of this file
    return dana


def test_without_login_times_one_may_always_work(session: Session) -> None:
    dana = hire(session).id or 0
    assert refusal(session, dana, now=sunday(3)) is None
    assert refusal(session, 999, now=sunday(3)) is None


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        (sunday(7, 59), "Your login hours on Sundays have not begun (8:00 am to 6:00 pm). Ask the owner."),
        (sunday(8), None),
        (sunday(17, 59), None),
        (sunday(18), "Your login hours on Sundays have ended (8:00 am to 6:00 pm). Ask the owner."),
        (datetime(2026, 11, 23, 3, tzinfo=ZoneInfo("UTC")), None),  # nothing was said about Mondays
    ],
)
def test_hours_begin_on_the_minute_and_end_on_the_minute(
    session: Session, at: datetime, sentence: str | None
) -> None:
    assert refusal(session, a_desk_with_hours(session), now=at) == sentence


def test_no_access_is_said_so(session: Session) -> None:
    dana = a_desk_with_hours(session, kind="none")
    assert refusal(session, dana, now=sunday(12)) == "You have no access on Sundays. Ask the owner."


def test_hours_that_end_at_midnight_last_to_the_end_of_the_day(session: Session) -> None:
    dana = a_desk_with_hours(session, until_time=time(0))
    assert refusal(session, dana, now=sunday(23, 59)) is None


def test_hours_past_midnight_are_refused_with_what_to_do(session: Session) -> None:
    with pytest.raises(BadInput, match="cannot run past midnight: end them at 12:00 am, or choose 24 hours"):
        a_desk_with_hours(session, from_time=time(22), until_time=time(6))


def test_times_are_those_of_the_persons_own_location(session: Session) -> None:
    dana = a_desk_with_hours(session)
    for name, zone in (("Harbour", "America/New_York"), ("Maple", "America/Denver")):
        session.add(a_place(session, name, zone))
        session.flush()
    assert refusal(session, dana, now=sunday(7, 30, "America/New_York")) is not None
    person = staff_named(session, "dana")
    person.location_id = session.exec(select(Location.id).where(Location.name == "Maple")).one()
    session.flush()
    assert refusal(session, dana, now=sunday(9, 30, "America/New_York")) is not None  # 7:30 in Denver
    assert refusal(session, dana, now=sunday(17, 59, "America/Denver")) is None


def a_place(session: Session, name: str, zone: str) -> Location:
    source = session.exec(select(Connection.id)).first()
    if source is None:
        files = Connection(kind="practice_files", name="files", created_at=clock.now())
        session.add(files)
        session.flush()
        source = files.id or 0
    return Location(connection_id=source, external_id=name, name=name, time_zone=zone)


def test_the_last_owner_without_limits_cannot_be_limited(session: Session) -> None:
    olivia, second = signed_in(session, "olivia", "owner"), hire(session, "omar", "owner").id or 0
    set_day(session, olivia, staff_id=second, weekday=SUNDAY, kind="none")
    assert refusal(session, second, now=sunday(12)) is not None
    with pytest.raises(BadInput, match="One owner must be able to sign in at any time"):
        set_day(session, None, staff_id=olivia.staff_id, weekday=SUNDAY, kind="none")


def test_a_limited_owner_gets_in_once_no_other_owner_can(session: Session) -> None:
    olivia, second = hire(session, "olivia", "owner"), hire(session, "omar", "owner").id or 0
    set_day(session, None, staff_id=second, weekday=SUNDAY, kind="none")
    commands.disable(session, None, olivia)
    session.flush()
    assert refusal(session, second, now=sunday(12)) is None


def test_nobody_sets_their_own_times_and_only_the_owner_sets_any(session: Session) -> None:
    olivia, max_ = signed_in(session, "olivia", "owner"), signed_in(session, "max", "office manager")
    for actor, whose in ((olivia, olivia), (max_, max_), (max_, olivia)):
        with pytest.raises(NotAllowed):
            set_day(session, actor, staff_id=whose.staff_id, weekday=SUNDAY, kind="always")


def test_a_whole_week_is_one_entry_in_the_audit(session: Session) -> None:
    olivia, dana = signed_in(session, "olivia", "owner"), hire(session).id or 0
    week = [DayTimes(day, "hours", EIGHT, SIX) for day in range(5)]
    set_week(session, olivia, staff_id=dana, week=week)
    assert times_of(session, dana) == week
    written = session.exec(select(AuditEntry).where(AuditEntry.action == "changed login times")).one()
    assert '"Monday": "08:00-18:00"' in written.detail


def test_one_owner_of_each_practice_is_kept(session: Session) -> None:
    hire(session, "olivia", "owner")
    session.add(Practice(id=2))
    session.flush()
    omar = hire(session, "omar", "owner")
    omar.practice_id = 2
    session.flush()
    with pytest.raises(BadInput, match="One owner"):
        set_day(session, None, staff_id=omar.id or 0, weekday=SUNDAY, kind="none")
