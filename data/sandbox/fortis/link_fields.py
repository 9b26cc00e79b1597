"""Quick invoices and paylinks: what goes in and what is answered (Fortis facts, appendices A and B)."""

from data.sandbox.fortis.schemas import Shape, shape

_INVOICE_BODY = r"""
title: str len 0..64
due_date: date len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
item_list: [{name, amount}] 1..300 items
location_id, cc_product_transaction_id, ach_product_transaction_id: str? ID
allow_overpayment: bool
bank_funded_only_override: bool?
email: str? len 0..128
contact_id: str? ID
contact_api_id, quick_invoice_api_id: str? len 0..64
customer_id: str? ID
expire_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
allow_partial_pay, attach_files_to_email, send_email: bool
invoice_number: str? len 0..64
item_header, item_footer: str? len 0..250
amount_due: int?
notification_email: str? len 0..640
status_id, status_code: int? 0..1
note: str? len 0..200
notification_days_before_due_date, notification_days_after_due_date: int? 0..60
notification_on_due_date, send_text_to_pay: bool
files: [{file_name, content}] 0..4 items
remaining_balance: int? 0..999999999
single_payment_min_amount, single_payment_max_amount: int?
cell_phone: str? len 10..10 /^\d{10}$/
tags: [str]?
quick_invoice_c1, quick_invoice_c2, quick_invoice_c3: str? len 0..128
auto_reopen: bool
tax, extra_tax: int?
"""
_PAYLINK_BODY = r"""
amount_due: int 1..999999999
location_id, cc_product_transaction_id, ach_product_transaction_id, contact_id: str? ID
email: str? len 0..128
location_api_id, contact_api_id: str?
paylink_api_id: str? len 0..64
expire_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
display_product_transaction_receipt_details, display_billing_fields: bool
delivery_method: enum 0/1/2/3?
cell_phone: str? len 10..10 /^\d{1,10}$/
description: str? len 0..64
store_token: bool
store_token_title: str? len 0..16
paylink_action: enum sale/auth-only?
bank_funded_only_override: bool
tags: [str]?
redirect_url_delay: float? ..15
redirect_url_on_approve, redirect_url_on_decline: str?
currency_code: enum(42)
extra_tax, tax, subtotal_amount: int?
"""


def _needing(allowed: Shape, *names: str) -> Shape:
    return allowed | shape("\n".join(f"{name}*: {_RULES[name]}" for name in names))


def _without(allowed: Shape, *names: str) -> Shape:
    return {name: field for name, field in allowed.items() if name not in names}


_RULES = dict(line.split(": ", 1) for line in (_INVOICE_BODY + _PAYLINK_BODY).strip().splitlines() if line)

INVOICE_CHANGE: Shape = shape(_INVOICE_BODY)
INVOICE_NEW: Shape = _needing(INVOICE_CHANGE, "title", "due_date", "item_list")
INVOICE_TRANSACTION: Shape = shape("transaction_id*: str ID")
PAYLINK_CHANGE: Shape = shape(_PAYLINK_BODY)
PAYLINK_NEW: Shape = _needing(PAYLINK_CHANGE, "amount_due")

_MADE = r"""
id: str ID
created_ts, modified_ts: int
created_user_id, modified_user_id: str? ID
active: bool
"""
QUICK_INVOICE: Shape = _without(INVOICE_CHANGE, "files", "tags") | shape(
    _MADE
    + r"""amount_due, remaining_balance: float?
status_id, status_code: enum 0/1?
payment_status_id: int? 1..3
is_active: bool
"""
)
PAYLINK: Shape = _without(PAYLINK_CHANGE, "tags") | shape(
    _MADE
    + r"""status_id: bool
status_code: enum 0/1?
"""
)
_INVOICE_EXPANDS = """
quick_invoice_setting tags quick_invoice_views all_tags location created_user modified_user changelogs contact
log_emails log_sms transactions transactions.surcharge cc_product_transaction ach_product_transaction
email_blacklist sms_blacklist files payment_url
"""
_PAYLINK_EXPANDS = """
tags all_tags location created_user modified_user changelogs contact log_emails log_sms transactions
cc_product_transaction ach_product_transaction email_blacklist sms_blacklist payment_url
"""
INVOICE_EXPANDS = tuple(_INVOICE_EXPANDS.split())
PAYLINK_EXPANDS = tuple(_PAYLINK_EXPANDS.split())
