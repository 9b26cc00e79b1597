"""Payments that are missing, each for its own reason, and those that only look so (DOMAIN §3)."""

from datetime import timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person
from data.sandbox.practice.insurance import insure
from data.sandbox.practice.ledger import post, take_cash
from data.sandbox.practice.plans import collect_but_last, sell_plan
from data.sandbox.practice.processor import (
    NOT_SUFFICIENT,
    RETURNED_NSF,
    change,
    decline,
    draft,
    post_payment,
    refund,
)
from data.sandbox.practice.stories.story import story
from data.sandbox.practice.stories.usual import MONTHLY, care_plan, comes_today
from data.sandbox.practice.tokens import add_bank, add_card


@story("CHARGEBACK", "d31_60")
def charged_back(book: Book, who: Person) -> None:
    """The last instalment, 33 days ago, was disputed by the cardholder. Reminders stop."""
    ends = days.text(book.ahead(60))
    plan = care_plan(book, who, add_card(book, who), last_due=book.ago(33), fallen=4, count=4, end_date=ends)
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    taken = draft(book, plan.draft(), open_[0], posted=False)
    disputed = open_[0] + timedelta(days=20)
    change(book, taken, disputed, who.place.zone, charge_back_date=days.text(disputed))


@story("BANK_ONLY", "RETURNED", "d1_30")
def bank_debit_returned(book: Book, who: Person) -> None:
    """A bank account has no expiry; its last debit came back unpaid (R01)."""
    plan = care_plan(book, who, add_bank(book, who), last_due=book.ago(12))
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    debit = draft(book, plan.draft(), open_[0], posted=False)
    back = open_[0] + timedelta(days=4)
    change(
        book,
        debit,
        back,
        who.place.zone,
        reason_code_id=RETURNED_NSF,
        return_date=days.text(back),
    )


@story("pending", loud=False)
def debit_on_its_way(book: Book, who: Person) -> None:
    """Yesterday's instalment is a bank debit that has not settled yet: asked for no more, not paid either."""
    plan = care_plan(book, who, add_bank(book, who), last_due=book.ago(1))
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    draft(book, plan.draft(), open_[0], posted=False)


@story("REVERSED", "INACTIVE", "d1_30")
def reversed_and_uninsured(book: Book, who: Person) -> None:
    """The desk voided the last draft and never took it again; and the insurer says the policy has ended."""
    plan = care_plan(book, who, add_card(book, who))
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    taken = draft(book, plan.draft(), open_[0], posted=False)
    change(
        book,
        taken,
        open_[0],
        who.place.zone,
        status_code=201,
        reason_code_id=1200,
        void_date=days.text(open_[0]),
    )
    book.files["coverages"].pop()
    insure(book, who, eligible="false", active_to=days.text(book.ago(25)))


@story("DECLINED_SOFT", "RETRY_SCHEDULED", "d1_30")
def retry_is_planned(book: Book, who: Person) -> None:
    """Not enough funds four days ago; the recurring runs again in two days, ahead of the next instalment."""
    plan = care_plan(book, who, add_card(book, who), last_due=book.ago(4))
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    decline(book, plan.draft(), open_[0], NOT_SUFFICIENT)
    plan.draft().recurring["next_run_date"] = days.text(book.ahead(2))


@story("PARTIAL", "EXHAUSTED", "d1_30")
def paid_in_part(book: Book, who: Person) -> None:
    """Paid $120 of $200 by check, for a plan beside insurance whose visits are used up."""
    plan = sell_plan(
        book, who, days.add_months(book.ago(9), -3), 8, MONTHLY, kind="payment", name="Payment plan"
    )
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    take_cash(book, who, open_[0], 12000, method="check", plan_id=plan.id)
    insure(book, who, visit_limit="20", visits_used="19", visits_pending="1")
    add_card(book, who)
    comes_today(book, who)


@story("POSSIBLE_MATCH", "DECLINED_SOFT")
def cash_may_be_it(book: Book, who: Person) -> None:
    """Declined six days ago; three days ago the desk took the same amount in cash and tied it to nothing."""
    plan = care_plan(book, who, add_card(book, who), last_due=book.ago(6))
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    decline(book, plan.draft(), open_[0], NOT_SUFFICIENT)
    take_cash(book, who, book.ago(3), MONTHLY)


@story("ACCEPTED_NOT_POSTED")
def accepted_not_posted(book: Book, who: Person) -> None:
    """The processor took the instalment two days ago; the ledger has no row for it."""
    plan = care_plan(book, who, add_card(book, who), last_due=book.ago(2))
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    draft(book, plan.draft(), open_[0], posted=False)


@story("POSTED_TWICE")
def posted_twice(book: Book, who: Person) -> None:
    """One payment, two ledger rows with the same order id."""
    plan = care_plan(book, who, add_card(book, who), last_due=book.ago(5))
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    taken = draft(book, plan.draft(), open_[0], plan_id=plan.id, what="Care plan payment")
    post_payment(book, who, taken, open_[0] + timedelta(days=1), plan_id=plan.id, what="Care plan payment")


@story("REVERSED", "refund reopens", "d1_30")
def refund_reopened(book: Book, who: Person) -> None:
    """The last payment was given back last week, the obligation stands."""
    plan = care_plan(book, who, add_card(book, who), last_due=book.ago(18))
    paid, _open = collect_but_last(book, plan)
    card = plan.draft().token
    given_back = refund(book, who, card, paid[-1], book.ago(6))
    post(
        book,
        who,
        book.ago(6),
        "refund",
        MONTHLY,
        plan_id=plan.id,
        order_id=given_back["order_number"],
        description="Refund",
    )
