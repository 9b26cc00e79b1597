"""The processor's own SDK reads and changes the sandbox. Where it cannot, the sandbox is wrong."""

import pytest
from fortisapi.exceptions.response_401_token_exception import Response401tokenException
from fortisapi.exceptions.response_412_exception import Response412Exception
from fortisapi.fortisapi_client import FortisapiClient
from fortisapi.models.filter_by import FilterBy
from fortisapi.models.order_22 import Order22
from fortisapi.models.page import Page
from fortisapi.models.v_1_contacts_request import V1ContactsRequest
from fortisapi.models.v_1_recurrings_request import V1RecurringsRequest
from fortisapi.models.v_1_recurrings_request_1 import V1RecurringsRequest1
from fortisapi.models.v_1_recurrings_skip_payment_request import V1RecurringsSkipPaymentRequest
from fortisapi.models.v_1_tokens_cc_request import V1TokensCcRequest
from fortisapi.models.v_1_transactions_ach_debit_token_request import V1TransactionsAchDebitTokenRequest
from fortisapi.models.v_1_transactions_cc_sale_token_request import V1TransactionsCcSaleTokenRequest
from fortisapi.models.v_1_transactions_refund_request import V1TransactionsRefundRequest

from tests.contract.conftest import sdk_of
from tests.sandbox.records import (
    ANA,
    ANAS_CARD,
    ANAS_PLAN,
    BENS_BANK,
    BENS_PLAN,
    CARD_ACCOUNT,
    DAY,
    LOCATION_ID,
    START,
)
from tests.sandbox.running import Sandbox

LISTS = (
    ("locations", "list_all_locations", 1),
    ("contacts", "list_all_contacts", 2),
    ("tokens", "list_all_tokens_related", 3),
    ("recurring", "list_all_recurring_record", 2),
    ("transactions_read", "list_transactions", 5),
)


@pytest.mark.parametrize(("controller", "method", "count"), LISTS)
def test_the_sdk_lists_what_the_practice_has(
    sdk: FortisapiClient, controller: str, method: str, count: int
) -> None:
    answer = getattr(getattr(sdk, controller), method)(page=Page(number=1, size=50))
    assert len(answer.list) == answer.pagination.total_count == count
    assert answer.pagination.page_size == 50
    assert answer.mtype.endswith("sCollection")


def test_the_sdk_reads_one_record_of_each_kind(sdk: FortisapiClient) -> None:
    assert sdk.contacts.view_single_contact(ANA).data.last_name == "Alvarez"
    token = sdk.tokens.view_single_token_record(ANAS_CARD).data
    assert (token.last_four, token.exp_date, token.account_vault_api_id) == ("1111", "1228", None)
    plan = sdk.recurring.view_single_recurring_record(ANAS_PLAN).data
    assert (plan.transaction_amount, str(plan.next_run_date)) == (14_900, "2026-11-30")
    payment = sdk.transactions_read.get_transaction(f"31f1{1:020x}").data
    assert (payment.status_code, payment.transaction_amount) == (101, 5_000)


def test_the_sdk_finds_the_merchant_accounts_of_a_location(sdk: FortisapiClient) -> None:
    expand = ["product_transactions", "addons", "quick_invoice_setting"]
    location = sdk.locations.view_single_location_record(LOCATION_ID, expand=expand).data
    assert location.tz == "America/New_York"
    assert [account.payment_method for account in location.product_transactions] == ["cc", "ach"]
    assert location.default_cc == CARD_ACCOUNT
    assert location.quick_invoice_setting.location_id == LOCATION_ID


def test_pages_order_filters_and_related_records_are_what_the_sdk_asked_for(sdk: FortisapiClient) -> None:
    answer = sdk.transactions_read.list_transactions(
        page=Page(number=2, size=2),
        order=[Order22("created_ts", "desc")],
        filter_by=[FilterBy("created_ts", ">=", str(START + 2 * DAY))],
        expand=["contact"],
    )
    assert [payment.created_ts - START for payment in answer.list] == [3 * DAY, 2 * DAY]
    assert (answer.pagination.total_count, answer.pagination.page_count) == (4, 2)
    assert answer.list[0].contact.first_name == "Ana"
    assert answer.sort.fields[0].order == "desc"


