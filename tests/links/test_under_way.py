"""What takes a debt already, seen from whoever owes it: a retry under way, or taken and not here yet."""

import json
from datetime import date

from sqlalchemy import Engine

from core import clock
from core.links.under_way import SUBJECT, under_way_for
from core.memberships.models import Membership, MembershipPlan
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.patients.models import Patient
from core.payments.models import DeclinedDraft, Payment
from core.store.engine import reader, transaction
from tests.web.links_out import practice_with_patient


def family(engine: Engine) -> tuple[int, int, int, int]:
    """A parent, their child with a membership, and the parent's card declined for it: parent, child, connection, draft."""
    parent = practice_with_patient(engine)
    with transaction(engine) as session:
        one = session.get_one(Patient, parent)
        own = {"connection_id": one.connection_id, "content_hash": "x"}
        child = Patient(**own, external_id="2", first_name="Leo", last_name="Ruiz", guarantor_id=parent)
        session.add(child)
        session.flush()
        offer = MembershipPlan(**own, external_id="MP1", name="Monthly", price_cents=14_900)
        session.add(offer)
        session.flush()
        member = Membership(
            **own,
            external_id="M1",
            patient_id=child.id,
            membership_plan_id=offer.id,
            start_date=date(2026, 11, 1),
        )
        session.add(member)
        session.flush()
        session.add(
            Payment(
                **own, external_id="t1", patient_id=parent, membership_id=member.id, amount_cents=14_900,
                status="declined", happened_at=clock.now(),
            )
        )  # fmt: skip
        draft = DeclinedDraft(
            **own, external_id="d1", declined_payment_ref="t1", recurring_ref="r1", status="unpaid"
        )
        session.add(draft)
        session.flush()
        return parent, child.id or 0, one.connection_id, draft.id or 0


def tried(engine: Engine, connection: int, draft: int, state: OutboxState, **result: str) -> None:
    with transaction(engine) as session:
        now = clock.now()
        session.add(
            OutboxRow(
                id=f"try {draft}", kind=OutboxKind.DECLINED_RERUN, connection_id=connection, subject_kind=SUBJECT,
                subject_id=str(draft), state=state, payload="{}", result=json.dumps(result), not_before=now,
                created_at=now,
            )
        )  # fmt: skip


def said(engine: Engine, patient: int) -> str:
    with reader(engine) as session:
        return under_way_for(session, patient)


def test_a_retry_on_the_parent_s_card_is_seen_by_both(sqlite_store: Engine) -> None:
    parent, child, connection, draft = family(sqlite_store)
    assert (said(sqlite_store, parent), said(sqlite_store, child)) == ("", "")
    tried(sqlite_store, connection, draft, OutboxState.WAITING)
    assert said(sqlite_store, child) == said(sqlite_store, parent) == "The card is being charged again."


def test_a_retry_that_was_taken_stands_until_its_payment_is_here(sqlite_store: Engine) -> None:
    parent, child, connection, draft = family(sqlite_store)
    tried(sqlite_store, connection, draft, OutboxState.SETTLED, status="approved", transaction_id="t2")
    with transaction(sqlite_store) as session:
        session.get_one(DeclinedDraft, draft).status = "paid"
    assert "its payment is not here yet" in said(sqlite_store, child)
    with transaction(sqlite_store) as session:
        session.add(
            Payment(
                connection_id=connection, content_hash="x", external_id="t2", patient_id=parent, amount_cents=14_900,
                status="approved", happened_at=clock.now(),
            )
        )  # fmt: skip
    assert said(sqlite_store, child) == ""


def test_a_retry_that_was_declined_again_holds_nothing_back(sqlite_store: Engine) -> None:
    _, child, connection, draft = family(sqlite_store)
    tried(sqlite_store, connection, draft, OutboxState.SETTLED, status="declined", transaction_id="t2")
    assert said(sqlite_store, child) == ""
