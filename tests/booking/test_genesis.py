"""A booking goes to the EHR and comes back as its own row: one appointment, whoever the patient is."""

import csv
from pathlib import Path

import pytest

from core import clock
from core.booking.changing import cancel_by_link, move_by_link
from core.booking.models import AtEhr
from core.connections.commands import connect
from core.jobs.post_payments import post_payments
from core.postings.reconcile import reconcile
from core.store.engine import reader, transaction
from data.sandbox.genesis import schedule
from tests.booking.at_genesis import connect_genesis, know_ana, post_from_today, posted
from tests.booking.office import ZONE, Office
from tests.booking.test_money import HERS


@pytest.fixture
def export(office: Office) -> Path:
    """Genesis connected, with an export that holds nobody yet."""
    folder = connect_genesis(office)
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


def test_a_prepaid_booking_is_posted_to_the_patients_account_and_the_books_agree(
    office: Office, export: Path
) -> None:
    """Ledger, Genesis and processor come to the same cents: the payment of one booking, the taking back of another."""
    know_ana(export)
    office.patient(**HERS)
    slug = office.offer()
    today = clock.today(ZONE)
    post_from_today(office)
    kept, given_up = office.hold(slug), office.hold(slug, office.times(slug)[3])
    for token in (kept, given_up):
        office.say(token)
        office.pay(token)
    post_payments(office.engine)
    with transaction(office.engine) as session:
        cancel_by_link(session, given_up)
    office.work()
    post_payments(office.engine)
    assert posted(office) == [("P1", "60.00"), ("P1", "60.00"), ("P1", "-60.00")]
    with reader(office.engine) as session:
        books = reconcile(session, practice_id=1, first=today, last=today, as_of=clock.now())
    assert (books.processor_cents, books.difference_cents) == (6_000, 0)


def test_where_genesis_takes_files_each_change_of_a_booking_is_written_once(
    office: Office, tmp_path: Path
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    with transaction(office.engine) as session:
        connect(session, kind="genesis", name="Genesis", settings={"drop_folder": str(folder)}, secrets={})
    slug = office.offer()
    token = office.hold(slug)
    office.say(token)
    office.pay(token)
    with transaction(office.engine) as session:
        cancel_by_link(session, token)
    office.work()
    written = [next(csv.DictReader(path.open(newline=""))) for path in folder.glob("appointment-*.csv")]
    assert sorted((row["version"], row["status"], row["last_name"]) for row in written) == [
        ("1", "scheduled", "Ruiz"),
        ("2", "cancelled", "Ruiz"),
    ]
