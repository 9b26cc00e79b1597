"""The composer knows what the card says to collect: today's visit is ticked like every open charge (DOMAIN §6)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.errors import BadInput
from core.invoices.reports import propose_lines
from core.links.models import Link
from core.patient_card.read import patient_card
from core.store.engine import reader
from tests.links.desk import ZONE, Choice, open_desk, processor
from tests.links.test_pay_links import INSTALMENTS, PLAN
from tests.sandbox.running import Sandbox, run_sandbox

KINDS = [
    {
        "appointment_type_id": "T1",
        "name": "Adjustment",
        "price": "48.00",
        "service_class": "",
        "minutes": "20",
    }
]
SELF = [{"coverage_id": "V1", "patient_id": "P1", "rank": "1", "kind": "self_pay", "payer": ""}]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with run_sandbox(tmp_path_factory.mktemp("processor"), processor()) as running:
        yield running


def test_todays_visit_is_offered_paid_once_and_asked_for_no_more(
    sqlite_store: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    soon = (clock.now() + timedelta(minutes=1)).astimezone(clock.zone(ZONE))
    visits = [{"appointment_id": "A1", "patient_id": "P1", "starts_at": soon.isoformat(), "minutes": "20", "status": "scheduled", "appointment_type_id": "T1"}]  # fmt: skip
    desk = open_desk(
        sqlite_store, sandbox, tmp_path, appointments=visits, appointment_types=KINDS, coverages=SELF,
        plans=[PLAN | {"kind": "payment"}], instalments=INSTALMENTS,
    )  # fmt: skip
    with reader(desk.engine) as session:
        card = patient_card(session, desk.patient(), clock.now())
        offered = propose_lines(session, desk.actor, desk.patient(), clock.now())
    assert offered.visit is not None
    assert (offered.visit.name, offered.visit.cents) == ("Adjustment", 48_00)
    charges = sum(one.open_cents for one in offered.charges)
    assert charges + 48_00 + sum(one.cents for one in offered.by_link) == card.row.collect_now_cents
    link_id = desk.invoice(Choice(visit_id=offered.visit.appointment_id))
    desk.press_pay(link_id)
    desk.sync()
    with reader(desk.engine) as session:
        after = patient_card(session, desk.patient(), clock.now())
        again = propose_lines(session, desk.actor, desk.patient(), clock.now())
        assert session.exec(select(Link.state).where(Link.id == link_id)).one() == "paid"
    assert after.row.collect_now_cents == card.row.collect_now_cents - 48_00
    assert again.visit is None
    with pytest.raises(BadInput, match="charged or asked for by now"):
        desk.invoice(Choice(visit_id=offered.visit.appointment_id), form="f2", second=True)
