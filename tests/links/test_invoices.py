"""An invoice from the desk to the processor and back: once, whatever happens on the way."""

import pytest

from tests.links.desk import Desk


def test_what_is_open_is_listed_and_the_insurers_part_is_not(desk: Desk) -> None:
    found = desk.proposal()
    assert [(one.external_id, one.name, one.open_cents) for one in found.charges] == [
        ("G1", "Adjustment", 6_500),
        ("G2", "Massage, 60 minutes", 4_000),
    ]


def test_an_invoice_is_made_at_the_processor_with_its_payment_page(desk: Desk) -> None:
    link = desk.link(desk.invoice())
    (there,) = desk.at_processor("quick-invoices")
    assert (link.state, link.amount_cents, link.external_id) == ("created", 10_500, there["id"])
    assert (there["quick_invoice_api_id"], there["amount_due"]) == (link.key, 10_500)
    assert link.url and "/pay/invoice/" in link.url
    assert desk.proposal().charges == ()
    assert "on an invoice already" in desk.proposal().said


def test_paid_on_the_processors_page_the_invoice_is_paid_by_polling_alone(desk: Desk) -> None:
    link_id = desk.invoice()
    assert "Thank you" in desk.press_pay(link_id)
    desk.sync()
    link = desk.link(link_id)
    assert (link.state, link.paid_cents, link.seen_at is not None) == ("paid", 10_500, True)
    assert desk.steps(link_id)[-1] == "opened" or "payment" in desk.steps(link_id)


@pytest.mark.parametrize("fault", ["reset", "timeout_before", "timeout_after", "status"])
def test_a_lost_reply_makes_one_invoice(desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    monkeypatch.setattr("core.integrations.http.READ_SECONDS", 0.3)
    desk.sandbox.control(
        {"faults": [{"kind": fault, "times": 1, "match": {"method": "POST", "path": "/v1/quick-invoices"}}]}
    )
    link_id = desk.invoice()
    assert desk.state(link_id) == "unknown"
    desk.work(later=timedelta(minutes=11))
    desk.work(later=timedelta(minutes=12))
    assert desk.state(link_id) == "created"
    assert len(desk.at_processor("quick-invoices")) == 1
