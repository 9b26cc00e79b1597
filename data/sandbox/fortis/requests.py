"""What the processor accepts in a request body (Fortis facts, appendix A), in that document's notation.

One line holds the fields that share a rule; `*` marks a required field; `?` lets null through.
"""

from data.sandbox.fortis.schemas import Shape, shape

CONTACT_NEW: Shape = shape(r"""
location_id*: str ID
last_name*: str len 0..64
account_number: str? len 0..32
contact_api_id: str? len 0..64 /^[a-zA-Z0-9]*$/
first_name: str? len 0..64
cell_phone: str? len 10..10 /^\d{10}$/
balance: float? -99999999.99..99999999.99
address: {city, state, postal_code, country, street}
company_name: str? len 0..64
header_message: str? len 0..250
date_of_birth: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
email_trx_receipt: bool
home_phone, office_phone: str? len 10..10 /^\d{10}$/
office_phone_ext: str? len 0..10 /^\d{1,10}$/
home_phone_country_code, office_phone_country_code: str? len 0..6 /^\+([\d]+)$/
cell_phone_country_code: str? len 0..6 /^\+([\d]+)$/
header_message_type: int? 0..4
update_if_exists: enum 1?
contact_c1, contact_c2, contact_c3: str? len 0..128
parent_id: str? ID
email: str? len 0..64
token_import_id: str? ID
""")

CONTACT_CHANGE: Shape = shape(r"""
location_id: str? ID
account_number: str? len 0..32
contact_api_id: str? len 0..64 /^[a-zA-Z0-9]*$/
first_name, last_name: str? len 0..64
cell_phone: str? len 10..10 /^\d{10}$/
balance: float? -99999999.99..99999999.99
address: {city, state, postal_code, country, street}
company_name: str? len 0..64
header_message: str? len 0..250
date_of_birth: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
email_trx_receipt: bool
home_phone, office_phone: str? len 10..10 /^\d{10}$/
office_phone_ext: str? len 0..10 /^\d{1,10}$/
home_phone_country_code, office_phone_country_code: str? len 0..6 /^\+([\d]+)$/
cell_phone_country_code: str? len 0..6 /^\+([\d]+)$/
header_message_type: int? 0..4
update_if_exists: enum 1?
contact_c1, contact_c2, contact_c3: str? len 0..128
parent_id: str? ID
email: str? len 0..64
token_import_id: str? ID
""")

TOKEN_CC_NEW: Shape = shape(r"""
location_id*: str ID
account_holder_name: str? len 1..32
account_number: str?
account_vault_api_id, token_api_id: str? len 1..64
accountvault_c1, accountvault_c2, accountvault_c3: str? len 1..128
token_c1, token_c2, token_c3: str? len 1..128
ach_sec_code: enum WEB/CCD/PPD/C21/POP/TEL?
billing_address: {postal_code, street, city, state, phone, country}
contact_id: str? ID
customer_id: str? len 1..50
identity_verification: {dl_state, dl_number, ssn4, dob_year}
previous_account_vault_api_id, previous_token_api_id: str? len 0..64
previous_account_vault_id, previous_token_id, previous_transaction_id: str? ID
terms_agree: bool
terms_agree_ip: str?
title: str? len 1..16
token_import_id: str? ID
secure_directory_server_transaction_id: str?
secure_protocol_version: int?
secure_auth_data: str?
secure_collection_indicator: int?
three_ds_server_trans_id: str?
acs_transaction_id: str? len 0..36
exp_date: str? /^(0[1-9]|1[0-2])[0-9]{2}$/
e_serial_number: str? len 0..36 /^[a-zA-Z0-9]*$/
e_track_data, e_format, e_keyed_data: str?
run_avs: bool
track_data: str? len 0..256
ticket: str? len 0..36
""")

