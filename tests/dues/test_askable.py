"""DOMAIN §3, never ask for: what may be asked now, what is left out and why, each cent once."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.dues.askable import ACCOUNT, Held, OpenAsk, Promised, Why, askable, because
from core.dues.missing import DueItem, open_cents
from core.dues.possible_matches import DeskAnswer, possible_matches
from core.ledger.facts import EntryFacts
from tests.money_facts import day, payment

TODAY = day("2026-04-15")
PLAN = ("plan", "N1")


def item(name="I1", due="2026-04-01", cents=200_00, *tried, **other):
    return DueItem("instalment", name, day(due), cents, 0, 0, tried, contract=PLAN, **other)


def asked(*items, account=0, **held):
    return askable(items, Held(TODAY, **held), account_cents=account)


def left(found):
    return [(out.why, out.cents) for out in found.left_out]


def link(cents=200_00, due_kind="instalment", ref="I1", **other):
    return OpenAsk(1, "pay", cents, due_kind, ref, "", TODAY - timedelta(days=1), True)._replace(**other)


def test_what_nothing_stands_against_is_asked_for():
    assert asked(item(), account=40_00).cents == 240_00


def test_money_on_its_way_is_not_asked_for_even_where_it_names_no_contract():
    found = asked(item(), pending={ACCOUNT: 200_00})
    assert (found.cents, left(found)) == (0, [(Why.PENDING, 200_00)])
    assert asked(item(), item("I2", "2026-03-01"), pending={PLAN: 250_00}).cents == 150_00


def test_what_is_promised_for_a_day_to_come_is_not_asked_for_and_the_rest_is():
    found = asked(item(), item("I2", "2026-03-01"), promised={PLAN: Promised(300_00, day("2026-04-20"))})
    assert (found.cents, left(found)) == (100_00, [(Why.PROMISED, 200_00), (Why.PROMISED, 100_00)])
    assert found.left_out[0].sentence == "Promised by Apr 20; do not ask before."


def test_what_is_tried_again_or_disputed_is_not_asked_for():
    assert asked(item(retry_on=day("2026-04-18"))).cents == 0
    back = payment("2026-04-02", 200_00, "charged_back")
    assert asked(item("I1", "2026-04-01", 200_00, back), item("I2", "2026-03-01")).cents == 200_00


def test_a_dispute_is_an_amount_whatever_paid_part_of_its_item_since():
    back = payment("2026-04-02", 200_00, "charged_back")
    found = asked(item("I1", "2026-03-01", 80_00, back), item("I2"), item("I3"))
    assert (found.cents, sum(cents for _, cents in left(found))) == (280_00, 200_00)


def test_a_bank_return_that_the_payer_did_not_allow_stops_every_asking():
    for code in ("R05", "R07", "R10", "R29", "R51"):
        assert (
            asked(
                item("I1", "2026-04-01", 200_00, payment("2026-04-02", 200_00, "returned", reason_code=code))
            ).cents
            == 0
        )
    assert (
        asked(
            item("I1", "2026-04-01", 200_00, payment("2026-04-02", 200_00, "returned", reason_code="R01"))
        ).cents
        == 200_00
    )


def test_what_an_open_link_asks_for_is_said_instead():
    found = asked(item(), links=[link()])
    assert (found.cents, found.left_out[0].sentence) == (
        0,
        "There is an open payment link for $200, sent yesterday. Send that one again or replace it.",
    )
    assert asked(item(), item("I2"), links=[link(250_00, "plan", "N1")]).cents == 150_00
    assert asked(item(), item("I2"), links=[link()]).cents == 200_00


def test_an_open_invoice_stands_against_the_account_and_not_against_a_plan():
    invoice = link(65_00, "", "", kind="invoice")
    assert asked(item(), account=65_00, links=[invoice]).cents == 200_00


def test_what_is_left_out_is_told_in_one_sentence():
    found = asked(item(retry_on=day("2026-04-18")), item("I2"), pending={PLAN: 50_00})
    assert (
        because(found.left_out)
        == "Not asked for: $200 is tried again by itself, $50 is on its way from the bank."
    )


def cash(number, on, cents=200_00):
    return EntryFacts(number, f"E{number}", day(on), "payment", "patient", cents, None, None, None)


def test_a_row_of_the_ledger_is_offered_for_one_item_and_every_row_finds_its_own():
    items = [item("I1", "2026-03-01"), item("I2", "2026-03-08"), item("I3", "2026-03-15")]
    rows = [cash(1, "2026-03-09"), cash(2, "2026-03-01"), cash(3, "2026-03-25")]
    found = possible_matches(items, rows)
    assert {ref: row.id for (_, ref), row in found.items()} == {"I1": 2, "I2": 1, "I3": 3}
    assert asked(*items, matches=found).cents == 0


def test_what_a_person_said_no_to_is_not_offered_for_that_item_again():
    no = DeskAnswer(1, 1, "instalment", "I1", None, "no", 200_00, TODAY, "Dana")
    items = [item("I1", "2026-04-01"), item("I2", "2026-04-03")]
    found = possible_matches(items, [cash(1, "2026-04-03")], [no])
    assert list(found) == [("instalment", "I2")]
    assert possible_matches(items, [cash(1, "2026-04-03")], [no._replace(answer="yes", due_ref="I2")]) == {}


cents = st.integers(1, 400_00)
statuses = st.sampled_from(["declined", "returned", "charged_back", "pending"])


@st.composite
def open_items(draw):
    found = []
    for n in range(draw(st.integers(0, 5))):
        tried = tuple(
            payment("2026-04-02", draw(cents), draw(statuses)) for _ in range(draw(st.integers(0, 2)))
        )
        contract = draw(st.sampled_from([PLAN, ("plan", "N2")]))
        retry = draw(st.sampled_from([None, None, day("2026-04-20")]))
        found.append(
            DueItem(
                "instalment",
                f"I{n}",
                TODAY - timedelta(days=n),
                draw(cents),
                0,
                0,
                tried,
                retry,
                contract=contract,
            )
        )
    return found


@given(
    open_items(), cents, st.dictionaries(st.sampled_from([PLAN, ("plan", "N2"), ACCOUNT]), cents),
    st.dictionaries(st.sampled_from([PLAN, ("plan", "N2")]), cents), st.lists(cents, max_size=2),
)  # fmt: skip
def test_every_cent_is_asked_for_or_left_out_once_and_nothing_is_asked_twice(
    items, account, pending, promised, links
):
    held = Held(
        TODAY,
        pending=pending,
        promised={key: Promised(some, day("2026-04-20")) for key, some in promised.items()},
        links=[link(some, "plan", "N1") for some in links],
    )
    found = askable(items, held, account_cents=account)
    for one in found.items:
        assert one.cents >= 0
        assert one.cents + sum(out.cents for out in one.left_out) == open_cents(one.item)
    total = sum(map(open_cents, items)) + account
    assert found.cents + sum(out.cents for out in found.left_out) == total
    for why, most in (
        (Why.PENDING, sum(pending.values())),
        (Why.PROMISED, sum(promised.values())),
        (Why.LINKED, sum(links)),
    ):
        assert sum(out.cents for out in found.left_out if out.why is why) <= most
