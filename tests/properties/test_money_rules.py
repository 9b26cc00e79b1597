"""What must hold for any practice: nothing of the money gets lost, and a new day changes only what the calendar says."""

import ast
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from core.cards.rules import CardState, judge_card
from core.dues.askable import Held, askable
from core.dues.collect import collect_now
from core.dues.drafts import MembershipDrafts, upcoming_drafts
from core.dues.due_items import visit_items
from core.dues.membership_items import membership_items
from core.dues.missing import DueItem, is_missing, missing_payments, open_cents
from core.dues.posting_problems import posting_problems
from core.ledger.facts import EntryFacts, raises_cents
from core.ledger.rules import judge_balance
from core.payments.allocation import Due, allocate
from core.payments.facts import Draft, PaymentFacts, RecurringFacts, net_by_payment
from core.plans.facts import InstalmentFacts, PlanFacts, PlanFinding
from core.plans.rules import judge_plan
from tests.money_facts import card, plan

SAME_EACH_RUN = settings(max_examples=60, derandomize=True, deadline=None)
FIRST, ONE_DAY = date(2026, 1, 1), timedelta(days=1)

days = st.integers(0, 400).map(lambda n: FIRST + timedelta(days=n))
cents = st.integers(1, 400_00)
statuses = st.sampled_from(
    ["approved"] * 6 + ["declined", "pending", "returned", "voided", "refunded", "charged_back"]
)


@st.composite
def payments(draw, tied_to=(None,)):
    """Payments and refunds of some of them, by id; a refund may be larger than what it gives back."""
    found: list[PaymentFacts] = []
    for number in range(draw(st.integers(0, 10))):
        on = draw(days)
        original = draw(st.sampled_from([None, None, None, *found]))
        found.append(
            PaymentFacts(
                number + 1,
                f"P{number}",
                1,
                7,
                draw(st.sampled_from(tied_to)),
                None,
                datetime.combine(on, time(15), UTC),
                on,
                draw(cents),
                "approved" if original else draw(statuses),
                draw(st.sampled_from([None, "1616", "1622"])),
                original.external_id if original and original.refund_ref is None else None,
                None,
                "card",
            )
        )
    return found


