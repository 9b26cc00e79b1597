"""What Fortis's words mean in ours."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from core.cards.models import CardKind, Updater
from core.integrations.fortis.client import RESOURCES
from core.integrations.fortis.records import (
    REFUND_OF_UNKNOWN,
    Contact,
    DeclinedRecurring,
    Location,
    ProductTransaction,
    Recurring,
    Token,
    Transaction,
)
from core.jobs.records.tables import MODELS
from core.payments.models import PaymentStatus, RecurringStatus

ID, OTHER = "31f0000000000000000000a1", "31f0000000000000000000b2"


def token(**also: Any) -> dict[str, Any]:
    fields = {"id": ID, "modified_ts": 5, "payment_method": "cc", "account_type": "visa", "exp_date": "1126"}
    return Token.model_validate({**fields, "last_four": "4242", **also}).row()


def payment(**also: Any) -> dict[str, Any]:
    fields = {"id": ID, "modified_ts": 9, "created_ts": 1_790_000_000, "transaction_amount": 14900}
    return Transaction.model_validate({**fields, "status_code": 101, "type_id": 20, **also}).row()


@pytest.mark.parametrize(
    ("exp_date", "expires_on", "expiry_text"),
    [
        ("1126", date(2026, 11, 30), None),
        ("0228", date(2028, 2, 29), None),
        ("228", date(2028, 2, 29), None),
        (1299, date(2099, 12, 31), None),
        ("1326", None, "1326"),
        ("11/6", None, "11/6"),
        ("٠٢٢٨", None, "٠٢٢٨"),
        (None, None, "missing"),
        ("", None, "missing"),
    ],
)
def test_a_card_is_good_through_its_month(exp_date: Any, expires_on: date | None, expiry_text: str) -> None:
    row = token(exp_date=exp_date)
    assert (row["expires_on"], row["expiry_text"]) == (expires_on, expiry_text)


def test_a_bank_account_has_no_expiry() -> None:
    row = token(payment_method="ach", account_type="checking", exp_date=None)
    assert (row["kind"], row["brand"], row["expires_on"], row["expiry_text"]) == (
        CardKind.BANK,
        "Checking",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("fields", "updater"),
    [
        ({}, Updater.NONE),
        ({"cau_summary_status_id": 0}, Updater.NONE),
        ({"active": False}, Updater.NONE),
        ({"cau_summary_status_id": 1, "cau_last_updated_ts": 7}, Updater.UPDATED),
        ({"cau_summary_status_id": 3, "cau_last_updated_ts": 7, "active": False}, Updater.CLOSED),
    ],
)
def test_what_the_card_updater_did(fields: dict[str, Any], updater: Updater) -> None:
    assert token(**fields)["updater"] == updater


def test_a_tokens_account_number_has_no_place() -> None:
    row = token(account_number="4242424242424242", account_holder_name="Ana")
    assert "4242424242424242" not in repr(row)
    with pytest.raises(ValidationError):
        token(last_four="4242424242424242")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, PaymentStatus.APPROVED),
        ({"status_code": 134}, PaymentStatus.APPROVED),
        ({"status_code": 102}, PaymentStatus.PENDING),
        ({"status_code": 131}, PaymentStatus.PENDING),
        ({"status_code": 132}, PaymentStatus.PENDING),
        ({"status_code": 133}, PaymentStatus.PENDING),
        ({"status_code": 201}, PaymentStatus.VOIDED),
        ({"void_date": "2026-11-20"}, PaymentStatus.VOIDED),
        ({"status_code": 301, "reason_code_id": 1616}, PaymentStatus.DECLINED),
        ({"status_code": 331}, PaymentStatus.CHARGED_BACK),
        ({"charge_back_date": "2026-11-20"}, PaymentStatus.CHARGED_BACK),
        ({"status_code": 134, "return_date": "2026-11-20"}, PaymentStatus.RETURNED),
        ({"status_code": 111, "type_id": 30}, PaymentStatus.APPROVED),
    ],
)
def test_whether_money_moved(fields: dict[str, Any], status: PaymentStatus) -> None:
    assert payment(**fields)["status"] == status


def test_an_unknown_status_is_never_taken_for_money() -> None:
    with pytest.raises(ValidationError, match="not known"):
        payment(status_code=999)


def test_the_amount_is_what_moved() -> None:
    assert payment()["amount_cents"] == 14900
    assert payment(transaction_amount="14900")["amount_cents"] == 14900
    assert payment(reason_code_id=1201, auth_amount=5000)["amount_cents"] == 5000
    assert payment(status_code=121, type_id=21, transaction_amount=100)["amount_cents"] == 0
    for wrong in (-1, 149.5, None, "149.00 USD"):
        with pytest.raises(ValidationError):
            payment(transaction_amount=wrong)


def test_the_fee_in_a_payment_and_the_draft_that_ran_it_are_kept_beside_it() -> None:
    row = payment(transaction_amount=15_347, surcharge_amount=447, recurring_id=OTHER)
    assert (row["amount_cents"], row["surcharge_cents"], row["recurring_ref"]) == (15_347, 447, OTHER)
    assert payment()["surcharge_cents"] == 0
    assert payment(transaction_amount=300, surcharge_amount=447)["surcharge_cents"] == 300


def test_a_refund_names_what_it_gives_back() -> None:
    reference = {"id": "x" * 24, "transaction_id": ID, "previous_transaction_id": OTHER}
    for kind in ({"type_id": 30}, {"type_id": 40}, {"status_code": 111}):
        assert payment(**kind, transaction_references=[reference])["refund_ref"] == OTHER
        assert payment(**kind)["refund_ref"] == REFUND_OF_UNKNOWN
    assert payment(transaction_references=[reference])["refund_ref"] is None


def test_a_payment_knows_when_and_for_what() -> None:
    row = payment(order_number="O17", recurring_id=OTHER, quick_invoice_id=ID, payment_method="ach")
    assert row["happened_at"] == datetime.fromtimestamp(1_790_000_000, UTC)
    assert (row["order_id"], row["recurring_ref"], row["invoice_ref"]) == ("O17", OTHER, ID)
    assert (row["method"], row["version"]) == ("bank", 9)
    assert payment(transaction_api_id="T17")["order_id"] == "T17"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, RecurringStatus.ACTIVE),
        ({"status": "on hold", "active": False}, RecurringStatus.ON_HOLD),
        ({"status": "ended"}, RecurringStatus.ENDED),
        ({"active": False}, RecurringStatus.ENDED),
    ],
)
def test_a_draft_runs_stands_or_has_ended(fields: dict[str, Any], status: RecurringStatus) -> None:
    known = {"id": ID, "transaction_amount": 9900, "interval": 2, "interval_type": "w", "status": "active"}
    told = {"account_vault_id": OTHER, "recurring_c1": "PL7", "next_run_date": "2026-12-01"}
    row = Recurring.model_validate({**known, **told, **fields}).row()
    assert (row["status"], row["card_ref"], row["pays_for"]) == (status, OTHER, "PL7")
    assert (row["interval"], row["interval_unit"], row["next_run_on"]) == (2, "week", date(2026, 12, 1))


@pytest.mark.parametrize(
    ("phone", "country", "mobile"),
    [
        ("6145550199", None, "+16145550199"),
        ("6145550199", "+1", "+16145550199"),
        ("16145550199", "+1", "+16145550199"),
        ("614555", "+1", None),
        (None, None, None),
    ],
)
def test_a_contacts_mobile_is_e164(phone: str, country: str, mobile: str) -> None:
    fields = {"id": ID, "last_name": "Alvarez", "cell_phone": phone, "cell_phone_country_code": country}
    assert Contact.model_validate(fields).row()["mobile_phone"] == mobile


def test_the_ehr_id_is_the_api_id_else_the_account_number() -> None:
    both = Contact.model_validate({"id": ID, "contact_api_id": "P1", "account_number": 2}).row()
    other = Contact.model_validate({"id": ID, "contact_api_id": "", "account_number": 2}).row()
    assert (both["ehr_id"], other["ehr_id"]) == ("P1", "2")


def test_text_is_made_fit_for_both_stores() -> None:
    row = Contact.model_validate(
        {"id": ID, "first_name": "A\0na 4242424242424242", "last_name": "\ud800"}
    ).row()
    assert row["first_name"] == "Ana [card number ending 4242]"
    row["last_name"].encode()


def test_every_row_fits_its_table() -> None:
    stamp = {"id": ID, "modified_ts": 1}
    rows = {
        "locations": Location.model_validate({**stamp, "name": "Riverside", "tz": "America/New_York"}).row(),
        "product-transactions": ProductTransaction.model_validate(stamp).row(),
        "contacts": Contact.model_validate(stamp).row(),
        "tokens": token(),
        "recurrings": Recurring.model_validate(
            {**stamp, "transaction_amount": 1, "interval": 1, "interval_type": "m", "status": "active"}
        ).row(),
        "transactions": payment(),
        "declined-recurring-transactions": DeclinedRecurring.model_validate(
            {**stamp, "status": "unpaid", "created_ts": 5}
        ).row(),
    }
    assert rows.keys() == RESOURCES.keys()
    for resource, row in rows.items():
        assert row.keys() <= set(MODELS[resource].model_fields)
