"""Words that mean one thing wherever they are met. A word that is not here, nor in the profile, is a question."""

from core.integrations.ehr_exports.spellings import word

_VISIT = {
    "scheduled": ("scheduled", "booked", "not confirmed", "unconfirmed"),
    "confirmed": ("confirmed",),
    "arrived": ("arrived", "checked in", "checked in online", "in room", "in session"),
    "completed": ("completed", "complete", "attended", "show", "fulfilled", "checked out"),
    "no_show": ("no show", "noshow", "dna", "did not attend", "did not arrive"),
    "cancelled": (
        "cancelled",
        "canceled",
        "late cancelled",
        "late canceled",
        "late cancellation",
        "late cancel",
    ),
    "rescheduled": ("rescheduled",),
}
_ACTIVE = {
    "true": ("active", "current", "true", "yes"),
    "false": ("inactive", "archived", "discharged", "deceased", "false", "no"),
}
_RANK = {
    "1": ("primary", "1", "first"),
    "2": ("secondary", "2", "second"),
    "3": ("tertiary", "3", "third"),
    "4": ("quaternary", "4"),
}
_PAYMENT = {
    "approved": ("approved", "paid", "succeeded", "complete", "completed", "captured"),
    "pending": ("pending",),
    "declined": ("declined", "failed"),
    "refunded": ("refunded",),
    "returned": ("returned",),
    "voided": ("voided", "canceled", "cancelled"),
    "charged_back": ("charged back", "chargeback", "disputed"),
}
_METHOD = {
    "card": (
        "card",
        "credit",
        "credit card",
        "debit",
        "debit card",
        "visa",
        "mastercard",
        "amex",
        "discover",
    ),
    "bank": ("bank", "ach", "echeck", "bank transfer", "eft"),
    "cash": ("cash",),
    "check": ("check", "cheque"),
}
_PART = {
    "patient": ("patient", "client", "self"),
    "insurer": ("insurer", "insurance", "payer", "third party"),
}
_ENTRY = {
    "charge": ("charge", "invoice", "fee", "procedure"),
    "payment": ("payment", "receipt", "copay"),
    "adjustment": ("adjustment", "write off", "discount", "credit note"),
    "refund": ("refund",),
}


def _turned(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {word(theirs): ours for ours, all_theirs in words.items() for theirs in all_theirs}


# by (practice file, column): their word → ours
COMMON: dict[tuple[str, str], dict[str, str]] = {
    ("appointments", "status"): _turned(_VISIT),
    ("patients", "active"): _turned(_ACTIVE),
    ("coverages", "rank"): _turned(_RANK),
    ("payments", "status"): _turned(_PAYMENT),
    ("payments", "method"): _turned(_METHOD),
    ("ledger", "part"): _turned(_PART),
    ("ledger", "kind"): _turned(_ENTRY),
}
CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    place: tuple(dict.fromkeys(words.values())) for place, words in COMMON.items()
} | {
    ("coverages", "kind"): ("commercial", "medicare", "auto", "injury", "workers_comp", "self_pay"),
    ("plans", "status"): ("active", "paused", "cancelled", "completed"),
    ("plans", "kind"): ("treatment", "payment"),
    ("memberships", "status"): ("active", "paused", "past_due", "cancelled"),
    ("cards", "kind"): ("card", "bank"),
    ("recurrings", "status"): ("active", "on_hold", "ended"),
    ("recurrings", "interval_unit"): ("day", "week", "month"),
}  # fmt: skip
NOT_A_VISIT = "not a visit"  # the answer to a status word that sets the row aside
