"""What a person chose on a screen is kept for that person."""

from sqlalchemy import Engine

from core.staff.models import Preference
from core.staff.preferences import keep_preference, preference
from core.store.engine import reader, transaction
from tests.web.running import staff_with_role


def test_choices_are_kept_beside_each_other_and_per_person(store: Engine) -> None:
    ana, bo = staff_with_role(store, "owner"), staff_with_role(store, "provider")
    assert ana.id
    assert bo.id
    with transaction(store) as session:
        keep_preference(session, ana.id, "morning", sort="time")
        keep_preference(session, ana.id, "morning", columns=["card"])
    with reader(store) as session:
        assert preference(session, ana.id, "morning") == {"sort": "time", "columns": ["card"]}
        assert preference(session, bo.id, "morning") == {}


def test_what_cannot_be_read_counts_as_nothing_chosen(sqlite_store: Engine) -> None:
    ana = staff_with_role(sqlite_store, "owner")
    with transaction(sqlite_store) as session:
        session.add(Preference(staff_id=ana.id or 0, name="morning", value="[broken"))
    with reader(sqlite_store) as session:
        assert preference(session, ana.id or 0, "morning") == {}
