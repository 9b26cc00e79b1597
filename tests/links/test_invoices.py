"""An invoice from the desk to the processor and back: once, whatever happens on the way."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.errors import BadInput, NotAllowed, NotFound
from core.invoices.commands import create_invoice
from core.invoices.paper import paper_of, preview_paper
from core.invoices.replacing import replace_link
from core.links.commands import detach_payment, reopen, resend_by_processor, undo_void, void
from core.links.models import Link
from core.links.new_link import OpenLinkExists
from core.links.pay_links import missing_of
from core.outbox.models import OutboxRow
from core.permissions import Role
from core.store.engine import reader, transaction
from tests.links.desk import ANAS_CARD, LEDGER, Choice, Desk, charge, days_ago, make_actor, open_desk
from tests.sandbox.links import sale
from tests.sandbox.running import Sandbox

LATER = timedelta(minutes=11)  # past the settle window


def test_what_is_open_is_listed_and_the_insurers_part_is_not(desk: Desk) -> None:
    found = desk.proposal()
    assert [(one.external_id, one.name, one.open_cents) for one in found.charges] == [
        ("G1", "Adjustment", 6_500),
        ("G2", "Massage, 60 minutes", 4_000),
    ]
    assert len(found.insurer_entries) == 1
    assert [service.name for service in found.services] == ["Adjustment", "Massage, 60 minutes", "Orthotics"]


def test_an_invoice_is_made_at_the_processor_with_its_payment_page(desk: Desk) -> None:
    link = desk.link(desk.invoice())
    (there,) = desk.at_processor("quick-invoices")
    assert (link.state, link.amount_cents, link.external_id) == ("created", 10_500, there["id"])
    assert (there["quick_invoice_api_id"], there["amount_due"]) == (link.key, 10_500)
    assert "/pay/invoice/" in (link.url or "")
    assert desk.proposal().charges == ()
    assert "on an invoice already" in desk.proposal().said


def test_the_preview_is_the_sheet_that_is_made(desk: Desk) -> None:
    ticked = [Choice(one.entry_id) for one in desk.proposal().charges]
    with reader(desk.engine) as session:
        before = preview_paper(session, desk.actor, patient_id=desk.patient(), choices=ticked, note="Hello")
    link_id = desk.invoice(note="Hello")
    with reader(desk.engine) as session:
        after = paper_of(session, desk.actor, link_id)
    same = ("practice", "patient", "made_on", "due_on", "lines", "total_cents", "note")
    assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]
    assert (before.number, after.number, after.pay_at) == ("", f"H-{link_id:06d}", desk.link(link_id).url)


def test_a_custom_amount_leaves_the_rest_to_be_invoiced(desk: Desk) -> None:
    first = desk.proposal().charges[0]
    desk.invoice(Choice(first.entry_id, cents=2_500))
    left = desk.proposal().charges
    assert [(one.external_id, one.open_cents) for one in left] == [("G1", 4_000), ("G2", 4_000)]


def test_paid_on_the_processors_page_the_invoice_is_paid_by_polling_alone(
    store: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    desk = open_desk(store, sandbox, tmp_path)
    link_id = desk.invoice()
    assert "Thank you" in desk.press_pay(link_id)
    desk.sync()
    link = desk.link(link_id)
    assert (link.state, link.paid_cents, link.seen_at is not None) == ("paid", 10_500, True)
    assert {"opened", "payment"} <= set(desk.steps(link_id))
    assert desk.proposal().charges == ()


def test_paid_in_parts_it_says_what_remains(desk: Desk) -> None:
    link_id = desk.invoice()
    desk.press_pay(link_id, amount="40.00")
    desk.sync()
    link = desk.link(link_id)
    assert (link.state, link.paid_cents) == ("part-paid", 4_000)
    desk.press_pay(link_id, "no-funds")
    desk.sync()
    assert (desk.state(link_id), desk.steps(link_id).count("declined")) == ("part-paid", 1)
    desk.press_pay(link_id)
    desk.sync()
    desk.sync()
    assert (desk.state(link_id), desk.steps(link_id).count("payment")) == ("paid", 2)


@pytest.mark.parametrize("fault", ["reset", "timeout_before", "timeout_after", "status"])
def test_a_lost_reply_makes_one_invoice(desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.integrations.http.READ_SECONDS", 0.3)
    match = {"method": "POST", "path": "/v1/quick-invoices"}
    desk.sandbox.control({"faults": [{"kind": fault, "times": 1, "match": match}]})
    link_id = desk.invoice()
    assert desk.state(link_id) == "unknown"
    desk.work(later=LATER)
    desk.work(later=LATER)
    assert desk.state(link_id) == "created"
    assert len(desk.at_processor("quick-invoices")) == 1


def test_made_but_not_listed_for_half_an_hour_it_is_still_one(desk: Desk) -> None:
    desk.sandbox.control({"listing_delay": 1800})
    match = {"method": "POST", "path": "/v1/quick-invoices"}
    desk.sandbox.control({"faults": [{"kind": "reset", "times": 1, "match": match}]})
    link_id = desk.invoice()
    desk.work(later=LATER)
    desk.work(later=LATER)
    assert desk.state(link_id) == "unknown"
    desk.sandbox.control({"listing_delay": 0})
    desk.work(later=2 * LATER)
    assert (desk.state(link_id), len(desk.at_processor("quick-invoices"))) == ("created", 1)


def test_seen_only_once_the_processors_list_shows_it(desk: Desk) -> None:
    desk.sandbox.control({"listing_delay": 1800})
    link_id = desk.invoice()
    desk.press_pay(link_id, amount="40.00")
    desk.sync()
    assert (desk.link(link_id).seen_at, desk.state(link_id)) == (None, "part-paid")
    desk.sandbox.control({"listing_delay": 0})
    desk.sync()
    assert desk.link(link_id).seen_at is not None


def test_a_double_click_makes_one_invoice(desk: Desk) -> None:
    ticked = [Choice(one.entry_id) for one in desk.proposal().charges]
    made: list[int | None] = []

    def press() -> None:
        with transaction(desk.engine) as session:
            link = create_invoice(session, desk.actor, patient_id=desk.patient(), choices=ticked, form="same")
            made.append(link.id)

    presses = [threading.Thread(target=press) for _ in range(4)]
    [each.start() for each in presses]
    [each.join() for each in presses]
    desk.work()
    assert (len(made), len(set(made))) == (4, 1)
    assert len(desk.at_processor("quick-invoices")) == 1


def test_in_a_second_tab_the_first_ones_invoice_is_said(
    store: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    desk = open_desk(store, sandbox, tmp_path)
    ticked = [Choice(one.entry_id) for one in desk.proposal().charges]
    came: list[str] = []

    def press(form: str) -> None:
        try:
            with transaction(store) as session:
                create_invoice(session, desk.actor, patient_id=desk.patient(), choices=ticked, form=form)
            came.append("made")
        except OpenLinkExists as error:
            came.append(error.sentence)

    tabs = [threading.Thread(target=press, args=(f"tab {n}",)) for n in range(3)]
    [each.start() for each in tabs]
    [each.join() for each in tabs]
    assert came.count("made") == 1
    assert all("There is an open invoice for $105" in said for said in came if said != "made")
    with pytest.raises(BadInput, match="paid or invoiced already"):
        desk.invoice(*ticked, form="on purpose", second=True)


def test_zero_foreign_patients_and_roles_are_refused_and_nothing_goes_out(desk: Desk) -> None:
    first = desk.proposal().charges[0]
    with pytest.raises(BadInput, match=r"\$0 cannot be invoiced"):
        desk.invoice(Choice(first.entry_id, cents=0))
    with pytest.raises(BadInput, match="paid or invoiced already"):
        desk.invoice(Choice(first.entry_id), patient="P2")
    (insurers,) = desk.proposal().insurer_entries
    with pytest.raises(BadInput, match="the insurer's part"):
        desk.invoice(Choice(insurers))
    with pytest.raises(BadInput, match="card number"):
        desk.invoice(Choice(first.entry_id), note="4111 1111 1111 1111")
    with transaction(desk.engine) as session:
        provider = make_actor(session, Role.PROVIDER, "lee")
    desk.actor = provider
    with pytest.raises(NotAllowed):
        desk.invoice(Choice(first.entry_id))
    with reader(desk.engine) as session:
        assert (session.exec(select(Link)).all(), session.exec(select(OutboxRow)).all()) == ([], [])


def test_staff_of_another_practice_find_no_such_patient(desk: Desk) -> None:
    from dataclasses import replace

    stranger = replace(desk.actor, practice_id=2)
    with pytest.raises(NotFound), transaction(desk.engine) as session:
        create_invoice(session, stranger, patient_id=desk.patient(), choices=[Choice(1)], form="x")


def test_void_can_be_undone_for_a_moment_and_then_closes_it_at_the_processor(desk: Desk) -> None:
    link_id = desk.invoice()
    for _ in range(2):  # the second press of a double click
        desk.do(void, link_id=link_id)
    desk.work()
    assert (desk.state(link_id), desk.at_processor("quick-invoices")[0]["status_code"]) == ("void", 1)
    for _ in range(2):
        desk.do(undo_void, link_id=link_id)
    assert (desk.state(link_id), desk.steps(link_id)[2:]) == ("created", ["void", "reopened"])
    desk.do(void, link_id=link_id)
    desk.work(later=timedelta(seconds=20))
    assert desk.at_processor("quick-invoices")[0]["status_code"] == 0
    with pytest.raises(BadInput, match="too late"):
        desk.do(undo_void, link_id=link_id)
    assert len(desk.proposal().charges) == 2


def test_a_voided_invoice_can_be_opened_again(desk: Desk) -> None:
    link_id = desk.invoice()
    desk.do(void, link_id=link_id)
    desk.work(later=timedelta(seconds=20))
    for _ in range(2):
        desk.do(reopen, link_id=link_id)
    desk.work()
    desk.do(reopen, link_id=link_id)
    assert (desk.state(link_id), desk.at_processor("quick-invoices")[0]["status_code"]) == ("created", 1)
    assert "Thank you" in desk.press_pay(link_id)


def test_voided_before_it_was_made_it_is_never_made(desk: Desk) -> None:
    ticked = [Choice(one.entry_id) for one in desk.proposal().charges]
    link = desk.do(create_invoice, patient_id=desk.patient(), choices=ticked, form="f")
    desk.do(void, link_id=link.id)
    desk.work(later=timedelta(seconds=20))
    assert (desk.state(link.id), desk.at_processor("quick-invoices")) == ("void", [])


def test_voided_while_nobody_knew_it_is_closed_once_it_is_found(desk: Desk) -> None:
    match = {"method": "POST", "path": "/v1/quick-invoices"}
    desk.sandbox.control({"faults": [{"kind": "reset", "times": 1, "match": match}]})
    link_id = desk.invoice()
    desk.do(void, link_id=link_id)
    desk.work(later=LATER)
    desk.work(later=LATER)
    assert (desk.state(link_id), desk.at_processor("quick-invoices")[0]["status_code"]) == ("void", 0)


def test_closed_changed_or_deleted_in_the_portal_is_said_here(desk: Desk) -> None:
    link_id = desk.invoice()
    path = f"/v1/quick-invoices/{desk.link(link_id).external_id}"
    desk.sandbox.request("PATCH", path, json={"item_list": [{"name": "Adjustment", "amount": 5_000}]})
    desk.sync()
    assert (desk.link(link_id).amount_cents, desk.steps(link_id)[-1]) == (5_000, "changed at the processor")
    desk.sandbox.request("PATCH", path, json={"status_code": 0})
    desk.sync()
    assert (desk.state(link_id), desk.link(link_id).reason) == ("void", "It was closed at the processor.")
    desk.sandbox.request("PUT", f"{path}/reopen")
    desk.sync()
    assert desk.state(link_id) == "created"
    desk.sandbox.request("DELETE", path)
    desk.sync()
    assert desk.link(link_id).reason == "It is no longer at the processor."


def test_a_payment_that_was_meant_for_something_else_is_detached(desk: Desk) -> None:
    link_id = desk.invoice()
    paid = sale(desk.sandbox, ANAS_CARD, 10_500, quick_invoice_id=desk.link(link_id).external_id)
    desk.sync()
    assert desk.state(link_id) == "paid"
    desk.do(detach_payment, link_id=link_id, payment_id=paid["id"])
    desk.work()
    desk.sync()
    (there,) = desk.at_processor("quick-invoices")
    assert (there["payment_status_id"], there["status_code"]) == (1, 1)
    assert (desk.link(link_id).paid_cents, desk.state(link_id)) == (0, "created")
    desk.do(detach_payment, link_id=link_id, payment_id=paid["id"])  # the second press of a double click
    with clock.frozen(clock.now() + timedelta(minutes=1)), pytest.raises(NotFound):
        desk.do(detach_payment, link_id=link_id, payment_id=paid["id"])


def test_money_given_back_is_said_and_asked_for_again_only_on_purpose(desk: Desk) -> None:
    link_id = desk.invoice()
    paid = sale(desk.sandbox, ANAS_CARD, 10_500, quick_invoice_id=desk.link(link_id).external_id)
    desk.sync()
    desk.sandbox.request("PATCH", f"/v1/transactions/{paid['id']}/refund", json={"transaction_amount": 4_000})
    desk.sync()
    link = desk.link(link_id)
    assert (link.paid_cents, link.state) == (6_500, "void")
    assert "Money was given back, and it stays closed" in link.reason
    desk.do(reopen, link_id=link_id)
    desk.work()
    assert desk.state(link_id) == "part-paid"


def test_replaced_it_asks_for_what_is_left_and_the_old_one_stops_working(desk: Desk) -> None:
    old = desk.invoice()
    desk.press_pay(old, amount="40.00")
    desk.sync()
    new = desk.do(replace_link, link_id=old, form="again")
    assert desk.do(replace_link, link_id=old, form="again").id == new.id
    desk.work()
    assert (desk.state(old), desk.link(old).replaced_by, desk.link(new.id).amount_cents) == (
        "replaced",
        new.id,
        6_500,
    )
    states = {row["amount_due"]: row["status_code"] for row in desk.at_processor("quick-invoices")}
    assert states == {10_500: 0, 6_500: 1}


def test_the_processor_sends_its_own_reminder_once_for_two_presses(desk: Desk) -> None:
    link_id = desk.invoice()
    desk.do(resend_by_processor, link_id=link_id)
    desk.do(resend_by_processor, link_id=link_id)
    desk.work()
    desk.do(resend_by_processor, link_id=link_id)  # the press was slow, and the first one quick
    desk.work()
    assert (desk.state(link_id), desk.steps(link_id).count("sent")) == ("sent", 1)


def test_a_refusal_of_the_processor_is_one_sentence(desk: Desk) -> None:
    desk.sandbox.control(
        {
            "change": {
                "resource": "product_transactions",
                "id": "31f000000000000000000cc1",
                "fields": {"location_id": None},
            }
        }
    )
    link_id = desk.invoice()
    link = desk.link(link_id)
    assert link.state == "refused"
    assert "Fortis refused the request" in link.reason
    assert len(desk.proposal().charges) == 2


def test_what_the_patient_has_paid_meanwhile_is_not_listed(
    sqlite_store: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    paid = charge("G9", "70.00", 1) | {"kind": "payment", "service_id": ""}
    desk = open_desk(sqlite_store, sandbox, tmp_path, ledger=[*LEDGER, paid])
    assert [(one.external_id, one.open_cents) for one in desk.proposal().charges] == [("G2", 3_500)]


@pytest.fixture
def a_member(sqlite_store: Engine, sandbox: Sandbox, tmp_path: Path) -> Desk:
    """Ana is a member; her fee was posted five days ago, and nothing drafted it."""
    files = {
        "membership_plans": [{"membership_plan_id": "MP1", "name": "Wellness 4", "price": "149.00", "period": "month"}],
        "membership_benefits": [{"benefit_id": "B1", "membership_plan_id": "MP1", "service_class": "adjustment", "visits": "4"}],
        "memberships": [{"membership_id": "M1", "patient_id": "P1", "membership_plan_id": "MP1", "start_date": days_ago(40),
                         "status": "active", "next_draft_on": days_ago(5)}],
        "ledger": [charge("G9", "149.00", 5, service_id="", description="Membership fee"), charge("G1", "65.00", 20)],
    }  # fmt: skip
    return open_desk(sqlite_store, sandbox, tmp_path, **files)


def _missing(desk: Desk) -> list[str]:
    with reader(desk.engine) as session:
        return [one.kind for one in missing_of(session, desk.actor, desk.patient(), clock.now())]


def test_a_posted_membership_fee_paid_on_an_invoice_is_no_longer_missing(a_member: Desk) -> None:
    assert _missing(a_member) == ["membership"]
    fee = next(one for one in a_member.proposal().charges if one.external_id == "G9")
    link_id = a_member.invoice(Choice(fee.entry_id))
    a_member.press_pay(link_id)
    a_member.sync()
    assert a_member.state(link_id) == "paid"
    assert _missing(a_member) == []
    assert [one.external_id for one in a_member.proposal().charges] == ["G1"]


def test_an_invoice_over_the_fee_and_more_belongs_to_no_membership(a_member: Desk) -> None:
    assert a_member.link(a_member.invoice()).membership_id is None
