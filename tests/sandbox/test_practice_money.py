"""Money adds up: what an ordinary patient was charged, promised and paid agrees to the cent on both sides."""

from collections import Counter, defaultdict
from datetime import date

from core.money import parse_dollars
from data.sandbox.practice.processor import REFUND
from tests.sandbox.practices import (
    TODAY,
    of,
    patient_balances,
    people_with_a_story,
    practice,
    tokens_of,
    transactions_of,
)

ACCEPTED = {101, 132, 133, 134}


def test_an_ordinary_patient_owes_nothing() -> None:
    made = practice()
    for patient, cents in patient_balances(made).items():
        if patient not in people_with_a_story(made):
            assert cents == 0, patient


def test_the_insurer_owes_what_is_younger_than_six_weeks_and_nothing_else() -> None:
    made = practice()
    open_since: dict[str, str] = {}
    for row in made.files["ledger"]:
        if row["part"] == "insurer":
            if row["kind"] == "charge":
                open_since[row["appointment_id"]] = row["posted_on"]
            else:
                del open_since[row["appointment_id"]]
    cases = {made.stories[name] for name in ("car_accident", "injury_case")}
    patient_of = {row["appointment_id"]: row["patient_id"] for row in made.files["appointments"]}
    late = [
        visit
        for visit, since in open_since.items()
        if since < "2026-10-10" and patient_of[visit] not in cases
    ]
    assert open_since
    assert late == []


def test_an_ordinary_plan_has_been_paid_for_everything_that_fell_due() -> None:
    made = practice()
    due: dict[str, int] = defaultdict(int)
    paid: dict[str, int] = defaultdict(int)
    for row in made.files["instalments"]:
        if date.fromisoformat(row["due_date"]) < TODAY:
            due[row["plan_id"]] += parse_dollars(row["amount"])
    for taken in made.fortis["transactions"]:
        if taken["status_code"] in ACCEPTED and taken["recurring_id"]:
            paid[made.pays_for[taken["recurring_id"]]] += taken["transaction_amount"]
    ordinary = [p["plan_id"] for p in made.files["plans"] if p["patient_id"] not in people_with_a_story(made)]
    assert len(ordinary) > 15
    assert {plan: due[plan] for plan in ordinary} == {plan: paid[plan] for plan in ordinary}


def test_a_plan_s_instalments_sum_to_its_total() -> None:
    made = practice()
    promised: dict[str, int] = defaultdict(int)
    for row in made.files["instalments"]:
        promised[row["plan_id"]] += parse_dollars(row["amount"])
    assert promised == {p["plan_id"]: parse_dollars(p["total"]) for p in made.files["plans"]}


def test_both_sides_agree_on_every_accepted_payment_but_the_stories_own() -> None:
    made = practice()
    posted: Counter[str] = Counter()
    for row in made.files["ledger"]:
        if row["kind"] == "payment" and row["order_id"]:
            posted[row["order_id"]] += parse_dollars(row["amount"])
    desk = {row["order_id"]: parse_dollars(row["amount"]) for row in made.files["payments"]}
    taken = {
        t["order_number"]: t["transaction_amount"] - (t.get("surcharge_amount") or 0)
        for t in made.fortis["transactions"]
        if t["status_code"] in ACCEPTED and t["type_id"] != REFUND
    }
    both = desk | taken
    odd = {order for order in both.keys() | posted.keys() if both.get(order) != posted[order]}
    stories = (
        "accepted_not_posted",
        "posted_twice",
        "charged_back",
        "bank_debit_returned",
        "debit_on_its_way",
    )
    assert odd == {transactions_of(made, name)[-1]["order_number"] for name in stories}


def test_nothing_at_the_processor_lies_in_the_future() -> None:
    made = practice()
    morning = 1795420800 + 6 * 3600  # 2026-11-23 00:00 in Chicago, and six hours
    for records in made.fortis.values():
        assert all(record["created_ts"] <= record["modified_ts"] < morning for record in records)


def test_accepted_but_not_posted_and_posted_twice() -> None:
    made = practice()
    lost = transactions_of(made, "accepted_not_posted")[-1]
    assert lost["status_code"] == 101
    assert not any(row["order_id"] == lost["order_number"] for row in made.files["ledger"])
    doubled = transactions_of(made, "posted_twice")[-1]["order_number"]
    assert sum(row["order_id"] == doubled for row in of(made, "posted_twice", "ledger")) == 2


def test_cash_that_may_be_the_missing_payment_is_tied_to_no_plan() -> None:
    made = practice()
    declined = transactions_of(made, "cash_may_be_it")[-1]
    (cash,) = [row for row in of(made, "cash_may_be_it", "ledger") if row["description"] == "Cash payment"]
    assert (declined["status_code"], declined["reason_code_id"]) == (301, 1616)
    assert parse_dollars(cash["amount"]) == declined["transaction_amount"]
    assert cash["plan_id"] == ""


def test_every_declined_draft_is_on_the_processor_s_own_list_too() -> None:
    fortis = practice().fortis
    declined = {t["id"] for t in fortis["transactions"] if t["status_code"] == 301}
    assert declined == {d["declined_transaction_id"] for d in fortis["declined_recurring_transactions"]}
    assert {d["status"] for d in fortis["declined_recurring_transactions"]} == {"unpaid"}


def test_a_refund_is_a_transaction_of_its_own_under_the_payment_s_order() -> None:
    made = practice()
    *_, paid, back = transactions_of(made, "refund_reopened")
    assert (back["type_id"], back["status_code"]) == (REFUND, 111)
    assert (back["order_number"], back["transaction_amount"]) == (
        paid["order_number"],
        paid["transaction_amount"],
    )
    assert back["id"] != paid["id"]
    assert back["transaction_api_id"] != paid["transaction_api_id"]


def test_money_that_came_back_says_how() -> None:
    made = practice()
    assert transactions_of(made, "charged_back")[-1]["charge_back_date"] > "2026-10"
    returned = transactions_of(made, "bank_debit_returned")[-1]
    assert (returned["reason_code_id"], returned["return_date"]) == (2101, "2026-11-15")
    assert transactions_of(made, "reversed_and_uninsured")[-1]["status_code"] == 201
    assert tokens_of(made, "bank_debit_returned")[0]["payment_method"] == "ach"
