"""The sandbox's field tables against the SDK's own models: the same names go in and come out."""

import importlib
import re

import pytest

from data.sandbox.fortis import link_fields, records, requests, ticket_fields, webhooks
from data.sandbox.fortis.schemas import Shape

NOT_STORED = {"_joi", "tags", "recurring", "identity_verification", "debtRepayment", "debt_repayment"}
BY_EXPAND = {*link_fields.INVOICE_EXPANDS, "basic_auth_username", "basic_auth_password", "postback_logs"}

ANSWERS = [
    (records.CONTACT, "contact_1", "Contact1"),
    (records.RECURRING, "recurring_3", "Recurring3"),
    (records.TRANSACTION, "transaction", "Transaction"),
    (link_fields.QUICK_INVOICE, "data_20", "Data20"),
    (link_fields.PAYLINK, "data_17", "Data17"),
    (ticket_fields.TICKET, "data_26", "Data26"),
    (webhooks.WEBHOOK, "data_36", "Data36"),
]
BODIES = [
    (requests.CONTACT_NEW, "v_1_contacts_request", "V1ContactsRequest"),
    (requests.CONTACT_CHANGE, "v_1_contacts_request_1", "V1ContactsRequest1"),
    (requests.TOKEN_CC_NEW, "v_1_tokens_cc_request", "V1TokensCcRequest"),
    (requests.TOKEN_CC_CHANGE, "v_1_tokens_cc_request_1", "V1TokensCcRequest1"),
    (requests.TOKEN_ACH_NEW, "v_1_tokens_ach_request", "V1TokensAchRequest"),
    (requests.RECURRING_NEW, "v_1_recurrings_request", "V1RecurringsRequest"),
    (requests.RECURRING_CHANGE, "v_1_recurrings_request_1", "V1RecurringsRequest1"),
    (requests.SALE_TOKEN, "v_1_transactions_cc_sale_token_request", "V1TransactionsCcSaleTokenRequest"),
    (requests.DEBIT_TOKEN, "v_1_transactions_ach_debit_token_request", "V1TransactionsAchDebitTokenRequest"),
    (requests.REFUND, "v_1_transactions_refund_request", "V1TransactionsRefundRequest"),
    (link_fields.INVOICE_NEW, "v_1_quick_invoices_request", "V1QuickInvoicesRequest"),
    (link_fields.INVOICE_CHANGE, "v_1_quick_invoices_request_1", "V1QuickInvoicesRequest1"),
    (link_fields.PAYLINK_NEW, "v_1_paylinks_request", "V1PaylinksRequest"),
    (link_fields.PAYLINK_CHANGE, "v_1_paylinks_request_1", "V1PaylinksRequest1"),
    (ticket_fields.TICKET_NEW, "v_1_tickets_request", "V1TicketsRequest"),
    (ticket_fields.TOKEN_OF_TICKET, "v_1_tokens_ticket_request", "V1TokensTicketRequest"),
    (
        ticket_fields.SALE_TICKET,
        "v_1_transactions_cc_sale_ticket_request",
        "V1TransactionsCcSaleTicketRequest",
    ),
    (
        ticket_fields.TICKET_INTENTION,
        "v_1_elements_ticket_intention_request",
        "V1ElementsTicketIntentionRequest",
    ),
    (
        ticket_fields.TRANSACTION_INTENTION,
        "v_1_elements_transaction_intention_request",
        "V1ElementsTransactionIntentionRequest",
    ),
    (
        ticket_fields.DECLINED_PAYMENT,
        "v_1_declined_recurring_transaction_payments_request",
        "V1DeclinedRecurringTransactionPaymentsRequest",
    ),
    (webhooks.CONTACT_WEBHOOK, "v_1_webhooks_contact_request", "V1WebhooksContactRequest"),
    (webhooks.ACCOUNT_WEBHOOK, "v_1_webhooks_transaction_request", "V1WebhooksTransactionRequest"),
    (webhooks.WEBHOOK_CHANGE, "v_1_webhooks_batch_request_1", "V1WebhooksBatchRequest1"),
    (requests.VOID, "v_1_transactions_void_request", "V1TransactionsVoidRequest"),
]


def _sdk_names(module: str, name: str) -> set[str]:
    model = getattr(importlib.import_module(f"fortisapi.models.{module}"), name)
    return set(model._names.values())


@pytest.mark.parametrize(("shape", "module", "name"), ANSWERS)
def test_answers_carry_every_field_the_sdk_reads(shape: Shape, module: str, name: str) -> None:
    missing = _sdk_names(module, name) - set(shape) - NOT_STORED - (BY_EXPAND - set(records.TRANSACTION))
    assert not missing


@pytest.mark.parametrize(("shape", "module", "name"), BODIES)
def test_bodies_may_carry_every_field_the_sdk_writes(shape: Shape, module: str, name: str) -> None:
    expected = {wire for wire in _sdk_names(module, name) if not wire.startswith("_")}
    assert set(shape) == expected


def test_the_reason_codes_the_sandbox_declines_with_are_the_processors() -> None:
    from fortisapi.models.reason_code_id_1_enum import ReasonCodeId1Enum

    from data.sandbox.fortis.charges import REASONS

    known = {value for name, value in vars(ReasonCodeId1Enum).items() if re.match(r"ENUM_", name)}
    assert {str(code) for code in REASONS if code < 2000} <= {str(code) for code in known}
