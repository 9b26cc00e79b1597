"""A booking goes to the EHR and comes back as its own row: one appointment, whoever the patient is."""

import csv
from pathlib import Path

import pytest

from core.booking.changing import cancel_by_link, move_by_link
from core.booking.models import AtEhr
from core.connections.commands import connect
from core.store.engine import transaction
from data.sandbox.genesis import keys, schedule
from data.sandbox.practice.columns import COLUMNS
from tests.booking.office import Office


@pytest.fixture
def export(office: Office) -> Path:
    """Genesis connected, with an export that holds nobody yet."""
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
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def rows(export: Path, name: str) -> list[dict[str, str]]:
    with (export / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_booking_is_an_appointment_in_the_ehr_and_somebody_new_a_patient(
    office: Office, export: Path
) -> None:
    token = office.hold(office.offer())
    office.say(token)
    office.pay(token)
    booking = office.booking(token)
    assert booking.at_ehr == AtEhr.SENT
    [visit] = rows(export, "appointments")
    assert (visit["appointment_id"], visit["provider_id"], visit["status"]) == (
        booking.ehr_ref,
        "D1",
        "scheduled",
    )
    [person] = rows(export, "patients")
    assert (person["patient_id"], person["last_name"]) == (visit["patient_id"], "Ruiz")


def test_moving_and_cancelling_change_the_same_row(office: Office, export: Path) -> None:
    slug = office.offer()
    token = office.hold(slug)
    office.say(token)
    office.pay(token)
    later = office.times(slug)[5]
    with transaction(office.engine) as session:
        move_by_link(
            session, token, starts_at=later, provider_id=office.providers[0], location_id=office.place
        )
    office.work()
    with transaction(office.engine) as session:
        cancel_by_link(session, token)
    office.work()
    [visit] = rows(export, "appointments")
    assert visit["status"] == "cancelled"
    assert office.sandbox is not None
    assert len(schedule.all_of(office.sandbox.state)) == 1
