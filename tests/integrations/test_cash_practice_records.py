"""What Cash Practice's words mean in our columns, and which of them are refused."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from core.connections.clerk_permission import read_login_times
from core.integrations.cash_practice.client import RESOURCES
from core.integrations.cash_practice.records import (
    Alert,
    AutoDebit,
    Billing,
    Customer,
    PostedPayment,
    read_expiry,
)
from core.jobs.records.tables import MODELS
from core.payments.reasons import reason_of
from core.staff.models import Access
from tests.sandbox.at_cash_practice import billing, customer, debit, paid, small

ALERT = {
    "Alert_ID": "A1",
    "Order_ID": "O1",
    "Sch_ID": "S1",
    "DateTime": "1790000000",
    "Changed": "1790000000",
}


def test_every_row_fits_its_table() -> None:
    given = small() | {"alerts": [ALERT | {"Status": "Open"}]}
    for resource, known in RESOURCES.items():
        row = known.record.model_validate(given[resource][0]).row()
        assert {"external_id", "version"} < row.keys() <= set(MODELS[resource].model_fields), resource


@pytest.mark.parametrize(
    ("text", "day"),
    [("11/28", date(2028, 11, 30)), ("2/2028", date(2028, 2, 29)), ("13/28", None), ("", None), ("soon", None), ("11/1999", None)],
)  # fmt: skip
def test_an_expiry_is_the_last_day_of_its_month(text: str, day: date | None) -> None:
    assert read_expiry(text) == day


def test_an_unreadable_expiry_is_unknown_and_kept_as_written() -> None:
    row = Billing.model_validate(billing(1, Expires="soon")).row()
    assert (row["expires_on"], row["expiry_text"]) == (None, "soon")


@pytest.mark.parametrize(
    ("words", "status"),
    [({}, "active"), ({"Status": "Paused"}, "on_hold"), ({"Status": "Stopped"}, "ended"), ({"Kind": "Reminder"}, "reminder"), ({"Kind": "Reminder", "Status": "Paused"}, "on_hold")],
)  # fmt: skip
def test_a_reminder_never_passes_for_what_collects_by_itself(words: dict[str, str], status: str) -> None:
    assert AutoDebit.model_validate(debit(1, "149.00", **words)).row()["status"] == status


@pytest.mark.parametrize(
    ("status", "ours"),
    [("Open", "unpaid"), ("Rescheduled", "unpaid"), ("Paid", "paid"), ("Removed", "closed")],
)
def test_an_alert_is_open_until_it_is_paid_or_removed(status: str, ours: str) -> None:
    row = Alert.model_validate(ALERT | {"Status": status, "RescheduledFor": "12/03/2026"}).row()
    assert (row["status"], row["retry_on"] is not None) == (ours, status == "Rescheduled")


@pytest.mark.parametrize(
    ("code", "hard", "words"),
    [("51", False, "not enough funds"), ("54", True, "card expired"), ("43", True, "card reported stolen"),
     ("41", True, "card reported lost"), ("46", True, "account closed"), ("14", True, "account number not valid"),
     ("04", True, "bank wants the card withdrawn"), ("05", False, "bank said no"), ("R1", True, "patient stopped the payments"),
     ("R02", True, "bank account closed"), ("777", False, "reason not given"), ("", False, "reason not given")],
)  # fmt: skip
def test_a_bank_s_number_is_a_reason_in_words(code: str, hard: bool, words: str) -> None:
    row = PostedPayment.model_validate(paid(1, 1, "5.00", Status="Declined", DeclineCode=code)).row()
    why = reason_of(row["reason_code"])
    assert (why.hard, why.words) == (hard, words)


@pytest.mark.parametrize(
    "wrong",
    [{"Transaction_amount": "5.001"}, {"Transaction_amount": "-5.00"}, {"Transaction_amount": ""}, {"Status": "Maybe"},
     {"Status": "Due Today"}, {"Order_ID": ""}, {"Order_ID": "a b"}, {"DateTime": "yesterday"}, {"Changed": "-1"}],
)  # fmt: skip
def test_what_says_nothing_sure_of_money_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PostedPayment.model_validate(paid(1, 1, "5.00") | wrong)


def test_a_refund_whose_payment_is_not_named_is_money_out_all_the_same() -> None:
    row = PostedPayment.model_validate(paid(1, 1, "5.00", Status="Refunded")).row()
    assert (row["status"], row["refund_ref"]) == ("approved", "unknown")


def test_a_card_number_in_a_name_is_masked_at_the_door() -> None:
    row = Customer.model_validate(customer(1, "Ana 4111111111111111", "Alvarez")).row()
    assert "4111111111111111" not in row["first_name"]


def test_login_times_are_read_as_their_users_page_writes_them() -> None:
    found = read_login_times(
        "Monday: 08:00-18:00\nSunday: No Access\nFriday: 24-hour Access\nTuesday: whenever"
    )
    assert {day.weekday: day.kind for day in found} == {0: Access.HOURS, 6: Access.NONE, 4: Access.ALWAYS}
