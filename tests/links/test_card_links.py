"""A new card by the patient's own hand: kept by the processor, the drafts moved, the old card gone, whatever breaks."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.errors import BadInput
from core.links.card_links import LinkOver, create_card_link, finish_card_entry
from core.links.commands import patient_address, void
from core.links.models import Link
from core.links.tokens import is_ours, new_token
from core.patient_card.read import patient_card
from core.secrets import sign
from core.store.engine import reader, transaction
from tests.jobs.connecting import held
from tests.links.desk import ANAS_CARD, Desk, open_desk
from tests.links.test_pay_links import behind_desk
from tests.sandbox.records import ANAS_PLAN, BENS_BANK, BENS_CARD, BENS_PLAN
from tests.sandbox.running import Sandbox

LATER = timedelta(minutes=11)


def card_link(desk: Desk, patient: str = "P1", form: str = "c1", **also: object) -> tuple[int, str]:
    """A new-card link and the token of its address."""
    with transaction(desk.engine) as session:
        link = create_card_link(session, desk.actor, patient_id=desk.patient(patient), form=form, **also)  # type: ignore[arg-type]
        return link.id or 0, new_token(session, link, channel="text")


def ticket(desk: Desk, number: str = "5555555555554444") -> str:
    """What the processor's frame gives after the patient typed a card."""
    body = {
        "account_number": number,
        "exp_date": "1231",
        "cvv": "123",
        "location_id": desk.sandbox.location_id,
    }
    return desk.sandbox.request("POST", "/v1/tickets", json=body).json()["data"]["id"]


def typed(desk: Desk, token: str, number: str = "5555555555554444") -> None:
    with transaction(desk.engine) as session:
        finish_card_entry(session, token, ticket(desk, number))


def token_of(desk: Desk, plan: str) -> str:
    return desk.sandbox.request("GET", f"/v1/recurrings/{plan}").json()["data"]["token_id"]


def settle(desk: Desk) -> None:
    for _ in range(4):
        desk.work()


def test_from_the_link_to_the_plan_charged_with_the_new_card(
    store: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    desk = open_desk(store, sandbox, tmp_path)
    link_id, token = card_link(desk)
    typed(desk, token)
    settle(desk)
    link = desk.link(link_id)
    assert (link.state, token_of(desk, ANAS_PLAN)) == ("card updated", link.new_card_ref)
    told = desk.steps(link_id)
    assert told[-3:] == ["new card saved", "draft moved to the new card", "old card removed"]
    cards = held(desk.engine, desk.connection_id, "tokens", "last_four", "patient_id")
    assert cards[link.new_card_ref or ""] == ("4444", desk.patient())
    assert ANAS_CARD not in cards
    assert desk.sandbox.request("GET", f"/v1/tokens/{ANAS_CARD}").status_code == 404
    desk.sync()
    assert held(desk.engine, desk.connection_id, "recurrings", "card_ref")[ANAS_PLAN] == (link.new_card_ref,)


def test_one_link_takes_one_card(desk: Desk) -> None:
    link_id, token = card_link(desk)
    typed(desk, token)
    with pytest.raises(LinkOver, match="used already"):
        typed(desk, token)
    settle(desk)
    with pytest.raises(LinkOver, match="used already"):
        typed(desk, token)
    assert desk.steps(link_id).count("new card saved") == 1


def test_a_card_that_is_not_taken_leaves_the_link_for_another_try(desk: Desk) -> None:
    link_id, token = card_link(desk)
    with transaction(desk.engine) as session:
        finish_card_entry(session, token, "f" * 24)
    settle(desk)
    assert (desk.state(link_id), desk.steps(link_id)[-1]) == ("created", "new card failed")
    assert token_of(desk, ANAS_PLAN) == ANAS_CARD
    typed(desk, token)
    settle(desk)
    assert desk.state(link_id) == "card updated"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/tokens/ticket"),
        ("PATCH", f"/v1/recurrings/{ANAS_PLAN}"),
        ("DELETE", f"/v1/tokens/{ANAS_CARD}"),
    ],
)
@pytest.mark.parametrize("fault", ["reset", "status"])
def test_a_reply_lost_anywhere_ends_at_the_same_one_card(
    desk: Desk, method: str, path: str, fault: str
) -> None:
    link_id, token = card_link(desk)
    typed(desk, token)
    match = {"method": method, "path": path}
    desk.sandbox.control({"faults": [{"kind": fault, "times": 1, "match": match}]})
    settle(desk)
    for _ in range(4):
        desk.work(later=LATER)
    link = desk.link(link_id)
    assert (link.state, token_of(desk, ANAS_PLAN)) == ("card updated", link.new_card_ref)
    tokens = desk.sandbox.request("GET", "/v1/tokens").json()["list"]
    assert sorted(row["last_four"] for row in tokens) == ["1111", "4444", "6789"]


