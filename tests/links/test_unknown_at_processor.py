"""A practice that has just moved: the processor knows nobody, and everybody can be asked all the same (DOMAIN §11)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from core import clock
from core.blasts.commands import askable
from core.blasts.conditions import Candidate
from core.links.payer import MAYBE_KNOWN
from core.links.rules import LinkKind
from core.patients.models import LinkProposal, LinkState, ProcessorContact
from core.settings import settings
from core.store.engine import reader, transaction
from tests.jobs.connecting import held
from tests.links.desk import Choice, Desk
from tests.links.test_card_links import card_link, typed

CLEO = "P3"


def contacts_of(desk: Desk, ehr_id: str) -> list[dict[str, object]]:
    every = desk.sandbox.request("GET", "/v1/contacts").json()["list"]
    return [one for one in every if one["contact_api_id"] == ehr_id]


def service(desk: Desk, cents: int) -> Choice:
    return Choice(service_id=desk.proposal(CLEO).services[0].service_id, cents=cents)


def test_saving_the_card_makes_the_record_there_once_with_the_ehrs_id(desk: Desk) -> None:
    link_id, token = card_link(desk, CLEO)
    assert contacts_of(desk, CLEO) == []
    typed(desk, token)
    match = {"method": "POST", "path": "/v1/contacts"}
    desk.sandbox.control({"faults": [{"kind": "reset", "times": 1, "match": match}]})
    for _ in range(3):
        desk.work()
        desk.work(later=timedelta(minutes=11))
    (made,) = contacts_of(desk, CLEO)
    assert (made["first_name"], made["last_name"]) == ("Cleo", "Cash")
    link = desk.link(link_id)
    assert (link.state, link.contact_ref) == ("card updated", made["id"])
    cards = held(desk.engine, desk.connection_id, "tokens", "patient_id")
    assert cards[link.new_card_ref or ""] == (desk.patient(CLEO),)
    with reader(desk.engine) as session:
        kept = session.exec(select(ProcessorContact).where(ProcessorContact.external_id == made["id"])).one()
        assert (kept.patient_id, kept.link_state) == (desk.patient(CLEO), LinkState.LINKED)
    desk.sync()
    assert len(contacts_of(desk, CLEO)) == 1


def test_an_invoice_for_somebody_unknown_makes_the_record_and_is_paid_under_it(desk: Desk) -> None:
    link_id = desk.invoice(service(desk, 5_000), patient=CLEO)
    (made,) = contacts_of(desk, CLEO)
    assert (desk.link(link_id).contact_ref, desk.at_processor("quick-invoices")[0]["contact_id"]) == (
        made["id"],
        made["id"],
    )
    desk.press_pay(link_id)
    desk.sync()
    assert desk.state(link_id) == "paid"
    again = desk.invoice(service(desk, 2_000), patient=CLEO, form="f2", second=True)
    assert (desk.link(again).contact_ref, len(contacts_of(desk, CLEO))) == (made["id"], 1)


def test_who_may_be_known_there_already_is_not_made_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", "https://huddle.example.com")
    settings.cache_clear()
    everyone = [Candidate(desk.patient(one), one, "") for one in ("P1", CLEO)]
    with transaction(desk.engine) as session:
        found = askable(session, desk.actor, everyone, kind=LinkKind.CARD, as_of=clock.now())
        assert (len(found.wanted), dict(found.unable)) == (2, {})
        loose = ProcessorContact(connection_id=desk.connection_id, external_id="f" * 24, content_hash="", first_name="Cleo", last_name="Cash")  # fmt: skip
        session.add(loose)
        session.flush()
        session.add(
            LinkProposal(contact_id=loose.id or 0, patient_id=desk.patient(CLEO), evidence="same name and e-mail", created_at=clock.now())
        )  # fmt: skip
        session.flush()
        found = askable(session, desk.actor, everyone, kind=LinkKind.CARD, as_of=clock.now())
    assert (len(found.wanted), dict(found.unable)) == (1, {desk.patient(CLEO): MAYBE_KNOWN})
