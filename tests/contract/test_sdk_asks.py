"""The processor's own SDK asks for money and for cards, and to be told. Where it cannot, the sandbox is wrong."""

import pytest
from fortisapi.exceptions.response_412_exception import Response412Exception
from fortisapi.fortisapi_client import FortisapiClient
from fortisapi.models.item_list import ItemList
from fortisapi.models.page import Page
from fortisapi.models.v_1_declined_recurring_transaction_payments_request import (
    V1DeclinedRecurringTransactionPaymentsRequest,
)
from fortisapi.models.v_1_elements_ticket_intention_request import V1ElementsTicketIntentionRequest
from fortisapi.models.v_1_elements_transaction_intention_request import V1ElementsTransactionIntentionRequest
from fortisapi.models.v_1_paylinks_request import V1PaylinksRequest
from fortisapi.models.v_1_paylinks_request_1 import V1PaylinksRequest1
from fortisapi.models.v_1_quick_invoices_request import V1QuickInvoicesRequest
from fortisapi.models.v_1_quick_invoices_request_1 import V1QuickInvoicesRequest1
from fortisapi.models.v_1_quick_invoices_transaction_request import V1QuickInvoicesTransactionRequest
from fortisapi.models.v_1_recurrings_request_1 import V1RecurringsRequest1
from fortisapi.models.v_1_tickets_request import V1TicketsRequest
from fortisapi.models.v_1_tokens_ticket_request import V1TokensTicketRequest
from fortisapi.models.v_1_transactions_cc_sale_ticket_request import V1TransactionsCcSaleTicketRequest
from fortisapi.models.v_1_transactions_cc_sale_token_request import V1TransactionsCcSaleTokenRequest
from fortisapi.models.v_1_webhooks_batch_request import V1WebhooksBatchRequest
from fortisapi.models.v_1_webhooks_contact_request import V1WebhooksContactRequest
from fortisapi.models.v_1_webhooks_transaction_request import V1WebhooksTransactionRequest
from fortisapi.models.v_1_webhooks_transaction_request_1 import V1WebhooksTransactionRequest1

from tests.sandbox.records import ANA, ANAS_CARD, ANAS_PLAN, CARD_ACCOUNT, LOCATION_ID
from tests.sandbox.running import Sandbox

WHO = {"location_id": LOCATION_ID, "cc_product_transaction_id": CARD_ACCOUNT, "contact_id": ANA}


def an_invoice(**also: object) -> V1QuickInvoicesRequest:
    items = [ItemList("Adjustment", 6_500), ItemList("Tape", 1_250)]
    return V1QuickInvoicesRequest("Visit", "2026-12-05", items, **WHO, **also)


def test_the_sdk_creates_reads_lists_and_resends_a_quick_invoice(sdk: FortisapiClient) -> None:
    wanted = an_invoice(quick_invoice_api_id="inv-1", email="ana@example.com")
    made = sdk.quick_invoices.create_a_new_quick_invoice(wanted).data
    assert (made.amount_due, made.status_code, made.payment_status_id) == (7_750, 1, 1)
    read = sdk.quick_invoices.view_single_quick_invoice_record(
        made.id, expand=["payment_url", "contact"]
    ).data
    assert "/pay/invoice/" in read.payment_url
    assert (read.contact.first_name, [item.amount for item in read.item_list]) == ("Ana", [6_500, 1_250])
    listed = sdk.quick_invoices.list_all_quick_invoices_related(page=Page(number=1, size=50))
    assert [each.id for each in listed.list] == [made.id]
    sent = sdk.quick_invoices.resend(made.id).data
    assert (sent.success, sent.sms_success, sent.email) == (True, False, "ana@example.com")
    with pytest.raises(Response412Exception):
        sdk.quick_invoices.create_a_new_quick_invoice(wanted)


def test_the_sdk_attaches_detaches_closes_reopens_and_deletes(sdk: FortisapiClient) -> None:
    invoices = sdk.quick_invoices
    made = invoices.create_a_new_quick_invoice(an_invoice(auto_reopen=True)).data
    sale = V1TransactionsCcSaleTokenRequest(7_750, token_id=ANAS_CARD)
    payment = V1QuickInvoicesTransactionRequest(sdk.transactions_credit_card.cc_sale_tokenized(sale).data.id)
    assert invoices.associate_transaction_with_ouick_invoice(made.id, payment).data.payment_status_id == 2
    invoices.remove_transaction_from_quick_invoice(made.id, payment)
    assert invoices.view_single_quick_invoice_record(made.id).data.remaining_balance == 7_750
    closed = invoices.update_quick_invoice(made.id, V1QuickInvoicesRequest1(status_code=0)).data
    assert (closed.status_code, invoices.reopen_quick_invoice(made.id).data.status_code) == (0, 1)
    invoices.delete_quick_invoice(made.id)
    assert sdk.quick_invoices.list_all_quick_invoices_related().list == []


