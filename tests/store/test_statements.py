"""Lists of ids go to the store as one parameter, whatever their length, and find the same rows as a list of parameters."""

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from core.connections.commands import connect
from core.patients.models import Patient
from core.store.base import table_of
from core.store.engine import reader, transaction
from core.store.statements import IDS, refs_of

REFS = ["1", "01", "1.0", 'O"Brien', "Zoë", "a,b", "{x}", "null"]
_patient = table_of(Patient)
BY_ID = select(_patient.c.external_id).where(_patient.c.id.in_(IDS)).order_by(_patient.c.id)
BY_REF = select(_patient.c.external_id).where(_patient.c.external_id.in_(refs_of("refs")))


@pytest.fixture
def ids(store: Engine) -> list[int]:
    with transaction(store) as session:
        files = connect(session, kind="practice_files", name="files", settings={"folder": "."}, secrets={}).id
        rows = [Patient(connection_id=files, external_id=ref, content_hash="") for ref in REFS]
        session.add_all(rows)
        session.flush()
        return [row.id or 0 for row in rows]


def found(session: Session, query, **parameters) -> list[str]:
    return list(session.connection().execute(query, parameters).scalars())


def test_none_one_and_very_many_ids(store: Engine, ids: list[int]) -> None:
    with reader(store) as session:
        assert found(session, BY_ID, ids=[]) == []
        assert found(session, BY_ID, ids=[ids[2]]) == [REFS[2]]
        assert found(session, BY_ID, ids={ids[2], ids[0]}) == [REFS[0], REFS[2]]
        assert found(session, BY_ID, ids=[*range(10**6, 10**6 + 50_000), *reversed(ids), ids[0]]) == REFS


def test_ids_of_other_systems_are_text_whatever_they_look_like(store: Engine, ids: list[int]) -> None:
    with reader(store) as session:
        for ref in REFS:
            assert found(session, BY_REF, refs=[ref]) == [ref]
        assert sorted(found(session, BY_REF, refs=REFS)) == sorted(REFS)
        assert found(session, BY_REF, refs=["1.00", "NULL", "zoë"]) == []


def test_lists_of_every_length_are_one_statement(store: Engine, ids: list[int]) -> None:
    with reader(store) as session:
        dialect = session.connection().dialect
        assert len({str(BY_ID.compile(dialect=dialect)) for _ in range(3)}) == 1
        assert "POSTCOMPILE" not in str(BY_ID.compile(dialect=dialect))
