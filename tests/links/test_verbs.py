"""The desk's verbs against the sandbox over real HTTP, those that the flows of the other tests do not pass."""

from collections.abc import Iterator
from datetime import date

import pytest

from core.connections.commands import fortis_client
from core.errors import Refused
from core.integrations.fortis.writes import FortisDesk, KeyTaken
from tests.jobs.connecting import fields_of
from tests.sandbox.links import sale
from tests.sandbox.records import ANA, ANAS_CARD, ANAS_PLAN, BENS_CARD, CARD_ACCOUNT
from tests.sandbox.running import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[FortisDesk]:
    made = fortis_client(*fields_of(sandbox))
    yield made
    made.close()


def invoice(client: FortisDesk, key: str = "k1") -> str:
    made = client.create_quick_invoice(
        key=key,
        title="Visit",
        due_on=date(2027, 1, 5),
        items=[("Adjustment", 6_500), ("Adjustment", 1_000)],
        contact_id=ANA,
        product_id=CARD_ACCOUNT,
    )
    return made.id


def test_an_invoice_is_changed_closed_opened_and_taken_away(client: FortisDesk) -> None:
    invoice_id = invoice(client)
    assert client.update_quick_invoice(invoice_id, note="Soon").remaining_cents(7_500) == 7_500
    assert client.close_quick_invoice(invoice_id).closed
    with pytest.raises(Refused, match="The invoice is closed"):
        client.update_quick_invoice(invoice_id, note="Late")
    assert not client.reopen_quick_invoice(invoice_id).closed
    client.delete_quick_invoice(invoice_id)
    client.delete_quick_invoice(invoice_id)
    with pytest.raises(Refused) as error:
        client.quick_invoice(invoice_id)
    assert error.value.status == 404


def test_a_payment_is_attached_and_detached(client: FortisDesk, sandbox: Sandbox) -> None:
    invoice_id, paid = invoice(client), sale(sandbox, ANAS_CARD, 2_500)
    client.attach_transaction(invoice_id, paid["id"])
    found = client.quick_invoice(invoice_id)
    assert (found.paid_by(), found.remaining_cents(7_500)) == ([paid["id"]], 5_000)
    client.detach_transaction(invoice_id, paid["id"])
    assert client.quick_invoice(invoice_id).paid_by() == []


def test_invoices_are_found_by_their_ids_and_a_strange_id_is_no_error(client: FortisDesk) -> None:
    ids = [invoice(client, f"k{n}") for n in range(3)]
    assert {found.id for found in client.quick_invoices([*ids, "0" * 24])} == set(ids)


def test_one_key_makes_one_of_each(client: FortisDesk) -> None:
    invoice_id = invoice(client)
    with pytest.raises(KeyTaken):
        invoice(client)
    found = client.quick_invoice_by_key("k1")
    assert found is not None
    assert found.id == invoice_id
    link = {"amount_cents": 500, "contact_id": ANA, "description": "x", "product_id": CARD_ACCOUNT}
    made = client.create_paylink(key="p1", **link)  # type: ignore[arg-type]
    with pytest.raises(KeyTaken):
        client.create_paylink(key="p1", **link)  # type: ignore[arg-type]
    again = client.paylink_by_key("p1")
    assert again is not None
    assert (again.id, again.payment_url is not None, again.paid) == (made.id, True, False)
    client.delete_paylink(made.id)
    client.delete_paylink(made.id)
    assert client.paylink_by_key("p1") is None


def test_a_new_card_begins_with_a_ticket_and_a_draft_moves_to_it(
    client: FortisDesk, sandbox: Sandbox
) -> None:
    assert client.ticket_intention(ANA).client_token
    card = {"account_number": "5555555555554444", "exp_date": "1231", "location_id": sandbox.location_id}
    ticket = sandbox.request("POST", "/v1/tickets", json=card).json()["data"]["id"]
    token = client.token_from_ticket(key="c1", ticket=ticket, contact_id=ANA)
    kept = client.token_by_key("c1")
    assert kept is not None
    assert (kept.id, kept.row()["last_four"]) == (token.id, "4444")
    with pytest.raises(Refused):
        client.token_from_ticket(key="c2", ticket=ticket, contact_id=ANA)
    client.point_recurring(ANAS_PLAN, token.id)
    assert client.recurring(ANAS_PLAN).row()["card_ref"] == token.id
    client.delete_token(ANAS_CARD)
    client.delete_token(ANAS_CARD)
    assert (client.token(ANAS_CARD), client.token(BENS_CARD) is not None) == (None, True)