def test_the_sdk_creates_reads_lists_changes_and_resends_a_paylink(
    sandbox: Sandbox, sdk: FortisapiClient
) -> None:
    wanted = V1PaylinksRequest(14_900, delivery_method=2, cell_phone="6145550101", store_token=True, **WHO)
    made = sdk.paylinks.create_a_new_paylink(wanted).data
    read = sdk.paylinks.view_single_paylink(made.id, expand=["payment_url"]).data
    assert (read.amount_due, read.status_code, read.store_token) == (14_900, 0, True)
    assert "/pay/paylink/" in read.additional_properties["payment_url"]
    assert [each.id for each in sdk.paylinks.list_all_paylinks().list] == [made.id]
    assert sdk.paylinks.update_paylink(made.id, V1PaylinksRequest1(amount_due=9_900)).data.amount_due == 9_900
    assert sdk.paylinks.resend_paylink(made.id).data.id == made.id
    sdk.paylinks.delete_paylink(made.id)
    assert sdk.paylinks.list_all_paylinks().list == []


def test_the_sdk_opens_the_card_frame_and_keeps_the_card_of_its_ticket(
    sandbox: Sandbox, sdk: FortisapiClient
) -> None:
    wanted = V1ElementsTicketIntentionRequest(LOCATION_ID, contact_id=ANA)
    client_token = sdk.elements.ticket_intention(wanted).data.client_token
    typed = {"client_token": client_token, "number": "4242424242424242", "expiry": "09/30"}
    told = sandbox.client.post(f"{sandbox.base_url}/js/frame/card", json=typed).json()
    seen = sdk.tickets.view_single_ticket_record(told["data"]["id"]).data
    assert (seen.exp_date, hasattr(seen, "account_number"), seen.contact_id) == ("0930", False, ANA)
    card = sdk.tokens.create_a_new_ticket_token(
        V1TokensTicketRequest(LOCATION_ID, seen.id, contact_id=ANA, title="By link")
    ).data
    assert (card.last_four, card.active, card.title) == ("4242", True, "By link")
    plan = sdk.recurring.update_recurring_payment(ANAS_PLAN, V1RecurringsRequest1(token_id=card.id)).data
    assert plan.token_id == card.id
    sdk.tokens.delete_a_single_token_record(ANAS_CARD)
    assert ANAS_CARD not in [each.id for each in sdk.tokens.list_all_tokens_related(page=Page(1, 50)).list]


def test_the_sdk_sells_by_a_ticket_of_its_own(sdk: FortisapiClient) -> None:
    body = V1TicketsRequest("0930", "4111111111111111", contact_id=ANA, location_id=LOCATION_ID)
    ticket = sdk.tickets.create_a_ticket_record(body).data
    assert ticket.id in [each.id for each in sdk.tickets.list_all_tickets_related().list]
    sale = V1TransactionsCcSaleTicketRequest(4_500, ticket.id)
    assert sdk.transactions_credit_card.cc_sale_ticket(sale).data.status_code == 101
    with pytest.raises(Response412Exception):
        sdk.transactions_credit_card.cc_sale_ticket(sale)


def test_the_sdk_asks_for_the_frame_that_charges(sdk: FortisapiClient) -> None:
    wanted = V1ElementsTransactionIntentionRequest(action="sale", amount=1_099, location_id=LOCATION_ID)
    told = sdk.elements.transaction_intention(wanted).data
    assert (told.amount, told.client_token.count(".")) == (1_099, 2)


def test_the_sdk_sends_the_payer_of_a_declined_run_a_mail_and_pays_it(
    sandbox: Sandbox, sdk: FortisapiClient
) -> None:
    sandbox.control({"decline": {"token_id": ANAS_CARD}, "now": "2026-12-01T12:00:00Z"})
    sandbox.control({"run_drafts": True})
    records = sdk.declined_recurring_transactions
    rows = records.list_all_declined_recurring_transactions().list
    declined = next(each for each in rows if each.recurring_id == ANAS_PLAN)
    sent = records.resend_the_transaction(declined.id).data
    assert (sent.success, sent.email) == (True, "ana@example.com")
    payment = V1DeclinedRecurringTransactionPaymentsRequest(
        declined.id, "5454545454545454", "0930", 14_900, replace_account_vault=True
    )
    paid = records.create_a_payment(payment).data
    assert (paid.status_id, paid.transaction_amount) == (101, 14_900)
    plan = sdk.recurring.view_single_recurring_record(ANAS_PLAN).data
    assert sdk.tokens.view_single_token_record(plan.token_id).data.last_four == "5454"


def test_the_sdk_says_where_to_report_to(sdk: FortisapiClient) -> None:
    every = {"is_active": True, "on_create": True, "on_update": True, "on_delete": False}
    url = {"number_of_attempts": 3, "url": "http://127.0.0.1:9/webhooks/fortis"}
    of_account = {**every, **url, "location_id": LOCATION_ID, "product_transaction_id": CARD_ACCOUNT}
    hooks = sdk.webhooks
    payments = hooks.create_a_new_transaction_postback_config(V1WebhooksTransactionRequest(**of_account)).data
    batches = hooks.create_a_new_transaction_batch_postback_config(V1WebhooksBatchRequest(**of_account)).data
    people = V1WebhooksContactRequest(**every, **url, location_id=LOCATION_ID, basic_auth_password="secret")
    contacts = hooks.create_a_new_contact_postback_config(people).data
    told = [payments.resource, batches.resource, contacts.resource]
    assert told == ["transaction", "transactionbatch", "contact"]
    changed = hooks.update_transaction_postback_config(
        payments.id, V1WebhooksTransactionRequest1(is_active=False)
    ).data
    assert changed.is_active is False
    hooks.delete_a_postback_config(payments.id)
