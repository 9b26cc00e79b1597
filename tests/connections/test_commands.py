"""Connecting: fields where they belong, keys cleaned and sealed, permission asked, a trace left."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.connections.commands import (
    check,
    connect,
    connection_named,
    credentials,
    disconnect,
    require_key,
    settings_of,
    split_secrets,
)
from core.connections.fields import without_version
from core.connections.models import Connection, ConnectionState
from core.connections.runs import place_of
from core.errors import BadInput, NotAllowed, NotFound, WrongKey
from core.permissions import Identity
from core.settings import settings
from core.staff.models import Staff

KNOWN = {"user_id": "11e9" * 6, "location_id": "11ea" * 6}
KEYS = {"user_api_key": "canary-key-0123456789", "developer_id": "canary-dev-0123456789"}


def fortis(session: Session, **also: str) -> Connection:
    plain, secret = split_secrets("fortis", {**KNOWN, **KEYS, **also})
    return connect(session, kind="fortis", name="Fortis", settings=plain, secrets=secret)


def test_keys_are_sealed_and_settings_are_not(session: Session) -> None:
    made = fortis(session)
    assert credentials(made) == KEYS
    assert settings_of(made) == {**KNOWN, "base_url": "https://api.fortis.tech"}
    assert "canary" not in made.sealed_secrets + made.settings


def test_pasted_spaces_do_not_get_into_keys(session: Session) -> None:
    made = fortis(
        session, user_api_key=" canary-key-0123456789\n", user_id="\u200b" + KNOWN["user_id"] + "\u00a0"
    )
    assert credentials(made)["user_api_key"] == KEYS["user_api_key"]
    assert settings_of(made)["user_id"] == KNOWN["user_id"]


def test_connecting_again_changes_only_what_is_given(session: Session) -> None:
    fortis(session)
    changed = connect(
        session, kind="fortis", name="Fortis", settings={}, secrets={"user_api_key": "other-key"}
    )
    assert credentials(changed) == {**KEYS, "user_api_key": "other-key"}
    assert len(session.exec(select(Connection)).all()) == 1


def test_another_location_is_read_from_the_start(session: Session) -> None:
    made = fortis(session)
    place_of(session, made.id or 0, "tokens").cursor = "1790000000"
    fortis(session)
    assert place_of(session, made.id or 0, "tokens").cursor == "1790000000"
    fortis(session, location_id="11eb" * 6)
    assert place_of(session, made.id or 0, "tokens").cursor == ""


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        ("stripe", {}, "“stripe” is not a kind of connection"),
        ("fortis", {"user_id": "u"}, "fortis also needs location_id and user_api_key and developer_id"),
        ("fortis", {**KNOWN, **KEYS, "colour": "red"}, "fortis knows no “colour”"),
        ("fortis", {**KNOWN, **KEYS, "user_api_key": " \u200b"}, "fortis also needs user_api_key"),
        ("fortis", {**KNOWN, **KEYS, "user_id": "4242 4242 4242 4242"}, "user_id looks like a card number"),
        ("practice_files", {}, "practice_files also needs folder"),
    ],
)
def test_what_is_missing_or_unknown_is_said(kind: str, given: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        check(kind, given, {})


def test_only_known_hosts_are_called() -> None:
    for base_url in (
        "https://evil.example",
        "http://api.fortis.tech",
        "https://api.fortis.tech@evil.example",
    ):
        with pytest.raises(BadInput):
            check("fortis", {**KNOWN, "base_url": base_url}, KEYS)


def test_a_folder_is_looked_into(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no folder"):
        check("practice_files", {"folder": str(tmp_path / "nowhere")}, {})
    assert "no practice files yet" in check("practice_files", {"folder": str(tmp_path)}, {})
    (tmp_path / "patients.csv").write_text("patient_id\n")
    assert "holds 1 file" in check("practice_files", {"folder": str(tmp_path)}, {})


def test_disconnecting_erases_the_keys_and_keeps_the_rest(session: Session) -> None:
    made = fortis(session)
    disconnect(session, made.id or 0)
    assert (made.state, made.sealed_secrets, credentials(made)) == (ConnectionState.DISCONNECTED, "", {})


def test_another_key_file_is_refused_before_anything_starts(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fortis(session)
    require_key(session)
    monkeypatch.setenv("HUDDLE_KEY_FILE", str(tmp_path / "other.txt"))
    settings.cache_clear()
    try:
        for attempt in (require_key, fortis):
            with pytest.raises(WrongKey, match="other"):
                attempt(session)
        assert not (tmp_path / "other.txt").exists()
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_connecting_needs_the_permission_and_leaves_a_trace_without_keys(session: Session) -> None:
    made = fortis(session)
    session.add(Staff(id=1, username="dee", role="front desk", password_hash="", created_at=clock.now()))
    session.flush()
    desk = Identity(1, 1, "dee", "Dee", "front desk")
    with pytest.raises(NotAllowed):
        disconnect(session, made.id or 0, actor=desk)
    (entry,) = session.exec(select(AuditEntry)).all()
    assert (entry.action, json.loads(entry.detail)["changed"]) == (
        "connection saved",
        sorted({**KNOWN, **KEYS}),
    )
    assert "canary" not in entry.detail


def test_a_name_is_for_one_kind_and_must_be_known(session: Session, tmp_path: Path) -> None:
    fortis(session)
    with pytest.raises(BadInput, match="already the name of a fortis connection"):
        connect(session, kind="practice_files", name="Fortis", settings={"folder": str(tmp_path)}, secrets={})
    with pytest.raises(NotFound, match="Connections: Fortis"):
        connection_named(session, "Genesis")


@pytest.mark.parametrize(
    "pasted",
    [
        "https://api.fortis.tech",
        "https://api.fortis.tech/",
        "https://api.fortis.tech/v1",
        "https://api.fortis.tech/v1/",
    ],
)
def test_a_base_address_copied_with_its_version_is_taken_as_meant(pasted: str) -> None:
    assert without_version(pasted) == "https://api.fortis.tech"