def test_the_sdk_creates_a_contact_and_reads_it_back(sdk: FortisapiClient) -> None:
    wanted = V1ContactsRequest(
        LOCATION_ID, "Cole", first_name="Cy", contact_api_id="P77", email="cy@example.com"
    )
    made = sdk.contacts.create_a_new_contact(wanted).data
    again = sdk.contacts.view_single_contact(made.id).data
    assert (again.first_name, again.contact_api_id, again.active) == ("Cy", "P77", True)
    with pytest.raises(Response412Exception) as refusal:
        sdk.contacts.create_a_new_contact(wanted)
    assert "must be unique" in refusal.value.detail


def test_wrong_keys_are_the_sdks_own_401(sandbox: Sandbox) -> None:
    for name in ("user_id", "user_api_key", "developer_id"):
        with pytest.raises(Response401tokenException) as refusal:
            sdk_of(sandbox, **{name: "0" * 24}).contacts.list_all_contacts()
        assert refusal.value.message == "Invalid token"


def test_a_new_card_gets_onto_a_plan_through_the_sdk(sdk: FortisapiClient) -> None:
    raw = V1TokensCcRequest(LOCATION_ID, account_number="5454545454545454", exp_date="0930", contact_id=ANA)
    card = sdk.tokens.create_a_new_credit_card_token(raw).data
    assert (card.account_type, card.last_four, card.active, card.account_number) == ("mc", "5454", True, None)
    plan = sdk.recurring.update_recurring_payment(ANAS_PLAN, V1RecurringsRequest1(token_id=card.id)).data
    assert plan.token_id == card.id
    assert sdk.tokens.view_single_token_record(card.id).data.has_recurring is True


def test_the_sdk_makes_holds_and_skips_a_plan(sdk: FortisapiClient) -> None:
    wanted = V1RecurringsRequest(1, "m", LOCATION_ID, "2031-01-31", 9_900, token_id=ANAS_CARD)
    plan = sdk.recurring.create_a_new_recurring_record(wanted).data
    assert (str(plan.next_run_date), plan.recurring_type_id) == ("2031-01-31", "o")
    skipped = sdk.recurring.skip_recurring_payment(plan.id, V1RecurringsSkipPaymentRequest(1)).data
    assert str(skipped.next_run_date) == "2031-02-28"
    assert sdk.recurring.place_on_hold_recurring_payment(BENS_PLAN).data.status == "on hold"
    assert sdk.recurring.activate_recurring_payment(BENS_PLAN).data.status == "active"


def test_the_sdk_sees_a_declined_run_and_tries_it_again(sandbox: Sandbox, sdk: FortisapiClient) -> None:
    sandbox.control({"decline": {"token_id": ANAS_CARD}, "now": "2026-12-01T12:00:00Z"})
    sandbox.control({"run_drafts": True})
    records = sdk.declined_recurring_transactions
    page = records.list_all_declined_recurring_transactions(expand=["recurring", "declined_transaction"])
    declined = next(each for each in page.list if each.recurring_id == ANAS_PLAN)
    related = declined.additional_properties  # the SDK has no names for these expands
    assert (declined.status, related["declined_transaction"]["reason_code_id"]) == ("unpaid", 1616)
    assert related["recurring"]["transaction_amount"] == 14_900
    paid = records.rerun_the_transaction(declined.id).data
    assert paid.status == "paid"
    assert sdk.transactions_read.get_transaction(paid.payment_transaction_id).data.recurring_id == ANAS_PLAN


def test_the_sdk_sells_refunds_and_sees_a_decline(sdk: FortisapiClient) -> None:
    sell = sdk.transactions_credit_card.cc_sale_tokenized
    paid = sell(V1TransactionsCcSaleTokenRequest(4_500, token_id=ANAS_CARD)).data
    back = sdk.transactions_updates.refund_transaction(
        paid.id, V1TransactionsRefundRequest(transaction_amount=500)
    ).data
    assert (paid.status_code, back.type_id, back.transaction_amount) == (101, 30, 500)
    declined = sell(V1TransactionsCcSaleTokenRequest(616, token_id=ANAS_CARD)).data
    assert (declined.status_code, declined.reason_code_id) == (301, 1616)
    debit = V1TransactionsAchDebitTokenRequest(2_000, token_id=BENS_BANK)
    assert sdk.transactions_ach.ach_debit_tokenized(debit).data.status_code == 131