TOKEN_CC_CHANGE: Shape = shape(r"""
account_holder_name: str? len 1..32
account_vault_api_id, token_api_id: str? len 1..64
accountvault_c1, accountvault_c2, accountvault_c3: str? len 1..128
token_c1, token_c2, token_c3: str? len 1..128
ach_sec_code: enum WEB/CCD/PPD/C21/POP/TEL?
billing_address: {postal_code, street, city, state, phone, country}
contact_id: str? ID
customer_id: str? len 1..50
identity_verification: {dl_state, dl_number, ssn4, dob_year}
location_id: str? ID
previous_account_vault_api_id, previous_token_api_id: str? len 0..64
previous_account_vault_id, previous_token_id, previous_transaction_id: str? ID
account_number: str? len 4..19 /^[\d]+$/
terms_agree: bool
terms_agree_ip: str?
title: str? len 1..16
token_import_id: str? ID
secure_directory_server_transaction_id: str?
secure_protocol_version: int?
secure_auth_data: str?
secure_collection_indicator: int?
three_ds_server_trans_id: str?
acs_transaction_id: str? len 0..36
exp_date: str? /^(0[1-9]|1[0-2])[0-9]{2}$/
""")

TOKEN_ACH_NEW: Shape = shape(r"""
location_id*: str ID
account_holder_name: str? len 1..32
account_number: str? len 4..19
account_vault_api_id, token_api_id: str? len 1..64
accountvault_c1, accountvault_c2, accountvault_c3: str? len 1..128
token_c1, token_c2, token_c3: str? len 1..128
ach_sec_code: enum WEB/CCD/PPD/C21/POP/TEL?
billing_address: {postal_code, street, city, state, phone, country}
contact_id: str? ID
customer_id: str? len 1..50
identity_verification: {dl_state, dl_number, ssn4, dob_year}
previous_account_vault_api_id, previous_token_api_id: str? len 0..64
previous_account_vault_id, previous_token_id, previous_transaction_id: str? ID
terms_agree: bool
terms_agree_ip: str?
title: str? len 1..16
token_import_id: str? ID
secure_directory_server_transaction_id: str?
secure_protocol_version: int?
secure_auth_data: str?
secure_collection_indicator: int?
three_ds_server_trans_id: str?
acs_transaction_id: str? len 0..36
account_type: enum savings/checking?
is_company: bool
routing_number: str?
""")

RECURRING_NEW: Shape = shape(r"""
interval*: int 0..365
interval_type*: enum d/w/m
location_id*: str ID
start_date*: date len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
transaction_amount*: int
account_vault_id, token_id: str ID
contact_id: str? ID
account_vault_api_id, token_api_id: str? len 0..64
active: bool
description: str? len 0..36
end_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
installment_total_count: int? 1..999
notification_days: int? 0..365
payment_method: enum cc/ach?
product_transaction_id, recurring_id: str? ID
recurring_api_id: str? len 0..64
status: enum active/on hold/ended?
terms_agree: bool
terms_agree_ip: str?
recurring_c1, recurring_c2, recurring_c3: str? len 0..128
send_to_proc_as_recur: bool
tags: [str]?
secondary_amount: int?
bill_payment: bool
""")

RECURRING_CHANGE: Shape = shape(r"""
next_run_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
account_vault_id, token_id: str? ID
active: bool
description: str? len 0..36
end_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
installment_total_count: int? 1..999
interval: int? 0..365
interval_type: enum d/w/m?
location_id: str? ID
notification_days: int? 0..365
payment_method: enum cc/ach?
product_transaction_id, recurring_id: str? ID
recurring_api_id: str? len 0..64
start_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
status: enum active/on hold/ended?
transaction_amount: int?
terms_agree: bool
terms_agree_ip: str?
recurring_c1, recurring_c2, recurring_c3: str? len 0..128
send_to_proc_as_recur: bool
tags: [str]?
secondary_amount: int?
contact_id: str? ID
bill_payment: bool
""")

SKIP: Shape = shape(r"""
skip_count*: int 1..99
""")

DEFER: Shape = shape(r"""
defer_count*: int 1..99
""")

CARD_ONLY = frozenset(
    {"wallet_type", "voucher_number", "bill_payment", "delay_charge", "mini_bar", "terminal_serial_number"}
    | {"clerk_id", "deferred_auth", "extra_tax", "initiation_type", "cvv"}
)

