"""Before a connection is saved: pasted rubbish taken out and told, odd shapes warned of, and which key is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.commands import connection_named, credentials
from core.connections.fields import LABELS, odd_shapes
from core.connections.models import Connection, Kind
from core.connections.tiles import tiles
from core.connections.try_out import NotAccepted, freed_words, keep, take, try_out
from core.errors import BadInput, NotAllowed
from core.permissions import Identity, Role
from core.practice.models import Practice
from core.staff.models import Staff
from core.store.engine import reader, transaction
from tests.jobs.connecting import fields_of
from tests.sandbox.running import Sandbox, run_sandbox

OWNER, DESK = (Identity(1, 1, "olivia", "Olivia", role) for role in (Role.OWNER, Role.FRONT_DESK))
BASE64 = "2rK4Rq0DrkIaMO+3Fzi3GKl8O69Cu8ua40shxy/tv9M="


class Clinic(NamedTuple):
    store: Engine
    fields: dict[str, str]


@pytest.fixture(scope="module")
def processor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("trying")) as sandbox:
        yield sandbox


@pytest.fixture
def clinic(sqlite_store: Engine, processor: Sandbox) -> Clinic:
    with transaction(sqlite_store) as session:
        session.add(Practice(id=1))
        session.add(Staff(id=1, username="olivia", role="owner", password_hash="", created_at=clock.now()))
    settings, secrets = fields_of(processor)
    return Clinic(sqlite_store, {**settings, **secrets})


def tried(clinic: Clinic, connection_id: int | None = None, **changed: str) -> str:
    """The sentence of a try that does not succeed, and the fields it points to."""
    given = changed if connection_id else {**clinic.fields, **changed}
    with reader(clinic.store) as session:
        typed = take(session, OWNER, "fortis", given, connection_id=connection_id)
    with pytest.raises(NotAccepted) as refused:
        try_out(typed)
    return f"{refused.value.sentence} {refused.value.fields}"


def saved(clinic: Clinic, name: str = "Fortis", **changed: str) -> int:
    with transaction(clinic.store) as session:
        typed = take(session, OWNER, "fortis", {**clinic.fields, **changed})
        try_out(typed)
        return keep(session, OWNER, typed, name=name)


def test_spaces_and_invisible_characters_are_taken_out_and_told(clinic: Clinic) -> None:
    key = clinic.fields["user_api_key"]
    given = {
        **clinic.fields,
        "user_api_key": f" {key}\u200b\n",
        "user_id": f"\ufeff{clinic.fields['user_id']}",
    }
    with transaction(clinic.store) as session:
        typed = take(session, OWNER, "fortis", given)
        words = freed_words(sorted(typed.freed))
        assert words == "Spaces or invisible characters were taken out of User API key and User ID."
        assert "accepts these keys for Riverside Chiropractic" in try_out(typed)
        keep(session, OWNER, typed, name="Fortis")
        assert credentials(connection_named(session, "Fortis"))["user_api_key"] == key
    assert freed_words([]) == ""


def test_a_key_cut_short_is_named(clinic: Clinic) -> None:
    said = tried(clinic, user_id=clinic.fields["user_id"][:-1])
    assert "Fortis refused the keys. User ID does not look right" in said
    assert "this one has 23 characters" in said
    assert said.endswith("('user_id',)")


def test_the_same_key_pasted_twice_is_named(clinic: Clinic) -> None:
    said = tried(clinic, user_api_key=clinic.fields["user_id"])
    assert "User API key is the same as User ID" in said or "User ID is the same as User API key" in said


def test_of_a_connection_that_worked_the_changed_key_is_named(clinic: Clinic) -> None:
    connection_id = saved(clinic)
    said = tried(clinic, connection_id, user_api_key="f" * 24)
    assert "The others worked before, so it is User API key" in said
    assert said.endswith("('user_api_key',)")


def test_keys_that_all_look_right_are_listed_with_what_to_do(clinic: Clinic) -> None:
    said = tried(clinic, developer_id="e" * 24)
    assert "copy User ID, User API key and Developer ID there again" in said


def test_a_wrong_location_is_not_called_a_wrong_key(clinic: Clinic) -> None:
    said = tried(clinic, location_id="11e95f8ec39de8fbdb0a4fff")
    assert "takes the keys but knows no such location. Look at Location ID" in said
    assert said.endswith("('location_id',)")


def test_nothing_is_kept_of_a_try_that_does_not_succeed(clinic: Clinic) -> None:
    tried(clinic, user_api_key="f" * 24)
    with reader(clinic.store) as session:
        assert session.exec(select(Connection)).all() == []


def test_two_connections_of_a_kind_stand_side_by_side_under_their_own_names(clinic: Clinic) -> None:
    saved(clinic)
    saved(clinic, name="Fortis downtown")
    with pytest.raises(BadInput, match="called “Fortis” already"):
        saved(clinic)
    with reader(clinic.store) as session:
        assert [one.name for one in tiles(session, now=clock.now())] == ["Fortis", "Fortis downtown"]


def test_the_front_desk_may_not_connect_anything(clinic: Clinic) -> None:
    with transaction(clinic.store) as session, pytest.raises(NotAllowed):
        take(session, DESK, "fortis", clinic.fields)


@pytest.mark.parametrize(
    ("kind", "given", "odd"),
    [
        (Kind.GENESIS, {"cp_id": "1600", "cp_mkey": BASE64, "date_start": ""}, []),
        (Kind.GENESIS, {"cp_id": BASE64, "cp_mkey": "1600"}, ["cp_id", "cp_mkey"]),
        (Kind.GENESIS, {"cp_id": "16.5", "cp_mkey": BASE64[:-1]}, ["cp_id", "cp_mkey"]),
        (Kind.CASH_PRACTICE, {"api_key": "secret"}, ["api_key"]),
        (Kind.SMS, {"account_sid": "AC" + "0" * 32, "from_number": "5035550123"}, ["from_number"]),
        (Kind.EMAIL, {"host": "smtp.example.com", "password": "anything at all"}, []),
    ],
)
def test_what_does_not_look_right_is_said_without_showing_it(
    kind: Kind, given: dict[str, str], odd: list[str]
) -> None:
    found = odd_shapes(kind, given)
    assert [one.name for one in found] == odd
    for one in found:
        assert LABELS[one.name] in one.sentence
        assert given[one.name] not in one.sentence


def test_an_unreachable_system_is_not_called_a_wrong_key(clinic: Clinic, tmp_path: Path) -> None:
    with reader(clinic.store) as session:
        folder = take(session, OWNER, "practice_files", {"folder": str(tmp_path / "nowhere")})
    with pytest.raises(NotAccepted, match="There is no folder") as refused:
        try_out(folder)
    assert refused.value.fields == ()
