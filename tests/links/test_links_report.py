"""The link ledger: everything that was ever sent, its steps, and only to those who may see it."""

from dataclasses import replace
from datetime import timedelta

from core import clock
from core.links.card_links import create_card_link
from core.links.commands import copy_link, void
from core.patient_card.read import patient_card
from core.reports.links import LinkLine, link_ledger, link_story, links_of_patient
from core.store.engine import reader
from tests.links.desk import Desk


def ledger(desk: Desk, **filters: object) -> list[LinkLine]:
    with reader(desk.engine) as session:
        return link_ledger(session, desk.actor, as_of=clock.now(), **filters)  # type: ignore[arg-type]


def three(desk: Desk) -> tuple[int, int, int]:
    """An invoice for Ana that is paid, a card link for Ben that is void, a card link for Ana that is open."""
    invoice = desk.invoice()
    desk.press_pay(invoice)
    desk.sync()
    ben = desk.do(create_card_link, patient_id=desk.patient("P2"), form="b").id
    desk.do(void, link_id=ben)
    ana = desk.do(create_card_link, patient_id=desk.patient(), form="a").id
    return invoice, ben, ana


def test_every_link_stays_with_its_state_and_the_newest_first(desk: Desk) -> None:
    invoice, ben, ana = three(desk)
    lines = ledger(desk)
    assert [(one.link_id, one.state, one.open) for one in lines] == [
        (ana, "created", True),
        (ben, "void", False),
        (invoice, "paid", False),
    ]
    paid = lines[-1]
    assert (paid.kind_words, paid.number, paid.patient, paid.initials) == (
        "Invoice",
        f"H-{invoice:06d}",
        "Ana Alvarez",
        "A.A.",
    )
    assert (paid.amount_cents, paid.paid_cents, paid.remaining_cents, paid.created_by) == (
        10_500,
        10_500,
        0,
        "dana",
    )


def test_filters_narrow_and_counts_sum(desk: Desk) -> None:
    invoice, ben, ana = three(desk)
    assert [one.link_id for one in ledger(desk, kinds=["card"])] == [ana, ben]
    assert [one.link_id for one in ledger(desk, states=["paid"])] == [invoice]
    assert [one.link_id for one in ledger(desk, open_only=True)] == [ana]
    assert ledger(desk, since=clock.now() + timedelta(hours=1)) == []
    with reader(desk.engine) as session:
        assert [
            one.link_id
            for one in links_of_patient(session, desk.actor, desk.patient("P2"), as_of=clock.now())
        ] == [ben]


def test_a_links_story_is_its_steps_in_order_with_who_did_them(desk: Desk) -> None:
    invoice = desk.invoice()
    assert desk.do(copy_link, link_id=invoice) == desk.link(invoice).url
    desk.press_pay(invoice)
    desk.sync()
    with reader(desk.engine) as session:
        story = link_story(session, desk.actor, invoice, as_of=clock.now())
        card = patient_card(session, desk.patient(), clock.now())
    assert story is not None
    told = [step.what for step in story.steps]
    assert told[0] == "created"
    assert {"made at the processor", "copied", "opened", "payment", "seen by the processor"} <= set(told)
    assert (story.steps[0].who, story.steps[0].cents) == ("dana", 10_500)
    assert [one.link_id for one in card.links] == [invoice]
    words = [moment.words for moment in card.timeline]
    assert {"Invoice: created", "Invoice: copied"} <= set(words)
    assert any(said.startswith("Paid") for said in words)


def test_other_practices_and_places_of_work_see_none_of_it(desk: Desk) -> None:
    invoice, _, _ = three(desk)
    for stranger in (replace(desk.actor, practice_id=2), replace(desk.actor, location_id=99)):
        with reader(desk.engine) as session:
            assert link_ledger(session, stranger, as_of=clock.now()) == []
            assert link_story(session, stranger, invoice, as_of=clock.now()) is None


def test_time_over_is_told_before_the_worker_wrote_it_down(desk: Desk) -> None:
    three(desk)
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert ledger(desk)[0].state == "expired"
        assert ledger(desk)[0].open is False
