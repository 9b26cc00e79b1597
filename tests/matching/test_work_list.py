"""The linking work list: money first, evidence side by side, families never by themselves, every decision undone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.connections.models import Connection
from core.errors import BadInput, NotAllowed, NotFound
from core.matching.asides import set_aside, undo_decision
from core.matching.commands import accept_link, link_by_hand, link_contacts, reject_link
from core.matching.rules import Verdict
from core.matching.work_list import Likely, WorkList, search_patients, side_by_side, work_list
from core.names import folded
from core.patients.models import LinkProposal, LinkState, Patient, ProcessorContact
from core.payments.models import Payment, Recurring
from core.permissions import Identity
from core.practice.models import Location, Practice
from core.staff.models import Staff
from core.store.engine import transaction

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MIA = Identity(1, 1, "mia", "Mia", "office manager")


@pytest.fixture
def office(sqlite_store: Engine) -> Iterator[Session]:
    """Two locations, an EHR, and a processor with nobody yet."""
    with clock.frozen(NOW), transaction(sqlite_store) as session:
        session.add(Practice(id=1))
        session.flush()
        session.add(Staff(id=1, username="mia", role="office manager", password_hash="", created_at=NOW))
        session.add(Connection(id=1, kind="practice_files", name="EHR", created_at=NOW))
        session.add(Connection(id=2, kind="fortis", name="Fortis", created_at=NOW))
        session.flush()
        for number in (1, 2):
            place = {"name": f"Street {number}", "time_zone": "America/Denver"}
            session.add(Location(id=number, connection_id=1, external_id=str(number), **place))
        session.flush()
        yield session


def patient(session: Session, first: str, last: str = "Alvarez", **also: Any) -> int:
    row = Patient(
        connection_id=1, external_id=first + last, first_name=first, last_name=last,
        search_name=folded(f"{first} {last}"), **also,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id or 0


def contact(session: Session, first: str, last: str = "Alvarez", *, paid: int = 0, **also: Any) -> int:
    row = ProcessorContact(
        connection_id=2, external_id=f"c {first}", first_name=first, last_name=last, **also
    )
    session.add(row)
    if paid:
        payment(session, f"c {first}", paid)
    session.flush()
    return row.id or 0


def payment(session: Session, ref: str | None, cents: int, *, days: int = 5, **also: Any) -> None:
    given = {"status": "approved", "external_id": f"{ref} {cents} {days}", **also}
    session.add(
        Payment(
            connection_id=2, contact_ref=ref, happened_at=NOW - timedelta(days), amount_cents=cents, **given
        )
    )
    session.flush()


def listed(session: Session, actor: Identity = MIA) -> WorkList:
    return work_list(session, actor, as_of=NOW)


def test_the_record_with_the_most_money_comes_first(office: Session) -> None:
    contact(office, "Ana", paid=5_000)
    contact(office, "Ben", paid=14_900)
    contact(office, "Cy")
    assert [(one.name, one.resting.cents) for one in listed(office).records] == [
        ("Ben Alvarez", 14_900),
        ("Ana Alvarez", 5_000),
        ("Cy Alvarez", 0),
    ]


def test_money_is_what_came_in_ninety_days_and_the_next_run_of_each_draft(office: Session) -> None:
    contact(office, "Ana", paid=10_000)
    payment(office, "c Ana", 700, days=91)
    payment(office, "c Ana", 800, status="declined")
    payment(office, "c Ana", 3_000, external_id="back", refund_ref="c Ana 10000 5")
    for number, status in enumerate(("active", "active", "ended")):
        draft = {"amount_cents": 2_000, "next_run_on": date(2026, 12, 3 + number), "status": status}
        office.add(Recurring(connection_id=2, external_id=str(number), contact_ref="c Ana", **draft))
    payment(office, None, 4_200, external_id="walk-in")
    office.flush()
    found = listed(office)
    assert found.records[0].resting[:3] == (7_000, 4_000, date(2026, 12, 3))
    assert (found.cents, found.nameless_cents) == (11_000, 4_200)


def test_what_agrees_what_differs_and_what_is_not_known_stand_side_by_side(office: Session) -> None:
    ana = patient(office, "Ana", email="ana@mail.example", mobile_phone="+13035550101")
    record = contact(office, "Ana", email="ANA@mail.example", mobile_phone="+13035550199")
    link_contacts(office, 2)
    (beside,) = side_by_side(office, MIA, record, as_of=NOW).patients
    assert (beside.patient_id, beside.proposal_id is not None, beside.shared_alone) == (ana, True, False)
    assert [(fact.what, fact.verdict) for fact in beside.facts] == [
        ("name", Verdict.AGREES),
        ("e-mail", Verdict.AGREES),
        ("mobile", Verdict.DIFFERS),
        ("birth date", Verdict.UNKNOWN),
    ]


def test_a_shared_phone_alone_is_shown_as_family_and_never_proposed(office: Session) -> None:
    patient(office, "Ben", mobile_phone="+13035550101")
    record = contact(office, "Ana", mobile_phone="+13035550101")
    link_contacts(office, 2)
    (beside,) = side_by_side(office, MIA, record, as_of=NOW).patients
    assert (beside.patient, beside.proposal_id, beside.shared_alone) == ("Ben Alvarez", None, True)
    assert listed(office).records[0].likely is None


@pytest.mark.parametrize("words", ["alv an", "Álvarez", "0101"])
def test_a_patient_is_found_by_part_of_the_name_or_the_last_four(office: Session, words: str) -> None:
    patient(office, "Ana", mobile_phone="+13035550101", mobile_last_four="0101")
    patient(office, "Zoë", "Müller", mobile_last_four="0199")
    record = contact(office, "A.")
    assert [one.patient for one in search_patients(office, MIA, record, words)] == ["Ana Alvarez"]
    assert search_patients(office, MIA, record, "  ") == []


def decide(session: Session, how: str, record: int, ana: int) -> None:
    proposal = session.exec(select(LinkProposal.id).where(LinkProposal.patient_id == ana)).one() or 0
    if how == "accept":
        accept_link(session, MIA, proposal_id=proposal)
    elif how == "reject":
        reject_link(session, MIA, proposal_id=proposal)
    elif how == "by hand":
        link_by_hand(session, MIA, contact_id=record, patient_id=ana)
    else:
        set_aside(session, MIA, contact_id=record)


@pytest.mark.parametrize("how", ["accept", "reject", "by hand", "not ours"])
def test_every_decision_taken_back_leaves_the_record_as_it_was(office: Session, how: str) -> None:
    ana = patient(office, "Ana", email="ana@mail.example")
    record = contact(office, "Ana", paid=5_000, email="ana@mail.example")
    link_contacts(office, 2)
    before = (listed(office), office.exec(select(Payment.patient_id)).all())
    decide(office, how, record, ana)
    assert (listed(office), office.exec(select(Payment.patient_id)).all()) != before
    undo_decision(office, MIA, contact_id=record)
    assert (listed(office), office.exec(select(Payment.patient_id)).all()) == before


def test_a_record_set_aside_stays_so_through_the_next_sync(office: Session) -> None:
    patient(office, "Ana", email="ana@mail.example")
    record = contact(office, "Ana", paid=5_000, email="ana@mail.example")
    set_aside(office, MIA, contact_id=record)
    counts = link_contacts(office, 2)
    found = listed(office)
    assert (counts.not_ours, counts.proposed, found.records, found.cents) == (1, 0, (), 0)
    assert [(one.name, one.resting.cents) for one in found.aside] == [("Ana Alvarez", 5_000)]
    link_by_hand(office, MIA, contact_id=record, patient_id=1)
    assert office.get_one(ProcessorContact, record).link_state == LinkState.LINKED
    with pytest.raises(BadInput, match="linked to a patient meanwhile"):
        set_aside(office, MIA, contact_id=record)


def test_nothing_decided_is_nothing_to_take_back(office: Session) -> None:
    with pytest.raises(BadInput, match="Nothing was decided"):
        undo_decision(office, MIA, contact_id=contact(office, "Ana"))


def test_the_desk_and_the_provider_do_not_link(office: Session) -> None:
    record = contact(office, "Ana")
    for role in ("front desk", "provider"):
        person = Identity(1, 1, "x", "X", role)
        for act in (
            lambda who: work_list(office, who, as_of=NOW),
            lambda who: side_by_side(office, who, record, as_of=NOW),
            lambda who: search_patients(office, who, record, "ana"),
            lambda who: set_aside(office, who, contact_id=record),
            lambda who: undo_decision(office, who, contact_id=record),
        ):
            with pytest.raises(NotAllowed):
                act(person)


def test_somebody_of_one_location_neither_sees_nor_links_patients_of_another(office: Session) -> None:
    here = patient(office, "Ana", location_id=1, email="ana@mail.example")
    there = patient(office, "Ana", "Alvarez ", location_id=2, email="ana@mail.example")
    record = contact(office, "Ana", email="ana@mail.example")
    link_contacts(office, 2)
    mia = Identity(1, 1, "mia", "Mia", "office manager", location_id=1)
    assert [one.patient_id for one in side_by_side(office, mia, record, as_of=NOW).patients] == [here]
    assert [one.patient_id for one in search_patients(office, mia, record, "ana")] == [here]
    assert listed(office, mia).records[0].likely == Likely(1, "Ana Alvarez", "name and e-mail")
    with pytest.raises(NotFound):
        link_by_hand(office, mia, contact_id=record, patient_id=there)


def test_another_practice_sees_and_decides_nothing_of_ours(office: Session) -> None:
    record, ana = contact(office, "Ana", paid=5_000), patient(office, "Ana")
    stranger = Identity(1, 1, "eve", "Eve", "owner", practice_id=2)
    assert listed(office, stranger) == WorkList((), (), 0)
    for act in (
        lambda: side_by_side(office, stranger, record, as_of=NOW),
        lambda: link_by_hand(office, stranger, contact_id=record, patient_id=ana),
        lambda: set_aside(office, stranger, contact_id=record),
        lambda: undo_decision(office, stranger, contact_id=record),
    ):
        with pytest.raises(NotFound):
            act()
