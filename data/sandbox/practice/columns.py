"""The columns of every practice file, in order; the first is the key (CONTRACTS §3)."""

COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(text.split())
    for name, text in {
        "locations": "location_id name time_zone phone email address",
        "providers": "provider_id location_id name",
        "patients": "patient_id location_id first_name last_name birth_date email mobile_phone guarantor_id"
        " active text_consent email_consent",
        "appointment_types": "appointment_type_id name minutes service_class price",
        "appointments": "appointment_id patient_id provider_id appointment_type_id starts_at minutes status",
        "coverages": "coverage_id patient_id payer kind rank active_from active_to checked_on eligible copay"
        " coinsurance_percent deductible deductible_met out_of_pocket_max out_of_pocket_met visit_limit"
        " visits_used visits_pending authorisation_required authorisation_from authorisation_to"
        " authorisation_units authorisation_used",
        "services": "service_id code name price",
        "ledger": "entry_id patient_id posted_on kind part amount service_id appointment_id plan_id order_id"
        " description",
        "plans": "plan_id patient_id payer_id kind name start_date end_date total visits status paused_from"
        " paused_to card_id",
        "instalments": "instalment_id plan_id due_date amount waived",
        "membership_plans": "membership_plan_id name price period rollover_cap rollover_periods no_show_forfeits"
        " billing_every billing_unit",
        "membership_benefits": "benefit_id membership_plan_id service_class visits per_week",
        "memberships": "membership_id patient_id membership_plan_id start_date end_date anchor_day status"
        " frozen_from frozen_to card_id next_draft_on pool_id",
        "membership_extras": "extra_id membership_id period_start service_class kind visits",
        "cards": "card_id patient_id kind brand last_four expiry is_default active updater",
        "recurrings": "recurring_id patient_id card_id plan_id membership_id amount interval interval_unit"
        " next_run_on status",
        "payments": "payment_id patient_id plan_id instalment_id membership_id invoice_id happened_at amount"
        " status reason_code refund_of order_id method recurring_id surcharge",
    }.items()
}

PROCESSOR_FILES = ("cards", "recurrings")
"""Files an EHR does not have: these live at the processor, and only `whole_files` writes them."""

FORTIS_RESOURCES = (
    "locations",
    "product_transactions",
    "contacts",
    "tokens",
    "recurrings",
    "declined_recurring_transactions",
    "transactions",
)
