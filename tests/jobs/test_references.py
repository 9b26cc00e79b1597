"""What a processor's records point at is filled in, whichever side came first."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.cards.models import Card
from core.connections.models import Connection
from core.jobs.records.joining import join_records
from core.jobs.records.references import refer_cards, refer_payments, refer_recurrings
from core.memberships.models import Membership, MembershipPlan
from core.patients.models import Patient, ProcessorContact
from core.payments.models import Payment, Recurring
from core.plans.models import Plan
from core.practice.models import Practice
from core.store.engine import transaction

EHR, FORTIS = 1, 2


def add(session: Session, row: Any) -> int:
    session.add(row)
    session.flush()
    return row.id


@pytest.fixture
def books(session: Session) -> Session:
    add(session, Practice(id=1))
    add(session, Connection(id=EHR, kind="practice_files", name="EHR", created_at=clock.now()))
    add(session, Connection(id=FORTIS, kind="fortis", name="Fortis", created_at=clock.now()))
    return session


def ana_with_plan(session: Session, plan_id: str = "PL1") -> tuple[int, int]:
    ana = add(session, Patient(connection_id=EHR, external_id="P1", first_name="Ana", last_name="Alvarez"))
    return ana, add(session, Plan(connection_id=EHR, external_id=plan_id, patient_id=ana))


def drawn_by(session: Session, pays_for: str | None, **also: Any) -> Recurring:
    """A contact, its card, a draft that names neither contact nor patient, and its payment that names only the draft."""
    contact = ProcessorContact(connection_id=FORTIS, external_id="c1", last_name="Alvarez", ehr_id="P1")
    add(session, contact)
    add(session, Card(connection_id=FORTIS, external_id="k1", contact_ref="c1"))
    draft = Recurring(
        connection_id=FORTIS, external_id="r1", card_ref="k1", pays_for=pays_for, amount_cents=100
    )
    add(session, draft)
    paid: dict[str, Any] = {"happened_at": clock.now(), "amount_cents": 100, "status": "approved", **also}
    add(session, Payment(connection_id=FORTIS, external_id="t1", recurring_ref="r1", **paid))
    return draft


def refer(session: Session) -> tuple[Recurring, Payment]:
    refer_cards(session, FORTIS)
    refer_recurrings(session, FORTIS)
    refer_payments(session, FORTIS, ["t1"])
    session.expire_all()
    return session.exec(select(Recurring)).one(), session.exec(select(Payment)).one()


def test_a_draft_pays_for_the_plan_it_names(books: Session) -> None:
    _, plan = ana_with_plan(books)
    drawn_by(books, "PL1")
    draft, paid = refer(books)
    assert (draft.plan_id, draft.membership_id, draft.contact_ref) == (plan, None, "c1")
    assert (paid.plan_id, paid.membership_id, paid.contact_ref) == (plan, None, "c1")


def test_a_draft_pays_for_the_membership_it_names(books: Session) -> None:
    ana, _ = ana_with_plan(books)
    kind = add(books, MembershipPlan(connection_id=EHR, external_id="M", name="Monthly"))
    start = {"start_date": date(2026, 1, 1), "patient_id": ana, "membership_plan_id": kind}
    membership = add(books, Membership(connection_id=EHR, external_id="MB1", **start))
    drawn_by(books, "MB1")
    draft, paid = refer(books)
    assert (draft.plan_id, draft.membership_id, paid.membership_id) == (None, membership, membership)


def test_a_name_that_a_plan_and_a_membership_share_is_nobodys(books: Session) -> None:
    ana, _ = ana_with_plan(books, "X1")
    kind = add(books, MembershipPlan(connection_id=EHR, external_id="M", name="Monthly"))
    start = {"start_date": date(2026, 1, 1), "patient_id": ana, "membership_plan_id": kind}
    add(books, Membership(connection_id=EHR, external_id="X1", **start))
    drawn_by(books, "X1")
    draft, paid = refer(books)
    assert (draft.plan_id, draft.membership_id, paid.plan_id) == (None, None, None)


@pytest.mark.parametrize("pays_for", [None, "PL9"])
def test_a_draft_that_names_nothing_known_pays_for_nothing_known(
    books: Session, pays_for: str | None
) -> None:
    ana_with_plan(books)
    drawn_by(books, pays_for)
    draft, paid = refer(books)
    assert (draft.plan_id, draft.membership_id, paid.plan_id) == (None, None, None)


def test_a_plan_of_another_practice_is_not_taken(books: Session) -> None:
    add(books, Practice(id=2))
    add(books, Connection(id=3, practice_id=2, kind="practice_files", name="x", created_at=clock.now()))
    ben = add(books, Patient(connection_id=3, external_id="P1"))
    add(books, Plan(connection_id=3, external_id="PL1", patient_id=ben))
    drawn_by(books, "PL1")
    assert refer(books)[0].plan_id is None


def test_what_differs_is_changed_once_and_then_nothing(books: Session) -> None:
    ana_with_plan(books)
    drawn_by(books, "PL1")
    assert refer_recurrings(books, FORTIS)
    assert not refer_recurrings(books, FORTIS)


def test_practice_files_that_come_after_the_processor_join_everything(store: Engine) -> None:
    with transaction(store) as session:
        add(session, Practice(id=1))
        for number, kind in ((EHR, "practice_files"), (FORTIS, "fortis")):
            add(session, Connection(id=number, kind=kind, name=kind, created_at=clock.now()))
        drawn_by(session, "PL1")
    with transaction(store) as session:
        ana, plan = ana_with_plan(session)
    join_records(store)
    with transaction(store) as session:
        draft, paid = session.exec(select(Recurring)).one(), session.exec(select(Payment)).one()
        card = session.exec(select(Card)).one()
    assert (card.patient_id, draft.patient_id, paid.patient_id) == (ana, ana, ana)
    assert (draft.plan_id, paid.plan_id) == (plan, plan)
