"""What the processor answers (Fortis facts, appendix B), in that document's notation; null when unknown."""

from data.sandbox.fortis.schemas import Shape, shape

CONTACT: Shape = shape(r"""
location_id: str ID
account_number: str? len 0..32
contact_api_id: str? len 0..64 /^[a-zA-Z0-9]*$/
first_name: str? len 0..64
last_name: str len 0..64
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
header_message_type: int 0..4
update_if_exists: enum 1?
contact_c1, contact_c2, contact_c3: str? len 0..128
parent_id: str? ID
email: str? len 0..64
token_import_id: str? ID
id: str ID
created_ts, modified_ts: int
active: bool
created_user_id: str? ID
""")

TOKEN: Shape = shape(r"""
account_holder_name: str? len 1..32
account_vault_api_id, token_api_id: str? len 1..64
accountvault_c1, accountvault_c2, accountvault_c3: str? len 1..128
token_c1, token_c2, token_c3: str? len 1..128
ach_sec_code: enum WEB/CCD/PPD/C21/POP/TEL?
billing_address: {postal_code, street, city, state, phone, country}
contact_id: str? ID
customer_id: str? len 1..50
identity_verification: {dl_state, dl_number, ssn4, dob_year}
location_id: str ID
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
id: str ID
account_type: str len 1..32
active: bool
cau_summary_status_id: enum 0/1/2/3
created_ts: int
e_serial_number: str? len 0..36 /^[a-zA-Z0-9]*$/
e_track_data, e_format, e_keyed_data: str?
expiring_in_months: int?
exp_date: str? len 0..4
first_six: str len 0..6
has_recurring: bool
last_four: str len 0..4
modified_ts: int
payment_method: enum cc/ach
ticket: str? len 0..36
track_data: str? len 0..256
created_user_id: str? ID
cau_last_updated_ts: int?
card_bin, routing_number: str?
""")

RECURRING: Shape = shape(r"""
account_vault_id, token_id: str ID
contact_id: str? ID
account_vault_api_id, token_api_id: str? len 0..64
active: bool
description: str? len 0..36
end_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
installment_total_count: int? 1..999
interval: int 0..365
interval_type: enum d/w/m
location_id: str ID
notification_days: int? 0..365
payment_method: enum cc/ach
product_transaction_id, recurring_id: str? ID
recurring_api_id: str? len 0..64
start_date: date len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
status: enum active/on hold/ended
transaction_amount: int
terms_agree: bool
terms_agree_ip: str?
recurring_c1, recurring_c2, recurring_c3: str? len 0..128
send_to_proc_as_recur: bool
secondary_amount: int?
bill_payment: bool
currency: str
id: str ID
next_run_date: date len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
created_ts, modified_ts: int
recurring_type_id: enum o/i
installment_amount_total: int?
created_user_id: str ID
""")

DECLINED_RECURRING: Shape = shape(r"""
id: str ID
declined_transaction_id, payment_transaction_id: str?
status: enum paid/unpaid
recurring_id: str? ID
created_ts: int?
created_user_id: str? ID
modified_ts: int?
modified_user_id: str? ID
""")

TRANSACTION: Shape = shape(r"""
additional_amounts: [{type, amount, account_type, currency}]
billing_address: {city, state, postal_code, street, phone, country}
checkin_date, checkout_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
clerk_number: str? len 0..16
contact_api_id: str? len 0..36
contact_id: str? ID
custom_data: any
customer_id: str? len 0..64
description: str? len 1..64
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
recurring_number: int? 1..999
room_num: str? len 0..12
room_rate: int?
save_account: bool
save_account_title: str? len 0..16
subtotal_amount, surcharge_amount, tax, tip_amount, transaction_amount: int? 0..999999999
secondary_amount: int? 0..999999999
transaction_api_id: str? len 0..64
transaction_c1, transaction_c2, transaction_c3: str? len 0..128
bank_funded_only_override, allow_partial_authorization_override, auto_decline_cvv_override: bool
auto_decline_street_override, auto_decline_zip_override: bool
ebt_type: enum cash_benefit/food_stamp?
currency_code: enum(42)
id: str ID
created_ts, modified_ts: int
terminal_id: str? ID
account_holder_name: str? len 0..32
account_type: str? len 1..32
token_api_id: str? len 0..36
token_id: str? ID
ach_identifier: str? len 1..1
ach_sec_code: enum CCD/PPD/TEL/WEB/POP/C21?
auth_amount: int? ..999999999
auth_code: str? len 6..6
avs: enum BAD/ZIP/STREET/GOOD/UNKNOWN?
avs_enhanced: str? len 1..
cardholder_present, card_present: bool
check_number: str? len 1..15
customer_ip: str?
cvv_response: str? len 1..1
entry_mode_id: enum B/S/K/C/P/F?
emv_receipt_data: {AID, APPLAB, APPN, CVM, TSI, TVR}?
first_six: str? len 6..6
last_four: str? len 4..4
payment_method: enum cc/ach/apm
terminal_serial_number: str? len 0..36 /^[a-zA-Z0-9]*$/
transaction_settlement_status: str? len 0..32
charge_back_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
is_recurring, notification_email_sent: bool
par: str? len 0..36
reason_code_id: enum(179)?
recurring_id: str? ID
settle_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
status_code: enum 101/102/111/121/131/132/133/134/191/201/301/331?
transaction_batch_id: str? ID
type_id: enum 20/21/22/30/40/50?
verbiage, voucher_number: str?
void_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
batch: str?
terms_agree: bool
response_message: str? len 0..255
return_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
trx_source_id: enum 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18?
routing_number: str?
trx_source_code: enum 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18?
paylink_id: str? ID
is_accountvault: bool
created_user_id: str? ID
modified_user_id: str ID
transaction_code: str?
effective_date: date? len 0..10 /^[\d]{4}-[\d]{2}-[\d]{2}$/
notification_phone, cavv_result: str?
is_token: bool
account_vault_id: str? ID
hosted_payment_page_id: str ID
stan, currency, card_bin, wallet_type: str?
""")