SALE_TOKEN: Shape = shape(r"""
transaction_amount*: int 1..999999999
additional_amounts: [{type, amount, account_type, currency}]
billing_address: {city, state, postal_code, street, phone, country}
checkin_date, checkout_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
clerk_number: str? len 0..16
contact_api_id: str? len 0..36
contact_id: str? ID
custom_data: any
customer_id: str? len 0..64
description: str? len 1..64
identity_verification: {dl_state, dl_number, dob_year}
iias_ind: enum 0/1/2?
image_front, image_back: str?
installment: bool
installment_number, installment_count: int? 1..999
recurring_flag: enum yes/no/installment?
installment_counter, installment_total: int? 1..999
subscription, standing_order: bool
location_api_id: str? len 0..36
location_id, product_transaction_id: str? ID
advance_deposit, no_show: bool
notification_email_address: str?
order_number: str? len 0..32
po_number: str? len 0..64
quick_invoice_id: str? ID
recurring: bool
recurring_number: int? 1..999
room_num: str? len 0..12
room_rate: int?
save_account: bool
save_account_title: str? len 0..16
subtotal_amount, surcharge_amount: int? 0..999999999
tags: [str]?
tax, tip_amount, secondary_amount: int? 0..999999999
transaction_api_id: str? len 0..64
transaction_c1, transaction_c2, transaction_c3: str? len 0..128
bank_funded_only_override, allow_partial_authorization_override, auto_decline_cvv_override: bool
auto_decline_street_override, auto_decline_zip_override: bool
ebt_type: enum cash_benefit/food_stamp?
currency_code: enum(42)
cardholder_present, card_present: bool
secure_auth_data: str?
secure_protocol_version, secure_collection_indicator: int?
secure_cryptogram, secure_directory_server_transaction_id, secure_ecomm_url: str?
terminal_serial_number: str? len 0..36 /^[a-zA-Z0-9]*$/
threedsecure: bool
three_ds_server_trans_id: str?
wallet_type: enum 000/101/103/216/217/327?
clerk_id, voucher_number: str?
initiation_type: enum C101/C102/C103/C104/M101/M102/M103/M104/M205/M206/M207/M208?
bill_payment, delay_charge, deferred_auth, mini_bar: bool
ebt_food_eligible_amount, ebt_cash_eligible_amount: int? 0..999999999
extra_tax: int?
account_vault_id, token_id: str ID
account_vault_api_id, token_api_id: str len 0..36
cvv: str? len 0..4
""")

# The same but for a bank account: no card-present fields, and who is debited how (SEC code).
DEBIT_TOKEN: Shape = shape(r"""
effective_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
account_holder_name: str? len 1..32
ach_sec_code: enum CCD/PPD/TEL/WEB/POP/C21?
ach_identifier: str? len 1..1
""") | {
    name: field
    for name, field in SALE_TOKEN.items()
    if not name.startswith(("card", "secure_", "ebt_f", "ebt_c", "three")) and name not in CARD_ONLY
}

REFUND: Shape = shape(r"""
additional_amounts: [{type, amount, account_type, currency}]
billing_address: {city, state, postal_code, street, phone, country}
checkin_date, checkout_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
clerk_number: str? len 0..16
contact_api_id: str? len 0..36
contact_id: str? ID
custom_data: any
customer_id: str? len 0..64
description: str? len 1..64
identity_verification: {dl_state, dl_number, dob_year}
iias_ind: enum 0/1/2?
image_front, image_back: str?
installment: bool
installment_number, installment_count: int? 1..999
recurring_flag: enum yes/no/installment?
installment_counter, installment_total: int? 1..999
subscription, standing_order: bool
location_api_id: str? len 0..36
location_id, product_transaction_id: str? ID
advance_deposit, no_show: bool
notification_email_address: str?
order_number: str? len 0..32
po_number: str? len 0..64
quick_invoice_id: str? ID
recurring: bool
recurring_number: int? 1..999
room_num: str? len 0..12
room_rate: int?
save_account: bool
save_account_title: str? len 0..16
subtotal_amount, surcharge_amount: int? 0..999999999
tags: [str]?
tax, tip_amount: int? 0..999999999
transaction_amount: int? 1..999999999
secondary_amount: int? 0..999999999
transaction_api_id: str? len 0..64
transaction_c1, transaction_c2, transaction_c3: str? len 0..128
bank_funded_only_override, allow_partial_authorization_override, auto_decline_cvv_override: bool
auto_decline_street_override, auto_decline_zip_override: bool
ebt_type: enum cash_benefit/food_stamp?
currency_code: enum(42)
""")

VOID: Shape = shape(r"""
tags: [str]?
description: str? len 1..64
""")
