"""A link by text: the phone gets an address of ours, the link says it was sent, and reminders stop when they must."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core import clock
from core.blasts.in_doubt import note_opened
from core.errors import BadInput, MayNotSend
from core.inbox.models import InboxEvent
from core.inbox.texts import apply
from core.invoices.commands import create_invoice
from core.jobs.links.tend import tend_links
from core.links.card_links import create_card_link
from core.links.commands import void
from core.links.sending import preview_link_message, send_link
from core.links.tokens import is_ours
from core.messages.consent import note_consent
from core.messages.models import Channel
from core.outbox.commands import claim, held
from core.settings import settings
from core.store.engine import transaction
from tests.links.desk import ANAS_CARD, LEDGER, PATIENTS, SERVICES, Choice, Desk, charge, good_until_year
from tests.messages.clinic import connect_wires, texted
from tests.reports.practice import load
from tests.sandbox.links import sale


@pytest.fixture(autouse=True)
def _public_and_any_hour(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", "https://huddle.example")
    monkeypatch.setenv("HUDDLE_QUIET_FROM", "0")
    monkeypatch.setenv("HUDDLE_QUIET_UNTIL", "0")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def desk(desk: Desk) -> Desk:
    connect_wires(desk.engine, desk.sandbox)
    return desk


def bodies(desk: Desk) -> list[str]:
    return [text.body for text in texted(desk.sandbox)]


def text_invoice(desk: Desk) -> int:
    link_id = desk.invoice()
    desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
    desk.work()
    return link_id


def test_an_invoice_by_text_is_sent_once_the_gateway_has_it(desk: Desk) -> None:
    link_id = desk.invoice()
    desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
    assert desk.state(link_id) == "created"
    desk.work()
    (body,) = bodies(desk)
    found = re.search(r"https://huddle\.example/pay/(\S+)", body)
    assert found is not None
    assert is_ours(found[1], "pay")
    assert ("$105.00" in body, "Adjustment" in body) == (True, False)
    assert (desk.state(link_id), desk.steps(link_id)[-1]) == ("sent", "sent")


def test_what_the_patient_will_read_can_be_seen_first(desk: Desk) -> None:
    link_id = desk.invoice()
    with transaction(desk.engine) as session:
        subject, body, segments = preview_link_message(
            session, desk.actor, link_id=link_id, channel=Channel.TEXT
        )
    assert (subject, "Hi Ana" in body, "$105.00" in body, segments > 0) == ("", True, True, True)
    assert bodies(desk) == []


def test_each_message_carries_an_address_of_its_own(desk: Desk) -> None:
    link_id = text_invoice(desk)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
        desk.work()
    first, second = (re.findall(r"/pay/(\S+)", body)[0] for body in bodies(desk))
    assert first != second
    assert desk.steps(link_id).count("sent") == 2


def test_pressed_twice_it_goes_once_also_when_the_first_was_quick(desk: Desk) -> None:
    link_id = text_invoice(desk)
    desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
    desk.work()
    assert (len(bodies(desk)), desk.steps(link_id).count("sent")) == (1, 1)


def test_no_consent_no_message_and_one_sentence(desk: Desk) -> None:
    link_id = desk.invoice()
    desk.do(
        note_consent,
        patient_id=desk.patient(),
        channel="text",
        purpose="billing",
        given=False,
        source="at the desk",
    )
    with pytest.raises(MayNotSend, match="Ana: Said no to texts about billing"):
        desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
    assert (bodies(desk), desk.state(link_id)) == ([], "created")


def test_before_the_processor_has_made_it_nothing_can_be_sent(desk: Desk) -> None:
    ticked = [Choice(one.entry_id) for one in desk.proposal().charges]
    link = desk.do(create_invoice, patient_id=desk.patient(), choices=ticked, form="f")
    with pytest.raises(BadInput, match="still making it"):
        desk.do(send_link, link_id=link.id, channel=Channel.TEXT)


def test_paid_before_the_text_went_out_it_does_not_go_out(desk: Desk) -> None:
    link_id = desk.invoice()
    desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
    sale(desk.sandbox, ANAS_CARD, 10_500, quick_invoice_id=desk.link(link_id).external_id)
    desk.sync()
    desk.work()
    assert (bodies(desk), desk.state(link_id), desk.steps(link_id)[-1]) == ([], "paid", "not sent")


def test_a_lost_text_is_not_sent_twice(desk: Desk) -> None:
    link_id = desk.invoice()
    desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
    desk.sandbox.control({"faults": [{"kind": "reset", "at": "sms", "times": 1}]})
    desk.work()
    desk.work(later=timedelta(minutes=11))
    assert (len(bodies(desk)), desk.state(link_id)) == (1, "sent")


def test_a_new_card_link_names_the_card(desk: Desk) -> None:
    with transaction(desk.engine) as session:
        link = create_card_link(session, desk.actor, patient_id=desk.patient(), form="c", card_ref=ANAS_CARD)
        send_link(session, desk.actor, link_id=link.id or 0, channel=Channel.TEXT)
    desk.work()
    (body,) = bodies(desk)
    assert f"ending 1111, expires 12/{good_until_year()}" in body
    assert "https://huddle.example/card/" in body


def remind(desk: Desk, days: int) -> int:
    """What the worker does so many days later: reminders put on their way, and sent."""
    with clock.frozen(clock.now() + timedelta(days=days)):
        count = tend_links(desk.engine)
    desk.work(later=timedelta(days=days))
    return count


def test_reminders_go_out_by_rule_each_once(desk: Desk) -> None:
    link_id = text_invoice(desk)
    told = [(day, remind(desk, day)) for day in range(1, 15)]
    assert [day for day, count in told if count] == [3, 7, 13]
    assert remind(desk, 13) == 0
    assert desk.steps(link_id).count("reminder") == 3
    assert all("is still open" in body for body in bodies(desk)[1:])


def test_reminders_stop_with_the_payment(desk: Desk) -> None:
    link_id = text_invoice(desk)
    sale(desk.sandbox, ANAS_CARD, 10_500, quick_invoice_id=desk.link(link_id).external_id)
    desk.sync()
    assert (remind(desk, 3), len(bodies(desk))) == (0, 1)


def test_reminders_stop_with_an_opt_out_and_say_so(desk: Desk) -> None:
    link_id = text_invoice(desk)
    for channel in ("text", "email"):
        desk.do(
            note_consent,
            patient_id=desk.patient(),
            channel=channel,
            purpose="billing",
            given=False,
            source="phone",
        )
    assert remind(desk, 3) == 0
    assert desk.link(link_id).reminders_stopped == "Said no to texts about billing."
    assert desk.steps(link_id)[-1] == "reminders stopped"


def test_reminders_stop_when_it_is_void_or_paid_in_cash_at_the_desk(desk: Desk, tmp_path: Path) -> None:
    link_id = text_invoice(desk)
    cash = [
        row | {"kind": "payment", "service_id": ""}
        for row in (charge("C1", "65.00", 0), charge("C2", "40.00", 0))
    ]
    files = {"ledger": [*LEDGER, *cash], "appointments": [], "patients": PATIENTS, "services": SERVICES}
    load(desk.engine, tmp_path / "again", **files)
    assert remind(desk, 3) == 0
    assert desk.link(link_id).reminders_stopped == "What it asks for is paid by now."
    desk.do(void, link_id=link_id)
    assert remind(desk, 7) == 0


def test_a_link_whose_time_is_over_says_so(desk: Desk) -> None:
    link_id = text_invoice(desk)
    until = desk.link(link_id).expires_at
    assert until is not None
    assert until > clock.now() + timedelta(days=90)
    with clock.frozen(until + timedelta(minutes=1)):
        tend_links(desk.engine)
    assert (desk.state(link_id), desk.link(link_id).ended_at) == ("expired", until)


@pytest.mark.parametrize("told", ["delivered", "opened"])
def test_the_link_is_sent_also_where_news_of_the_text_came_before_the_gateways_answer(
    desk: Desk, told: str
) -> None:
    link_id = desk.invoice()
    message = desk.do(send_link, link_id=link_id, channel=Channel.TEXT)
    key, frm = message.outbox_id or "", clock.now()
    with transaction(desk.engine) as session:
        row = held(session, [key])[key]
        claim(
            session, now=frm, limit=5, kinds=["text"], connection_id=row.connection_id,
            still_wanted=lambda *_: {},
        )  # fmt: skip
    with transaction(desk.engine) as session:
        if told == "opened":
            note_opened(session, link_kind="invoice", link_id=link_id)
        body = json.dumps({"key": key, "MessageSid": "SM9", "MessageStatus": "delivered"})
        event = InboxEvent(source="sms", event_id=key, kind="status", body=body, received_at=frm, not_before=frm)  # fmt: skip
        apply(session, event)
    assert (desk.state(link_id), desk.steps(link_id)[-1]) == ("sent", "sent")
