"""Contacts find their patients; a person's word stands above the rule; what rests on a contact follows it."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.cards.models import Card
from core.connections.models import Connection
from core.errors import BadInput, NotAllowed
from core.matching.commands import accept_link, link_by_hand, link_contacts, reject_link, unlink
from core.patients.models import LinkProposal, LinkState, Patient, ProcessorContact
from core.payments.models import Payment, Recurring
from core.permissions import Identity
from core.practice.models import Practice
from core.staff.models import Staff

BORN = date(1980, 3, 14)


@pytest.fixture
def manager(session: Session) -> Identity:
    session.add(Practice(id=1))
    session.flush()
    session.add(Staff(id=1, username="mia", role="office manager", password_hash="", created_at=clock.now()))
    session.add(Connection(id=1, kind="practice_files", name="EHR", created_at=clock.now()))
    session.add(Connection(id=2, kind="fortis", name="Fortis", created_at=clock.now()))
    session.flush()
    return Identity(1, 1, "mia", "Mia", "office manager")


def patient(session: Session, external_id: str, first: str = "Ana", **also: Any) -> int:
    row = Patient(connection_id=1, external_id=external_id, first_name=first, last_name="Alvarez", **also)
    session.add(row)
    session.flush()
    return row.id or 0


def contact(session: Session, external_id: str = "c1", first: str = "Ana", **also: Any) -> ProcessorContact:
    """A contact with a card, a draft and a payment."""
    mine = {"connection_id": 2, "contact_ref": external_id}
    session.add(Card(external_id=f"card {external_id}", **mine))
    session.add(Recurring(external_id=f"draft {external_id}", amount_cents=100, **mine))
    paid = {"happened_at": clock.now(), "amount_cents": 100, "status": "approved"}
    session.add(Payment(external_id=f"payment {external_id}", **paid, **mine))
    row = ProcessorContact(
        connection_id=2, external_id=external_id, first_name=first, last_name="Alvarez", **also
    )
    session.add(row)
    session.flush()
    return row


def change(session: Session, row: ProcessorContact, **fields: Any) -> None:
    """The processor tells something else about a contact."""
    for name, value in fields.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def rests_on(session: Session, external_id: str = "c1") -> set[int | None]:
    session.expire_all()
    return {
        session.exec(select(model.patient_id).where(model.contact_ref == external_id)).one()
        for model in (Card, Recurring, Payment)
    }


def proposals(session: Session) -> list[LinkProposal]:
    return list(session.exec(select(LinkProposal).where(LinkProposal.state == "open")))


def test_the_same_ehr_id_is_a_sure_link(session: Session, manager: Identity) -> None:
    ana = patient(session, "P1")
    contact(session, ehr_id="P1", first="Somebody")
    counts = link_contacts(session, 2)
    assert (counts.linked, counts.proposed, counts.unlinked, counts.changed) == (1, 0, 0, 1)
    assert rests_on(session) == {ana}
    assert link_contacts(session, 2).changed == 0


def test_the_number_the_ehr_s_people_use_links_as_surely_as_its_id_unless_two_have_it(
    session: Session, manager: Identity
) -> None:
    ana = patient(session, "2f6c-uuid", ehr_number="MR-1")
    patient(session, "MR-2", "Ben")
    patient(session, "77aa-uuid", "Cleo", ehr_number="MR-2")
    contact(session, ehr_id="MR-1", first="Somebody")
    contact(session, "c2", ehr_id="MR-2", first="Dario")
    assert link_contacts(session, 2).linked == 1
    assert (rests_on(session), rests_on(session, "c2")) == ({ana}, {None})


def test_a_corrected_ehr_id_moves_the_link(session: Session, manager: Identity) -> None:
    ana, ben = patient(session, "P1"), patient(session, "P2", "Ben")
    row = contact(session, ehr_id="P1")
    link_contacts(session, 2)
    change(session, row, ehr_id="P2")
    link_contacts(session, 2)
    assert (row.patient_id, rests_on(session), ana != ben) == (ben, {ben}, True)
    change(session, row, ehr_id=None)
    link_contacts(session, 2)
    assert rests_on(session) == {None}


def test_a_probable_patient_waits_for_a_person(session: Session, manager: Identity) -> None:
    ana = patient(session, "P1", email="ana@example.com")
    row = contact(session, email="Ana@example.com")
    assert link_contacts(session, 2).proposed == 1
    (proposal,) = proposals(session)
    assert (proposal.patient_id, proposal.evidence) == (ana, "name and e-mail")
    assert (row.patient_id, rests_on(session)) == (None, {None})
    accept_link(session, manager, proposal_id=proposal.id or 0)
    assert (rests_on(session), row.link_state, row.linked_by) == ({ana}, LinkState.LINKED, "Mia")
    assert link_contacts(session, 2).linked == 1


def test_a_rejected_proposal_does_not_come_back(session: Session, manager: Identity) -> None:
    patient(session, "P1", birth_date=BORN)
    row = contact(session, birth_date=BORN)
    link_contacts(session, 2)
    reject_link(session, manager, proposal_id=proposals(session)[0].id or 0)
    assert row.link_state == LinkState.UNLINKED
    assert link_contacts(session, 2).unlinked == 1
    assert proposals(session) == []


def test_an_undone_link_stays_undone_even_with_the_same_ehr_id(session: Session, manager: Identity) -> None:
    patient(session, "P1")
    row = contact(session, ehr_id="P1")
    link_contacts(session, 2)
    unlink(session, manager, contact_id=row.id or 0)
    assert rests_on(session) == {None}
    assert link_contacts(session, 2).unlinked == 1
    with pytest.raises(BadInput, match="not linked"):
        unlink(session, manager, contact_id=row.id or 0)


def test_a_person_links_who_nobody_proposed_and_no_sync_overrides_it(
    session: Session, manager: Identity
) -> None:
    patient(session, "P1")
    ben = patient(session, "P2", "Ben")
    row = contact(session)
    link_by_hand(session, manager, contact_id=row.id or 0, patient_id=ben)
    change(session, row, ehr_id="P1")
    link_contacts(session, 2)
    assert (rests_on(session), row.linked_by) == ({ben}, "Mia")


def test_a_family_with_one_phone_links_only_by_name(session: Session, manager: Identity) -> None:
    phone = {"mobile_phone": "+16145550199", "email": "family@example.com"}
    members = {name: patient(session, name, name, **phone) for name in ("Ana", "Ben", "Cora")}
    for name in ("Ana", "Dan"):
        contact(session, name, name, **phone)
    counts = link_contacts(session, 2)
    assert (counts.proposed, counts.unlinked) == (1, 1)
    assert [found.patient_id for found in proposals(session)] == [members["Ana"]]


def test_several_candidates_are_all_proposed(session: Session, manager: Identity) -> None:
    both = {patient(session, "P1", birth_date=BORN), patient(session, "P2", birth_date=BORN)}
    contact(session, birth_date=BORN)
    link_contacts(session, 2)
    assert {found.patient_id for found in proposals(session)} == both
    accept_link(session, manager, proposal_id=proposals(session)[0].id or 0)
    assert proposals(session) == []


def test_a_proposal_that_no_longer_holds_goes_away(session: Session, manager: Identity) -> None:
    patient(session, "P1", birth_date=BORN)
    row = contact(session, birth_date=BORN)
    link_contacts(session, 2)
    change(session, row, birth_date=date(1999, 1, 1))
    assert link_contacts(session, 2).unlinked == 1
    assert proposals(session) == []


def test_patients_of_another_practice_or_gone_are_no_candidates(session: Session, manager: Identity) -> None:
    session.add(Practice(id=2))
    session.flush()
    session.add(Connection(id=3, practice_id=2, kind="practice_files", name="x", created_at=clock.now()))
    session.flush()
    session.add(
        Patient(connection_id=3, external_id="P1", first_name="Ana", last_name="Alvarez", birth_date=BORN)
    )
    patient(session, "P1", birth_date=BORN, gone_at=clock.now())
    contact(session, ehr_id="P1", birth_date=BORN)
    assert link_contacts(session, 2).unlinked == 1


def test_linking_needs_the_permission_and_leaves_a_trace(session: Session, manager: Identity) -> None:
    ana, row = patient(session, "P1"), contact(session)
    desk = Identity(2, 1, "dee", "Dee", "front desk")
    with pytest.raises(NotAllowed):
        link_by_hand(session, desk, contact_id=row.id or 0, patient_id=ana)
    link_by_hand(session, manager, contact_id=row.id or 0, patient_id=ana)
    unlink(session, manager, contact_id=row.id or 0)
    entries = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
    assert [(entry.who, entry.action) for entry in entries] == [
        ("mia", "contact linked"),
        ("mia", "contact unlinked"),
    ]