@st.composite
def plans(draw) -> tuple[PlanFacts, list[InstalmentFacts], list[PaymentFacts], date]:
    instalments = [
        InstalmentFacts(
            n + 1, f"IN{n}", 7, draw(days), amount, draw(st.sampled_from([0, 0, 0, amount // 3, amount]))
        )
        for n, amount in enumerate(draw(st.lists(cents, min_size=1, max_size=8)))
    ]
    pause = sorted(draw(st.tuples(days, days))) if draw(st.integers(0, 3)) == 0 else (None, None)
    status = draw(st.sampled_from(["active", "active", "active", "cancelled", "completed", "paused"]))
    one = plan(
        status=status,
        end_date=draw(st.none() | days),
        start_date=None,
        total_cents=None,
        paused_from=pause[0],
        paused_to=pause[1],
    )
    return one, instalments, draw(payments(tied_to=[None, None, *(i.id for i in instalments)])), draw(days)


def judged(practice) -> PlanFinding:
    one, instalments, paid, as_of = practice
    return judge_plan(one, instalments, paid, as_of, done_visits=5)


@SAME_EACH_RUN
@given(plans())
def test_the_aging_buckets_sum_to_the_arrears(practice):
    found = judged(practice)
    assert sum(found.aging) == found.arrears_cents
    assert found.missed_count == sum(i.days_late > 0 for i in found.instalments)
    assert (found.arrears_cents > 0) == (found.days_past_due > 0)


@SAME_EACH_RUN
@given(plans())
def test_arrears_paid_and_waived_reach_what_was_expected(practice):
    found = judged(practice)
    assert found.arrears_cents + found.paid_cents + found.waived_cents >= found.expected_cents
    assert (
        found.remaining_cents
        == sum(i.amount_cents for i in practice[1]) - found.waived_cents - found.paid_cents
    )


@SAME_EACH_RUN
@given(plans())
def test_without_ties_and_pauses_arrears_are_what_is_expected_and_did_not_come(practice):
    _, instalments, paid, as_of = practice
    plain = plan(total_cents=None, start_date=None, end_date=None)
    loose = [payment._replace(instalment_id=None) for payment in paid]
    found = judge_plan(plain, instalments, loose, as_of)
    waived = sum(i.waived_cents for i in instalments if i.due_date < as_of)
    assert found.arrears_cents == max(0, found.expected_cents - waived - found.paid_cents)


@SAME_EACH_RUN
@given(plans())
def test_no_instalment_takes_more_than_it_owes_and_no_money_appears(practice):
    found = judged(practice)
    assert all(0 <= i.allocated_cents <= max(0, i.amount_cents - i.waived_cents) for i in found.instalments)
    assert sum(i.allocated_cents for i in found.instalments) <= found.paid_cents


@SAME_EACH_RUN
@given(plans())
def test_a_new_day_without_payments_changes_only_what_fell_due(practice):
    one, instalments, paid, as_of = practice
    before = [payment for payment in paid if payment.happened_on <= as_of]
    if one.status == "cancelled":
        one = one._replace(status="active")  # frozen plans do not move: see the settlement test
    today, tomorrow = (judge_plan(one, instalments, before, day) for day in (as_of, as_of + ONE_DAY))
    assert (tomorrow.paid_cents, tomorrow.remaining_cents) == (today.paid_cents, today.remaining_cents)
    assert tomorrow.arrears_cents == today.arrears_cents + today.due_today_cents
    late = {i.id: i.days_late for i in today.instalments if i.days_late}
    assert {i.id: i.days_late - 1 for i in tomorrow.instalments if i.days_late > 1} == late


@SAME_EACH_RUN
@given(plans())
def test_a_plan_ended_early_does_not_move_with_the_days(practice):
    one, instalments, paid, as_of = practice
    ended = one._replace(status="cancelled", end_date=as_of - ONE_DAY, paused_from=None, paused_to=None)
    before = [payment for payment in paid if payment.happened_on <= as_of]
    today, later = (judge_plan(ended, instalments, before, day) for day in (as_of, as_of + 40 * ONE_DAY))
    assert (today.aging, today.expected_cents) == (later.aging, later.expected_cents)


@SAME_EACH_RUN
@given(st.lists(st.tuples(days, cents), max_size=6), payments(tied_to=[None, 1, 2, 3]))
def test_every_cent_is_allocated_or_left(amounts, paid):
    dues = [Due(n + 1, on, owed, n % 4 == 3) for n, (on, owed) in enumerate(sorted(amounts))]
    nets = net_by_payment(paid)
    found = allocate(dues, paid, nets)
    assert sum(found.cents) + found.left_cents == max(0, sum(nets.values()))
    assert all(0 <= cents <= due.owed_cents for cents, due in zip(found.cents, dues, strict=True))


@SAME_EACH_RUN
@given(payments())
def test_nets_sum_to_what_was_taken_less_what_was_given_back(paid):
    nets = net_by_payment(paid)
    whole = {p.external_id: p.amount_cents for p in paid if p.refund_ref is None and p.status in
             ("pending", "returned", "voided", "refunded", "charged_back")}  # fmt: skip
    taken = sum(p.amount_cents for p in paid if p.refund_ref is None and p.status == "approved")
    back: Counter[str] = Counter()
    for p in paid:
        if p.refund_ref is not None:
            back[p.refund_ref] += p.amount_cents
    given_back = sum(max(0, amount - whole.get(ref, 0)) for ref, amount in back.items())
    assert sum(nets.values()) == taken - given_back
    assert all(nets[p.id] >= 0 for p in paid if p.refund_ref is None)


CARD_LIFE = [CardState.HAS_CARD, CardState.EXPIRING, CardState.EXPIRED]


@SAME_EACH_RUN
@given(days, st.lists(st.tuples(days, cents), max_size=4), days, st.booleans())
def test_a_card_only_gets_older(ends, drafts, today, obliged):
    coming = [Draft(on, amount, None, "plan", "PL1") for on, amount in drafts]
    one = card(ends.isoformat(), id=1)
    now, next_day = (
        judge_card([one], coming, day, obliged=obliged, linked=True) for day in (today, today + ONE_DAY)
    )
    assert CARD_LIFE.index(now.state) <= CARD_LIFE.index(next_day.state)
    within = [d.cents for d in coming if today <= d.on <= today + timedelta(days=60) and d.on > ends]
    assert now.at_risk_cents == (0 if now.state is CardState.HAS_CARD else sum(within))


@st.composite
def recurrings(draw) -> list[RecurringFacts]:
    return [
        RecurringFacts(
            n, f"R{n}", 1, None, draw(st.sampled_from([None, 3])), draw(cents), draw(st.integers(0, 5)),
            draw(st.sampled_from(["day", "week", "month"])), draw(days), "active",
        )
        for n in range(draw(st.integers(0, 3)))
    ]  # fmt: skip


members = st.builds(
    MembershipDrafts,
    membership_id=st.just(3),
    external_id=st.just("M1"),
    price_cents=cents,
    next_draft_on=st.none() | days,
    card_id=st.just(1),
    status=st.sampled_from(["active", "past_due", "paused", "cancelled"]),
    end_date=st.none() | days,
    frozen_from=st.none() | days,
    frozen_to=st.none(),
    anchor_day=st.none() | st.integers(1, 31),
    billing_every=st.sampled_from([0, 1, 1, 1, 2, 3, 4, 12]),
    billing_unit=st.sampled_from(["day", "week", "month", "month"]),
    period=st.sampled_from(["month", "month", "anchor", "package"]),
)


@SAME_EACH_RUN
@given(recurrings(), members, days)
def test_tomorrow_s_drafts_are_today_s_one_day_on(runs, member, today):
    now = upcoming_drafts(runs, [], [member], today, days=60)
    tomorrow = upcoming_drafts(runs, [], [member], today + ONE_DAY, days=59)
    assert [d for d in now if d.on > today] == tomorrow
    assert all(today <= d.on <= today + timedelta(days=60) for d in now)


@SAME_EACH_RUN
@given(members, payments(), days, days)
def test_a_membership_owes_no_more_than_its_drafts(member, paid, start, today):
    paid = [p._replace(plan_id=None, membership_id=3) for p in paid]
    items = membership_items(member, start, paid, today)
    assert all(item.due_on <= today and item.allocated_cents < item.amount_cents for item in items)
    assert all(item.amount_cents <= (member.price_cents or 0) for item in items)
    assert len({item.id for item in items}) == len(items)


@SAME_EACH_RUN
@given(members, payments(), days, days, cents)
def test_money_that_a_draft_brought_pays_no_other_draft(member, paid, start, today, more):
    """However much more one run of the draft took, nothing else is owed less."""
    paid = [p._replace(plan_id=None, membership_id=3, recurring_ref="R1", refund_ref=None) for p in paid]
    raised = [p._replace(amount_cents=p.amount_cents + more) if n == 0 else p for n, p in enumerate(paid)]
    price = member.price_cents or 0
    if paid and paid[0].amount_cents >= price:
        assert open_by_id(member, raised, start, today) == open_by_id(member, paid, start, today)


def open_by_id(member, paid, start, today) -> dict[str, int]:
    return {item.id: open_cents(item) for item in membership_items(member, start, paid, today)}


@SAME_EACH_RUN
@given(days, cents, cents, payments(), days)
def test_a_missing_payment_stays_missing(due_on, amount, allocated, tried, today):
    item = DueItem("instalment", "IN1", due_on, amount, 0, allocated, tuple(tried))
    assert not is_missing(item, today) or is_missing(item, today + ONE_DAY)
    for found in missing_payments([item], today):
        assert found.open_cents == amount - allocated > 0
        assert found.sentence.endswith(".")
        assert found.advice.endswith(".")


@st.composite
def ledgers(draw) -> list[EntryFacts]:
    return [
        EntryFacts(
            n, f"L{n}", draw(days), draw(st.sampled_from(["charge", "charge", "payment", "adjustment"])), "patient",
            draw(cents), draw(st.integers(1, 4)), None, draw(st.sampled_from([None, None, "O1", "O2"])), 1,
        )
        for n in range(draw(st.integers(0, 10)))
    ]  # fmt: skip


@SAME_EACH_RUN
@given(ledgers(), days)
def test_open_visit_charges_are_the_balance_of_the_account(entries, today):
    items = visit_items(entries, [], today)
    owed = sum(raises_cents(entry) for entry in entries if entry.posted_on <= today)
    assert sum(item.amount_cents - item.allocated_cents for item in items) == max(0, owed)


@SAME_EACH_RUN
@given(ledgers(), days, cents, cents, cents, st.lists(st.tuples(cents, statuses), max_size=3))
def test_what_is_collected_and_left_out_is_what_is_due(entries, today, past_due, at_visit, pending, items):
    balance = judge_balance(
        entries,
        today=today,
        past_due_cents=past_due,
        due_today_cents=0,
        expected_at_visit_cents=at_visit,
        pending_cents=pending,
    )
    due = [
        DueItem("instalment", f"IN{n}", FIRST, amount, 0, 0, (), today if n else None)
        for n, (amount, _) in enumerate(items)
    ]
    found = collect_now(balance, askable(due, Held(today + 9 * ONE_DAY), account_cents=at_visit))
    assert 0 <= found.cents <= balance.due_now_cents
    assert found.cents + found.left_out_cents == balance.due_now_cents
    assert balance.credit_cents == max(0, -balance.patient_owes_cents)


@SAME_EACH_RUN
@given(ledgers(), payments())
def test_a_ledger_row_posts_one_payment_only(entries, paid):
    paid = [p._replace(order_id=["O1", "O2", None][p.id % 3]) for p in paid]
    as_of = datetime(2027, 2, 20, tzinfo=UTC)
    near = [p for p in paid if p.happened_at > as_of - timedelta(days=90)]
    told = [p for p in posting_problems(near, entries, as_of) if p.state == "ACCEPTED_NOT_POSTED"]
    nets = net_by_payment(near)
    accepted = [p for p in near if p.status == "approved" and p.refund_ref is None and nets[p.id] > 0]
    by_amount = [p for p in accepted if p.order_id is None]
    rows = [e for e in entries if e.kind == "payment"]
    assert len(told) <= len(accepted)
    assert sum(p.payment in by_amount for p in told) >= len(by_amount) - len(rows)


PAPER = (
    "invoices/pdf.py"  # it draws: its fractions are points on paper, and cents reach it to be written only
)
MONEY_CODE = ("cards", "payments", "plans", "ledger", "memberships", "insurance", "invoices", "morning")


def floats_in(source: str) -> list[int]:
    """Line numbers of float literals, calls of float() and true divisions."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]


@pytest.mark.parametrize("source", ["x = 1.5", "x = a / b", "a /= 2", "x = float(y)", "def f(c: float): ..."])
def test_the_search_for_floats_finds_them(source):
    assert floats_in(source) == [1]


def test_no_float_comes_near_money():
    folder = Path(core.__file__).parent
    files = [path for noun in MONEY_CODE for path in (folder / noun).glob("*.py")]
    files += [folder / "money.py", folder / "dates.py"]
    assert len(files) > len(MONEY_CODE)
    found = {
        str(path.relative_to(folder)): lines
        for path in files
        if (lines := floats_in(path.read_text("utf-8")))
    }
    assert found.keys() <= {PAPER}


def test_the_invoice_on_paper_writes_cents_and_never_reckons_with_them():
    tree = ast.parse((Path(core.__file__).parent / PAPER).read_text("utf-8"))
    sums = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.AugAssign)]
    assert sums
    assert [ast.unparse(each) for each in sums if "cents" in ast.unparse(each)] == []