def test_a_card_that_another_draft_still_needs_is_kept(desk: Desk) -> None:
    desk.sandbox.control(
        {"change": {"resource": "recurrings", "id": BENS_PLAN, "fields": {"token_id": ANAS_CARD}}}
    )
    desk.sync()
    _, token = card_link(desk)
    typed(desk, token)
    settle(desk)
    assert (token_of(desk, BENS_PLAN), token_of(desk, ANAS_PLAN) != ANAS_CARD) == (ANAS_CARD, True)
    assert desk.sandbox.request("GET", f"/v1/tokens/{ANAS_CARD}").status_code == 200


def test_drafts_from_a_bank_account_stay_there(desk: Desk) -> None:
    desk.sandbox.control(
        {"change": {"resource": "recurrings", "id": BENS_PLAN, "fields": {"token_id": BENS_BANK}}}
    )
    desk.sync()
    link_id, token = card_link(desk, "P2")
    typed(desk, token)
    settle(desk)
    assert (desk.state(link_id), token_of(desk, BENS_PLAN)) == ("card updated", BENS_BANK)
    assert BENS_CARD in held(desk.engine, desk.connection_id, "tokens")


def test_tokens_are_signed_random_and_kept_only_as_a_hash(desk: Desk) -> None:
    link_id, token = card_link(desk)
    assert is_ours(token, "card")
    assert not is_ours(token, "pay")
    for forged in ("", "x" * 43, token[:-4] + "AAAA", token + "A", "é" * 43):
        assert not is_ours(forged, "card")
        with pytest.raises(LinkOver), transaction(desk.engine) as session:
            finish_card_entry(session, forged, "a" * 24)
    assert token.encode() not in Path(desk.engine.url.database or "").read_bytes()
    assert len(sign(b"x")) == 32
    assert desk.state(link_id) == "created"


def test_voided_and_expired_links_take_no_card(desk: Desk) -> None:
    link_id, token = card_link(desk)
    desk.do(void, link_id=link_id)
    with pytest.raises(LinkOver, match="closed"):
        typed(desk, token)
    _, late = card_link(desk, form="c2")
    with clock.frozen(clock.now() + timedelta(days=8)), pytest.raises(LinkOver, match="expired"):
        typed(desk, late)


def test_without_a_public_address_there_is_no_message(desk: Desk) -> None:
    link_id, _ = card_link(desk)
    with pytest.raises(BadInput, match="HUDDLE_PUBLIC_URL"), transaction(desk.engine) as session:
        patient_address(session, session.get_one(Link, link_id), channel="text")


def test_after_the_new_card_is_saved_the_next_step_is_to_charge_it(
    sqlite_store: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    desk = behind_desk(sqlite_store, sandbox, tmp_path)
    sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1622}})
    sandbox.control({"advance": {"days": 10}, "run_drafts": True})
    desk.sync()

    def said() -> str:
        with reader(desk.engine) as session:
            card = patient_card(session, desk.patient(), clock.now() + timedelta(days=11))
        return " ".join(one.sentence for one in card.missing if "Declined" in one.sentence)

    assert "card expired. Ask for $149 and a new card." in said()
    _, token = card_link(desk)
    typed(desk, token)
    settle(desk)
    assert "card expired; card ending 4444 is on file since. Charge it now: $149." in said()