LOCATION: Shape = shape(r"""
id: str ID
created_ts, modified_ts: int
account_number: str? len 0..32 /^[a-zA-Z0-9\-_]+$/
address: {city, state, postal_code, country, street, street2}
branding_domain_id: str? ID
contact_email_trx_receipt_default: bool
default_ach, default_cc: str? len 24..36
email_reply_to: str? len 0..64
fax: str? len 10..10 /^\d{10}$/
location_api_id, location_api_key: str? len 0..36
location_c1, location_c2, location_c3: str? len 0..128
name: str len 1..64
office_phone: str? len 10..10
office_ext_phone: str? len 0..10
tz: str? len 0..30
parent_id: str ID
show_contact_notes, show_contact_files: bool
created_user_id: str? ID
location_type: enum hierarchy/agent/merchant?
parent_name: str?
ticket_hash_key: str? len 0..36
""")

# A merchant account. It has no endpoint of its own: it comes with its location, by expand (facts §2).
PRODUCT_TRANSACTION: Shape = shape(r"""
id, location_id: str ID
created_ts, modified_ts: int
title, processor, processor_version, sub_processor, industry_type, mcc, merchant_id, tz, partner, portfolio_id: str?
payment_method: enum cc/ach/apm
currency_code, currency, location_api_id, product_transaction_api_id, terminal_id, account_number: str?
active, paylink_allow, quick_invoice_allow, quick_invoice_text_to_pay, sms_enable, hosted_payment_page_allow: bool
run_avs_on_accountvault_create, accountvault_expire_notification_email_enable: bool
cau_subscribe_type_id: int?
cau_subscribe_type_code, cau_account_number: str?
auto_decline_cvv, auto_decline_street, auto_decline_zip, auto_decline_cavv, allow_partial_authorization: bool
require_cvv_on_keyed_cnp, require_cvv_on_tokenized_cnp, enable_3ds, level3_allow, payfac_enable: bool
card_type_visa, card_type_mc, card_type_disc, card_type_amex, card_type_diners, card_type_jcb: bool
ach_allow_debit, ach_allow_credit, ach_allow_refund, debit_allow_void, allow_blind_refund, bank_funded_only: bool
vt_enable, vt_cvv, vt_street, vt_zip, vt_order_num, vt_enable_tip, split_payments_allow: bool
created_user_id, modified_user_id: str? ID
""")

# Not in the facts' appendix: the fields are the SDK's.
BATCH: Shape = shape(r"""
id, product_transaction_id: str ID
created_ts, modified_ts: int
processing_status_id, batch_num, is_open: int?
settlement_file_name, batch_close_detail: str?
batch_close_ts: int?
total_sale_amount, total_sale_count, total_refund_amount, total_refund_count: int
total_void_amount, total_void_count, total_blind_refund_amount, total_blind_refund_count: int
currency, currency_code: str
""")

# The related records a client may ask for with `expand`.
EXPANDS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "CONTACT": """
            received_emails is_deletable location user recurrings email_blacklist sms_blacklist
            changelogs postback_logs created_user parent children
        """,
        "TOKEN": """
            location contact transactions activeRecurrings is_deletable signature created_user
            changelogs account_vault_cau_logs account_vault_cau_product_transactions
        """,
        "RECURRING": """
            log_emails contact account_vault created_user transactions signature payment_schedule
            location product_transaction next_run_date_min next_run_date_max tags all_tags
            changelogs forecast recurring_splits
        """,
        "DECLINED_RECURRING": "recurring payment_transaction declined_transaction",
        "TRANSACTION": """
            log_emails is_voidable is_reversible is_refundable is_completable is_settled
            created_user location contact changelogs product_transaction tags all_tags recurring
            tagTransactions declined_recurring_notification payment_recurring_notification
            account_vault quick_invoice developer_company terminal hosted_payment_page
            transaction_level3 developer_company_id transaction_histories surcharge_transaction
            surcharge signature reason_code type status transaction_batch transaction_splits
            postback_logs currency_type transaction_references saved_account
            rejected_transaction_ach_retries return_fee_transaction_ach_retry
            retry_transaction_ach_retry is_retriable transaction_three_ds transaction_settlement
            balances
        """,
        "LOCATION": """
            users is_deletable branding_domain product_invoice product_files parent created_user
            changelogs product_transactions terminals terminal_routers developer_company
            developer_company_id helppages quick_invoice_setting location_billing_accounts
            marketplaces locationmarketplaces addons additional_access
        """,
    }.items()
}
