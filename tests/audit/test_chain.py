"""The audit's chain: whatever is altered, removed, swapped, added or cut off by hand is found, by the doctor too."""

import os
import random
from collections.abc import Callable

from sqlalchemy import Engine
from sqlmodel import Session

from core.audit.chain import check, extend
from core.audit.commands import record
from core.doctor import examine
from core.jobs.audit_chain import check_audit_chain, extend_audit_chain
from core.practice.models import Practice
from core.secrets import add_key, make_key_file, retire_former_keys
from core.store.engine import reader, transaction

SEED = int(os.environ.get("SEED", "14"))
ENTRIES, TAMPERINGS = 60, 1_000
COLUMNS = {
    "at": "at + 1",
    "who": "who || 'x'",
    "action": "'looked'",
    "subject_kind": "'other'",
    "subject_id": "subject_id || '1'",
    "detail": "'{}'",
}


def filled(engine: Engine, entries: int = ENTRIES) -> None:
    with transaction(engine) as session:
        session.merge(Practice(id=1))
        session.flush()
        for number in range(entries):
            record(
                session,
                who=None,
                action="opened patient card",
                subject_kind="patient",
                subject_id=number,
                detail={"n": number},
            )
    assert extend_audit_chain(engine) == entries


def tamper(session: Session, chance: random.Random) -> str:
    """One change by hand, of any kind."""
    one, other = chance.sample(range(1, ENTRIES + 1), 2)
    column, value = chance.choice(list(COLUMNS.items()))
    swap = f"UPDATE audit_entry SET {column} = (SELECT {column} FROM audit_entry WHERE id = {other}) WHERE id = {one}"
    statements = {
        "altered": [f"UPDATE audit_entry SET {column} = {value} WHERE id = {one}"],
        "removed": [f"DELETE FROM audit_entry WHERE id = {one}"],
        "removed with its seal": [
            f"DELETE FROM audit_entry WHERE id = {one}",
            f"DELETE FROM audit_seal WHERE entry_id = {one}",
        ],
        "copied": [
            swap
            if column in {"at", "subject_id", "detail"}
            else f"UPDATE audit_entry SET subject_id = 'x' WHERE id = {one}"
        ],
        "swapped": [
            f"UPDATE audit_seal SET entry_id = 0 WHERE entry_id = {one}",
            f"UPDATE audit_seal SET entry_id = {one} WHERE entry_id = {other}",
            f"UPDATE audit_seal SET entry_id = {other} WHERE entry_id = 0",
        ],
        "end cut off": [
            f"DELETE FROM audit_seal WHERE number > {one - 1}",
            f"DELETE FROM audit_entry WHERE id > {one - 1}",
        ],
        "end altered": [f"UPDATE audit_head SET entries = {one - 1}"],
        "head removed": ["DELETE FROM audit_head"],
    }
    kind = chance.choice(list(statements))
    for statement in statements[kind]:
        session.connection().exec_driver_sql(statement)
    return f"{kind} {one} {other} {column}"


def test_a_thousand_tamperings_are_all_found(
    sqlite_store: Engine, record_property: Callable[[str, object], None]
) -> None:
    filled(sqlite_store)
    chance = random.Random(SEED)  # noqa: S311 - to be replayed
    missed = []
    for _ in range(TAMPERINGS):
        with Session(sqlite_store) as session:
            did = tamper(session, chance)
            if not check(session, most=1).trouble:
                missed.append(did)
            session.rollback()
    record_property("reached", f"{TAMPERINGS - len(missed):,} of {TAMPERINGS:,} found")
    record_property("seed", SEED)
    assert missed == [], f"SEED={SEED}"
    with reader(sqlite_store) as session:
        assert check(session).trouble == ()


def test_it_grows_on_both_stores_and_outlives_a_change_of_the_key(store: Engine) -> None:
    make_key_file()
    filled(store, 5)
    add_key()
    retire_former_keys()
    filled(store, 3)
    found = check_audit_chain(store)
    assert (found.chained, found.waiting, found.trouble) == (8, 0, ())


def test_what_is_not_chained_yet_is_counted_and_chained_in_groups(sqlite_store: Engine) -> None:
    filled(sqlite_store, 2)
    with transaction(sqlite_store) as session:
        for _ in range(5):
            record(session, who=None, action="exported cards")
    with reader(sqlite_store) as session:
        assert (check(session).chained, check(session).waiting) == (2, 5)
    with transaction(sqlite_store) as session:
        assert [extend(session, limit=3), extend(session, limit=3), extend(session, limit=3)] == [3, 2, 0]


def test_the_doctor_finds_it(sqlite_store: Engine) -> None:
    filled(sqlite_store, 4)

    def said() -> tuple[bool, str]:
        with reader(sqlite_store) as session:
            return next((one.ok, one.what) for one in examine(session) if "audit" in one.what)

    assert said() == (True, "The audit's chain holds: 4 entries, 0 not chained yet.")
    with transaction(sqlite_store) as session:
        session.connection().exec_driver_sql("UPDATE audit_entry SET who = 'somebody else' WHERE id = 3")
    assert said() == (False, "Entry 3 of the audit was altered or moved.")
