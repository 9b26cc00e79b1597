"""The worker killed anywhere while it makes an invoice, or keeps a new card: one invoice, one card, one plan moved."""

from datetime import timedelta

import pytest

from core.invoices.commands import create_invoice
from core.jobs.crashpoints import OUTBOX_POINTS
from core.links.card_links import create_card_link, finish_card_entry
from core.links.tokens import new_token
from core.store.engine import transaction
from tests.crash.asking import start_working
from tests.links.desk import Choice, Desk
from tests.sandbox.records import ANAS_CARD, ANAS_PLAN

LATER = timedelta(minutes=11)
# three things go out: the card is kept, the draft moved, the old card removed
EVERY = [f"{point}:{nth}" for point in OUTBOX_POINTS for nth in (1, 2, 3)]
SOME = ["outbox.sent:1", "outbox.replied:2", "outbox.claimed:2", "outbox.sent:3"]
REST = [point for point in EVERY if point not in SOME]


def killed(desk: Desk, point: str) -> None:
    """A worker dies at that place; the next one comes after the settle window."""
    process = start_working(desk.engine.url.render_as_string(hide_password=False), crash=point)
    process.join(60)
    assert process.exitcode == -9, point
    for _ in range(5):
        desk.work(later=LATER)


@pytest.mark.parametrize("point", OUTBOX_POINTS)
def test_an_invoice_is_made_once(desk: Desk, point: str) -> None:
    ticked = [Choice(one.entry_id) for one in desk.proposal().charges]
    link = desk.do(create_invoice, patient_id=desk.patient(), choices=ticked, form="f")
    killed(desk, point)
    (there,) = desk.at_processor("quick-invoices")
    assert (desk.state(link.id), desk.link(link.id).external_id) == ("created", there["id"])


@pytest.mark.parametrize("point", SOME + [pytest.param(point, marks=pytest.mark.night) for point in REST])
def test_a_new_card_is_kept_once_and_the_plan_moved(desk: Desk, point: str) -> None:
    with transaction(desk.engine) as session:
        link = create_card_link(session, desk.actor, patient_id=desk.patient(), form="c")
        token = new_token(session, link)
    card = {"account_number": "5555555555554444", "exp_date": "1231", "location_id": desk.sandbox.location_id}
    ticket = desk.sandbox.request("POST", "/v1/tickets", json=card).json()["data"]["id"]
    with transaction(desk.engine) as session:
        finish_card_entry(session, token, ticket)
    killed(desk, point)
    rows = desk.sandbox.request("GET", "/v1/tokens").json()["list"]
    tokens = {row["id"]: row["last_four"] for row in rows}
    kept = desk.link(link.id or 0)
    assert (kept.state, sorted(tokens.values())) == ("card updated", ["1111", "4444", "6789"])
    assert ANAS_CARD not in tokens
    plan = desk.sandbox.request("GET", f"/v1/recurrings/{ANAS_PLAN}").json()["data"]
    assert plan["token_id"] == kept.new_card_ref
    told = desk.steps(link.id or 0)
    once = ("new card saved", "draft moved to the new card", "old card removed")
    assert [told.count(step) for step in once] == [1, 1, 1]
