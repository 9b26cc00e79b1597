"""Tickets, intentions, what is made of a ticket, and paying a declined run (Fortis facts §6, §11, appendix A).

The body of a sale by ticket is not in the appendix: it is that of a sale by token with `ticket_id` in the token's
place (the SDK's model).
"""

from data.sandbox.fortis import requests
from data.sandbox.fortis.schemas import Shape, shape

TICKET_NEW: Shape = shape(r"""
exp_date*: str
account_number*: str len 4..19 /^[\d]+$/
account_holder_name: str? len 1..32
cvv: str? len 0..4
billing_address: {postal_code, street}
contact_id: str? ID
contact_api_id, location_id, location_api_id: str?
""")
TICKET: Shape = shape(r"""
account_holder_name: str? len 1..32
exp_date: str?
cvv: str? len 0..4
account_number: str? len 4..19 /^[\d]+$/
billing_address: {postal_code, street}
contact_id: str? ID
contact_api_id, location_id, location_api_id: str?
id: str ID
created_ts: int
created_user_id: str? ID
""")
TICKET_INTENTION: Shape = shape(r"""
location_id*: str ID
contact_id: str? ID
contact_api_id: str?
product_transaction_id: str? ID
message: str? len 0..120
""")
TRANSACTION_INTENTION: Shape = shape(r"""
action: enum sale/auth-only/avs-only/refund/tokenization?
digitalWalletsOnly: bool
methods: [{type, product_transaction_id}]
amount: int 1..999999999
tax_amount, extra_tax, secondary_amount: int?
location_id, contact_id: str? ID
save_account: bool?
save_account_title, title: str?
ach_sec_code: enum WEB/CCD/PPD/TEL?
bank_funded_only_override, allow_partial_authorization_override, auto_decline_cvv_override: bool?
auto_decline_street_override, auto_decline_zip_override: bool?
message: str? len 0..120
currency_code: str?
""")
TOKEN_OF_TICKET: Shape = {
    name: field
    for name, field in requests.TOKEN_CC_NEW.items()
    if name not in ("exp_date", "run_avs", "track_data", "ticket", "account_number") and name[:2] != "e_"
} | shape(r"""
ticket*: str len 1..36
account_number: str? len 4..19 /^[\d]+$/
""")
SALE_TICKET: Shape = {
    name: field
    for name, field in requests.SALE_TOKEN.items()
    if name not in ("account_vault_id", "token_id", "account_vault_api_id", "token_api_id")
} | shape(r"""
ticket_id*: str len 1..36
account_holder_name: str? len 1..32
""")
DECLINED_PAYMENT: Shape = shape(r"""
declined_recurring_transaction_id*: str ID
account_number*: str len 13..19
exp_date*: str len 0..4
transaction_amount*: int 0..999999999
account_holder_name: str?
description: str len 0..255
billing_address: {postal_code, street, city, state, phone, country}
tags: [str]?
replace_account_vault, save_account: bool
save_account_title: str? len 0..16
subtotal_amount, surcharge_amount: int? 0..999999999
""")
