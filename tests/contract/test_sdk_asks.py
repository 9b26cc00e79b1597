"""The processor's own SDK asks for money: quick invoices and paylinks. Where it cannot, the sandbox is wrong."""

import pytest
from fortisapi.exceptions.response_412_exception import Response412Exception
from fortisapi.fortisapi_client import FortisapiClient
from fortisapi.models.item_list import ItemList
from fortisapi.models.page import Page
from fortisapi.models.v_1_paylinks_request import V1PaylinksRequest
from fortisapi.models.v_1_paylinks_request_1 import V1PaylinksRequest1
from fortisapi.models.v_1_quick_invoices_request import V1QuickInvoicesRequest
from fortisapi.models.v_1_quick_invoices_request_1 import V1QuickInvoicesRequest1
from fortisapi.models.v_1_quick_invoices_transaction_request import V1QuickInvoicesTransactionRequest
from fortisapi.models.v_1_transactions_cc_sale_token_request import V1TransactionsCcSaleTokenRequest

from tests.sandbox.records import ANA, ANAS_CARD, CARD_ACCOUNT, LOCATION_ID
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
