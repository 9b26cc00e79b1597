"""A card on file is charged only under what the patient allowed, once, and never while something else takes the same debt."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from core import clock
from core.charges.commands import charge_card, end_authorization, record_authorization
from core.charges.reports import charges_of
from core.charges.rules import Terms, initiation_of, next_step, why_not_under
from core.errors import BadInput
from core.links.card_links import finish_card_entry
from core.links.commands import void
from core.links.patient_page import page_of
from core.links.pay_links import missing_of
from core.links.rules import LinkKind
from core.messages.default_templates import Use
from core.messages.models import Channel, Message
from core.outbox.commands import payload_of
from core.outbox.models import OutboxKind, OutboxRow
from core.overview.month_reads import CountedLocation
from core.overview.recovered import recovered_by_day, recovered_ways
from core.overview.wording import ways_words
from core.patients.models import Patient
from core.payments.card_on_file import CardAuthorization, CardCharge
from core.payments.models import Recurring
from core.plans.commands import promise_to_pay
from core.plans.models import Plan
from core.practice.models import Location
from core.settings import settings
from core.store.engine import reader, transaction
from dashboard.ui.templates.form import USES
from tests.links.desk import ANAS_CARD, Desk, processor
from tests.links.test_card_links import LATER, card_link, ticket
from tests.links.test_pay_links import behind_desk
from tests.messages.clinic import connect_wires, texted
from tests.sandbox.running import Sandbox, run_sandbox

DUE = ("instalment", "I0")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("processor"), processor()) as up:
        yield up


@pytest.fixture
def desk(sqlite_store: Engine, running: Sandbox, tmp_path: Path) -> Desk:
    running.control({"clear": True})
    return behind_desk(sqlite_store, running, tmp_path)


def allowed(desk: Desk, **other: object) -> int:
    terms = {
        "card_ref": ANAS_CARD, "wording": "I allow my card ending 1111 to be charged.",
        "scope": "missed payments of plans and memberships", "cap_cents": 20_000, "signed": "signed form",
        "signed_by": "Ana Alvarez",
    }  # fmt: skip
    return desk.do(record_authorization, patient_id=desk.patient(), **{**terms, **other}).id or 0


def charge(desk: Desk, under: int, form: str = "c1", **other: object) -> CardCharge:
    return desk.do(charge_card, authorization_id=under, form=form, **{"due": DUE, **other})


def taken(desk: Desk) -> list[tuple[int, int]]:
    """Cents and status of everything the processor was asked to take, oldest first."""
    rows = desk.sandbox.request("GET", "/v1/transactions").json()["list"]
    return [(row["transaction_amount"], row["status_code"]) for row in rows]


def begun(desk: Desk) -> list[str]:
    """Who began each charge, as the processor was told (its shape is checked by the sandbox; it does not tell it back)."""
    with reader(desk.engine) as session:
        kind = OutboxRow.kind == OutboxKind.CARD_CHARGE
        rows = session.exec(select(OutboxRow).where(kind).order_by(col(OutboxRow.created_at))).all()
        return [payload_of(row)["initiation"] for row in rows]


def missing(desk: Desk) -> dict[tuple[str, str], tuple[int, str]]:
    with reader(desk.engine) as session:
        found = missing_of(session, desk.actor, desk.patient(), clock.now())
    return {(one.kind, one.ref): (one.cents, one.hold) for one in found}


def retry_far_off(desk: Desk) -> None:
    """The draft is on hold, so that nothing is tried by itself."""
    with transaction(desk.engine) as session:
        for draft in session.exec(select(Recurring)):
            draft.status = "on_hold"
            session.add(draft)


def a_moment_later(desk: Desk) -> None:
    """So long after the last press that another one is no double click."""
    with transaction(desk.engine) as session:
        for made in session.exec(select(CardCharge)):
            made.asked_at -= timedelta(minutes=1)


def state(desk: Desk) -> tuple[str, str]:
    with reader(desk.engine) as session:
        line = charges_of(session, desk.actor, desk.patient())[0]
    return line.state, line.reason


def test_charged_once_however_often_it_is_pressed_and_the_debt_is_paid_at_once(desk: Desk) -> None:
    under = allowed(desk)
    first = charge(desk, under)
    assert charge(desk, under).id == first.id
    assert charge(desk, under, form="c2").id == first.id  # the second press of a double click
    a_moment_later(desk)
    with pytest.raises(BadInput, match="being charged for this already"):
        charge(desk, under, form="c2")
    assert missing(desk)[DUE][1].startswith("The card on file is being charged $149 for it now.")
    desk.work()
    assert begun(desk) == ["M101"]
    assert (taken(desk), state(desk)[0], DUE in missing(desk)) == ([(14_900, 101)], "accepted", False)
    a_moment_later(desk)
    with pytest.raises(BadInput, match="paid by now"):
        charge(desk, under, form="c3")
    desk.sync()  # what the processor says of it does not untie it from the instalment
    assert DUE not in missing(desk)


@pytest.mark.parametrize("fault", ["reset", "status", "drop"])
def test_a_lost_answer_ends_at_one_charge(desk: Desk, fault: str) -> None:
    match = {"method": "POST", "path": "/v1/transactions/cc/sale/token"}
    desk.sandbox.control({"faults": [{"kind": fault, "times": 1, "match": match}]})
    charge(desk, allowed(desk))
    desk.work()
    for _ in range(3):
        desk.work(later=LATER)
    assert (len(taken(desk)), state(desk)[0]) == (1, "accepted")


def test_nothing_is_charged_while_a_link_a_promise_or_a_retry_is_open(desk: Desk) -> None:
    under = allowed(desk, cap_cents=90_000)
    link = desk.pay_link(DUE)
    with pytest.raises(BadInput, match="There is an open payment link"):
        charge(desk, under)
    desk.do(void, link_id=link)
    with reader(desk.engine) as session:
        plan = session.exec(select(Plan.id)).one() or 0
    soon = clock.today("America/Denver") + timedelta(days=3)
    desk.do(promise_to_pay, plan_id=plan, amount_cents=60_000, due_on=soon, said_by="Ana")
    with pytest.raises(BadInput, match="Promised by"):
        charge(desk, under, form="c2")
    assert taken(desk) == []


def test_what_is_promised_after_the_press_is_not_charged_when_it_goes_out(desk: Desk) -> None:
    charge(desk, allowed(desk))
    with reader(desk.engine) as session:
        plan = session.exec(select(Plan.id)).one() or 0
    soon = clock.today("America/Denver") + timedelta(days=3)
    desk.do(promise_to_pay, plan_id=plan, amount_cents=60_000, due_on=soon, said_by="Ana")
    desk.work()
    assert (taken(desk), state(desk)[0]) == ([], "not made")
    assert "Promised by" in state(desk)[1]


def test_ending_the_authorization_ends_every_charge_under_it(desk: Desk) -> None:
    under = allowed(desk)
    charge(desk, under)
    assert desk.do(end_authorization, authorization_id=under) == 1
    desk.work()
    assert (taken(desk), state(desk)) == ([], ("not made", "The authorization was ended."))
    a_moment_later(desk)
    with pytest.raises(BadInput, match="was ended"):
        charge(desk, under, form="c2")
    assert desk.do(end_authorization, authorization_id=under) == 0


def test_a_double_click_takes_a_part_of_the_debt_once(desk: Desk) -> None:
    under = allowed(desk)
    first = charge(desk, under, cents=5_000)
    desk.work()
    assert charge(desk, under, form="c2", cents=5_000).id == first.id
    desk.work()
    assert taken(desk) == [(5_000, 101)]


def test_a_charge_that_waited_past_the_last_day_allowed_is_not_made(desk: Desk) -> None:
    today = clock.today("America/Denver")
    under = allowed(desk, until=today)
    charge(desk, under)
    with transaction(desk.engine) as session:
        session.get_one(CardAuthorization, under).until = today - timedelta(days=1)
    desk.work()
    assert (taken(desk), state(desk)[0]) == ([], "not made")
    assert "Nothing was charged." in state(desk)[1]


def test_a_patient_who_is_gone_holds_nothing_up(desk: Desk) -> None:
    made = charge(desk, allowed(desk))
    with transaction(desk.engine) as session:
        session.get_one(Patient, desk.patient()).gone_at = clock.now()
    desk.work()
    with reader(desk.engine) as session:
        assert session.get_one(CardCharge, made.id).state == "not made"
    assert taken(desk) == []


def test_a_decline_says_why_and_what_to_do_by_its_class(desk: Desk) -> None:
    under = allowed(desk)
    desk.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1616}})
    charge(desk, under)
    desk.work()
    told, reason = state(desk)
    assert (told, "not enough funds" in reason, "4 times in all" in reason) == ("declined", True, True)
    retry_far_off(desk)
    a_moment_later(desk)
    charge(desk, under, form="c2")  # for want of funds it may be tried again, and says so to the bank
    desk.work()
    assert ([code for _, code in taken(desk)], begun(desk)) == ([301, 101], ["M101", "M208"])
    desk.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1622}})
    charge(desk, under, form="c3", due=("instalment", "I1"))
    desk.work()
    assert state(desk)[1] == "Declined: card expired. Ask for a new card: this one will not be taken again."
    a_moment_later(desk)
    with pytest.raises(BadInput, match="no to this card for good"):
        charge(desk, under, form="c4", due=("instalment", "I1"))


def test_the_receipt_and_the_copy_go_to_the_patient(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUDDLE_QUIET_FROM", "0")
    monkeypatch.setenv("HUDDLE_QUIET_UNTIL", "0")
    settings.cache_clear()
    connect_wires(desk.engine, desk.sandbox)
    under = allowed(desk, copy_by=Channel.TEXT)
    charge(desk, under, receipt=Channel.TEXT, patient_asks=True)
    for _ in range(3):
        desk.work()
    bodies = [text.body for text in texted(desk.sandbox)]
    assert any("I allow my card ending 1111" in body for body in bodies)
    assert any("charged $149.00 to your card ending 1111" in body for body in bodies)
    assert (taken(desk), begun(desk)) == ([(14_900, 101)], ["C101"])
    with reader(desk.engine) as session:
        assert session.exec(select(CardAuthorization.copy_sent)).one() == "by text"
        assert len(session.exec(select(Message.id)).all()) == 2
    settings.cache_clear()


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (Terms("K1", "missed payments of plans and memberships", 100, None, True), "was ended"),
        (
            Terms("K1", "missed payments of plans and memberships", 100, clock.EPOCH.date(), False),
            "held until",
        ),
        (Terms("K2", "missed payments of plans and memberships", 100, None, False), "another card"),
        (Terms("K1", "one debt", 100, None, False, ("visit", "V1")), "another debt"),
        (Terms("K1", "whatever is due at this practice", 99, None, False), "up to $0.99"),
        (Terms("K1", "whatever is due at this practice", 100, None, False), ""),
    ],
)
def test_an_authorization_covers_what_it_says(terms: Terms, why: str) -> None:
    today = clock.EPOCH.date() + timedelta(days=1)
    found = why_not_under(terms, due=DUE, card_ref="K1", cents=100, today=today)
    assert (why in found, bool(found)) == (True, bool(why))


def test_who_began_it_is_told_truthfully() -> None:
    told = [
        initiation_of(patient_asks=a, soft_decline_of_same_card=b)
        for a in (True, False)
        for b in (True, False)
    ]
    assert told == ["C101", "C101", "M208", "M101"]
    assert "talk with the patient" in next_step("R10")


def test_the_new_card_pays_what_failed_where_the_patient_ticked_it(desk: Desk) -> None:
    desk.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1622}})
    charge(desk, allowed(desk))
    desk.work()
    retry_far_off(desk)
    link_id, token = card_link(desk)
    with reader(desk.engine) as session:
        shown = page_of(session, token, LinkKind.CARD).failed_cents
    assert shown == 14_900
    with transaction(desk.engine) as session:
        finish_card_entry(session, token, ticket(desk), pay_cents=shown)
    for _ in range(4):
        desk.work()
    assert (desk.state(link_id), state(desk)[0], DUE in missing(desk)) == ("card updated", "accepted", False)
    assert ([code for _, code in taken(desk)], begun(desk)) == ([301, 101], ["M101", "C101"])
    with reader(desk.engine) as session:
        kept = session.exec(select(CardAuthorization).order_by(col(CardAuthorization.id).desc())).first()
        assert kept is not None
        assert kept.ended_why == "It was for one charge."
        assert (kept.scope, kept.signed, "the $149.00 that failed, once" in kept.wording) == (
            "one debt",
            "on the new-card page",
            True,
        )


def test_another_amount_than_the_patient_saw_is_not_charged(desk: Desk) -> None:
    desk.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1622}})
    charge(desk, allowed(desk))
    desk.work()
    retry_far_off(desk)
    _, token = card_link(desk)
    with transaction(desk.engine) as session:
        finish_card_entry(session, token, ticket(desk), pay_cents=15_000)
    for _ in range(4):
        desk.work()
    assert [code for _, code in taken(desk)] == [301]


def test_the_overview_says_by_which_way_it_came_back_and_in_how_many_days(desk: Desk) -> None:
    charge(desk, allowed(desk))
    desk.work()
    with reader(desk.engine) as session:
        place = session.exec(select(Location)).one()
        here = CountedLocation(place.id or 0, place.time_zone, True)
        today = clock.today(place.time_zone)
        (way,) = recovered_ways(session, [here], today - timedelta(days=1), today)
        assert (recovered_by_day(session, here, today, today), way.words, way.cents, way.days) == (
            {today: 14_900},
            "charging the card on file",
            14_900,
            70,
        )
    assert ways_words([way]) == "By charging the card on file $149, usually within 70 days."


def test_every_use_of_a_text_can_be_chosen_on_its_page() -> None:
    assert set(USES) == set(Use)
