"""Connecting Cliniko: what its key says, what else is asked for, and two EHRs side by side."""

import pytest
from sqlalchemy import Engine

from core.connections import commands
from core.errors import BadInput, WrongCredentials
from core.store.engine import reader
from tests.cliniko.office import (
    connect_cliniko,
    errors,
    fields_of,
    sync,
)
from tests.sandbox.running import Sandbox


def test_the_key_says_the_host_and_nothing_else_does(sandbox: Sandbox) -> None:
    settings, secrets = fields_of(sandbox)
    assert commands.check("cliniko", settings, secrets) == (
        "Cliniko accepts this key for Maple Street (shard us1)."
    ) or "us1" in commands.check("cliniko", settings, secrets)
    for key in ("MS-abc-us1.evil.example", "MS-abc-us1/", "MS-abc-", "MS-abc-usa1"):
        with pytest.raises(BadInput, match="does not end in a shard"):
            commands.check("cliniko", settings, {"api_key": key})
    with pytest.raises(BadInput, match="follows from the API key"):
        commands.check("cliniko", {**settings, "base_url": "https://api.us1.cliniko.com"}, secrets)
    with pytest.raises(BadInput, match="not among the hosts"):
        commands.check("cliniko", {**settings, "base_url": "https://evil.example"}, secrets)


def test_a_key_of_another_shard_and_a_revoked_one_are_told_in_a_sentence(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    settings, secrets = fields_of(sandbox)
    with pytest.raises(WrongCredentials, match="does not take this API key"):
        commands.check("cliniko", settings, {"api_key": secrets["api_key"].replace("-us1", "-uk1")})
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, sandbox)
    sandbox.control({"faults": [{"kind": "wrong_keys", "at": "cliniko"}]})
    assert errors(sync(sqlite_store, connection_id, sandbox)) == [
        "Cliniko does not take this API key: it was revoked, or belongs to another account or shard. Make a new one "
        "in Cliniko and connect again."
    ]


def test_an_address_for_cliniko_to_write_to_is_asked_for(sandbox: Sandbox) -> None:
    settings, secrets = fields_of(sandbox)
    with pytest.raises(BadInput, match="also needs contact_email"):
        commands.check("cliniko", {**settings, "contact_email": ""}, secrets)
    with pytest.raises(BadInput, match="is not an e-mail address"):
        commands.check("cliniko", {**settings, "contact_email": "the desk"}, secrets)


def test_two_ehrs_stand_beside_each_other(sqlite_store: Engine, sandbox: Sandbox) -> None:
    first = connect_cliniko(sqlite_store, sandbox)
    second = connect_cliniko(sqlite_store, sandbox, name="The other one", closed_invoices="written_off")
    sync(sqlite_store, first, sandbox)
    sync(sqlite_store, second, sandbox)
    with reader(sqlite_store) as session:
        from sqlalchemy import func, select

        from core.patients.models import Patient

        counted = select(Patient.connection_id, func.count()).group_by(Patient.connection_id)
        assert dict(session.execute(counted).all()) == {first: 12, second: 12}
