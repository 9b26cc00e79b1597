"""A practice moved to another processor: its list of old and new ids links each record to its patient."""

from typing import Any

import pytest
from sqlmodel import Session, select

from core import clock
from core.cards.models import Card
from core.connections.models import Connection
from core.errors import BadInput, NotAllowed
from core.integrations.ehr_exports.sheets import sheets_of
from core.integrations.moved_ids import id_table
from core.jobs.records.joining import join_resource
from core.matching.commands import unlink
from core.matching.moved import Outcome, moved_lines, take_moved_ids
from core.patients.models import Patient, ProcessorContact
from core.permissions import Identity
from core.practice.models import Practice
from core.staff.models import Staff

OLD, FORTIS = 2, 3


@pytest.fixture
def owner(session: Session) -> Identity:
    """Two patients with cards at the old processor, known at Fortis under other ids; a third is known nowhere."""
    session.add(Practice(id=1))
    session.flush()
    session.add(Staff(id=1, username="olivia", role="owner", password_hash="", created_at=clock.now()))
    for number, kind in ((1, "practice_files"), (OLD, "cash_practice"), (FORTIS, "fortis")):
        session.add(Connection(id=number, kind=kind, name=kind, created_at=clock.now()))
    session.flush()
    for number in (1, 2, 3):
        session.add(Patient(id=number, connection_id=1, external_id=f"P{number}", ehr_number=f"70{number}",
                            first_name=f"First{number}", last_name=f"Last{number}"))  # fmt: skip
    session.flush()
    contact(session, OLD, "CP-1", patient_id=1, link_state="linked", linked_by="same EHR id")
    session.add(Card(connection_id=OLD, external_id="cp-card-2", patient_id=2))
    for number in (1, 2, 3):
        contact(session, FORTIS, f"f{number}")
        session.add(Card(connection_id=FORTIS, external_id=f"t{number}", contact_ref=f"f{number}"))
    session.flush()
    return Identity(1, 1, "olivia", "Olivia", "owner")


def contact(session: Session, connection: int, external_id: str, **also: Any) -> ProcessorContact:
    row = ProcessorContact(connection_id=connection, external_id=external_id, **also)
    session.add(row)
    session.flush()
    return row


def outcomes(session: Session, owner: Identity, *pairs: tuple[str, str]) -> list[Outcome]:
    return [line.outcome for line in take_moved_ids(session, owner, connection_id=FORTIS, pairs=pairs)]


def whose(session: Session) -> dict[str, int | None]:
    session.expire_all()
    cards = session.exec(select(Card).where(Card.connection_id == FORTIS))
    return {card.external_id: card.patient_id for card in cards}


def test_a_contact_a_card_and_the_ehrs_number_all_find_their_patient(
    session: Session, owner: Identity
) -> None:
    told = outcomes(session, owner, ("CP-1", "f1"), ("cp-card-2", "t2"), ("703", "t3"))
    assert told == [Outcome.LINKED] * 3
    assert whose(session) == {"t1": 1, "t2": 2, "t3": 3}


def test_what_cannot_be_linked_says_why(session: Session, owner: Identity) -> None:
    told = outcomes(session, owner, ("CP-1", "f1"), ("CP-9", "f2"), ("701", "f99"))
    assert told == [Outcome.LINKED, Outcome.NOBODY, Outcome.NOT_THERE]
    contact(session, FORTIS, "f7", patient_id=3, link_state="linked", linked_by="Olivia")
    assert outcomes(session, owner, ("702", "f7"))[-1] == Outcome.OTHER_PATIENT


def test_one_new_id_for_two_patients_links_neither(session: Session, owner: Identity) -> None:
    assert outcomes(session, owner, ("CP-1", "f1"), ("702", "f1")) == [Outcome.TWICE] * 2
    assert whose(session)["t1"] is None


def test_what_comes_with_a_later_sync_is_linked_by_itself(session: Session, owner: Identity) -> None:
    assert outcomes(session, owner, ("701", "f8")) == [Outcome.NOT_THERE]
    contact(session, FORTIS, "f8")
    join_resource(session, FORTIS, "contacts", full=True)
    assert [line.outcome for line in moved_lines(session, FORTIS)] == [Outcome.LINKED]


def test_a_persons_word_stands_above_the_list(session: Session, owner: Identity) -> None:
    outcomes(session, owner, ("CP-1", "f1"))
    linked = session.exec(
        select(ProcessorContact).where(
            ProcessorContact.connection_id == FORTIS, ProcessorContact.external_id == "f1"
        )
    ).one()
    unlink(session, owner, contact_id=linked.id or 0)
    assert outcomes(session, owner, ("CP-1", "f1")) == [Outcome.REJECTED]
    assert whose(session)["t1"] is None


def test_the_same_list_again_changes_nothing_and_a_new_one_mends_the_old(
    session: Session, owner: Identity
) -> None:
    assert outcomes(session, owner, ("CP-1", "f99")) == [Outcome.NOT_THERE]
    assert outcomes(session, owner, ("CP-1", "f1")) == [Outcome.LINKED]
    assert outcomes(session, owner, ("CP-1", "f1")) == [Outcome.LINKED]


def test_card_numbers_are_refused_and_somebody_of_one_location_too(session: Session, owner: Identity) -> None:
    with pytest.raises(BadInput, match="card numbers"):
        outcomes(session, owner, ("4111111111111111", "f1"))
    with pytest.raises(BadInput, match="two columns"):
        outcomes(session, owner)
    with pytest.raises(NotAllowed):
        outcomes(session, Identity(1, 1, "olivia", "Olivia", "owner", location_id=1), ("CP-1", "f1"))


def test_the_two_columns_are_found_by_their_names() -> None:
    text = b'Cardholder;Legacy Token;Last 4;Fortis Token ID\nA B;="00123";4242;t1\nC D;;1111;t2\nE F;1.5E+18;1;t3\n'
    table = id_table(sheets_of([("list.csv", text)]))
    assert (table.names[table.old], table.names[table.new]) == ("Legacy Token", "Fortis Token ID")
    assert table.pairs(table.old, table.new) == ([("00123", "t1")], 2)
    with pytest.raises(BadInput, match="No table"):
        id_table(sheets_of([("list.csv", b"only one line\n")]))
