"""Genesis at the sandbox for tests of bookings: connected, told of a patient, and taking payments."""

import csv
import json
from pathlib import Path

from sqlmodel import select

from core import clock
from core.connections.clerk_keys import set_clerk_key
from core.connections.commands import connect
from core.connections.models import Connection
from core.postings.commands import turn_on
from core.postings.dry_run import plan_postings
from core.store.engine import transaction
from data.sandbox.genesis import keys
from data.sandbox.practice.columns import COLUMNS
from tests.booking.office import OWNER, ZONE, Office


def connect_genesis(office: Office) -> Path:
    """Genesis connected, with an export that holds nobody yet: its folder."""
    assert office.sandbox is not None
    state = office.sandbox.state
    folder = state.folder / "ehr"
    folder.mkdir(exist_ok=True)
    for name in ("patients", "appointments"):
        (folder / f"{name}.csv").write_text(",".join(COLUMNS[name]) + "\n")
    plain = {"base_url": f"{office.sandbox.root_url}/genesis", "cp_id": keys.cp_id(state)}
    with transaction(office.engine) as session:
        connect(
            session, kind="genesis", name="Genesis", settings=plain, secrets={"cp_mkey": keys.cp_mkey(state)}
        )
    return folder


def know_ana(export: Path) -> None:
    """The EHR's patient P1."""
    row = dict.fromkeys(COLUMNS["patients"], "") | {
        "patient_id": "P1",
        "first_name": "Ana",
        "last_name": "Ruiz",
    }
    with (export / "patients.csv").open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, COLUMNS["patients"]).writerow(row)


def post_from_today(office: Office) -> None:
    """Payments from today on are posted to Genesis, as Olivia."""
    assert office.sandbox is not None
    today = clock.today(ZONE)
    with transaction(office.engine) as session:
        genesis = session.exec(select(Connection).where(Connection.kind == "genesis")).one()
        genesis.settings = json.dumps(json.loads(genesis.settings) | {"acts_as": "olivia"})
        session.add(genesis)
        key = next(iter(keys.clerk_keys(office.sandbox.state).values()))
        set_clerk_key(session, None, staff_id=1, connection_id=genesis.id or 0, key=key)
        seen = plan_postings(session, genesis.id or 0, date_start=today).seen
        turn_on(session, OWNER, connection_id=genesis.id or 0, date_start=today, seen=seen, acknowledged=True)


def posted(office: Office) -> list[tuple[str, str]]:
    """What stands on the accounts in Genesis: patient and amount, in the order of posting."""
    assert office.sandbox is not None
    rows = office.sandbox.state.select("SELECT patient_id, amount FROM genesis_entries ORDER BY number")
    return [tuple(each) for each in rows]
