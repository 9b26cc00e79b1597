"""The words a flag may have, the chip a person sees for each, and the group it is filtered under.

The rules that raise them live with their nouns: core/cards/rules.py, core/payments/rules.py, core/plans/rules.py,
core/memberships/rules.py, core/insurance/rules.py, core/ledger/rules.py.
"""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    CARD_EXPIRED = "CARD_EXPIRED"
    CARD_EXPIRING = "CARD_EXPIRING"
    CARD_INVALID = "CARD_INVALID"
    CARD_UNKNOWN = "CARD_UNKNOWN"
    NO_CARD = "NO_CARD"
    NOT_LINKED = "NOT_LINKED"
    MISSING_PAYMENT = "MISSING_PAYMENT"
    RETRY_SCHEDULED = "RETRY_SCHEDULED"
    ACCEPTED_NOT_POSTED = "ACCEPTED_NOT_POSTED"
    POSTED_TWICE = "POSTED_TWICE"
    BEHIND = "BEHIND"
    PROMISED = "PROMISED"
    DUE_TODAY = "DUE_TODAY"
    SETTLEMENT = "SETTLEMENT"
    PLAN_UNKNOWN = "PLAN_UNKNOWN"
    BALANCE_DUE = "BALANCE_DUE"
    OVER_SCHEDULED = "OVER_SCHEDULED"
    NOT_SCHEDULED = "NOT_SCHEDULED"
    UNDER_BOOKED = "UNDER_BOOKED"
    DECIDED = "DECIDED"
    USED_UP = "USED_UP"
    PROVISIONAL = "PROVISIONAL"
    BOOKED_WHILE_FROZEN = "BOOKED_WHILE_FROZEN"
    OUTSIDE_TERM = "OUTSIDE_TERM"
    MEMBERSHIP_UNKNOWN = "MEMBERSHIP_UNKNOWN"
    INSURANCE_INACTIVE = "INSURANCE_INACTIVE"
    INSURANCE_STALE = "INSURANCE_STALE"
    INSURANCE_NOT_CHECKED = "INSURANCE_NOT_CHECKED"
    INSURANCE_UNKNOWN = "INSURANCE_UNKNOWN"
    VISITS_EXHAUSTED = "VISITS_EXHAUSTED"
    VISITS_LOW = "VISITS_LOW"
    AUTHORISATION_MISSING = "AUTHORISATION_MISSING"
    AUTHORISATION_EXPIRED = "AUTHORISATION_EXPIRED"
    AUTHORISATION_UNITS_SHORT = "AUTHORISATION_UNITS_SHORT"


class Group(StrEnum):
    """What a person filters by."""

    CARD_ENDS = "Card ends"
    NO_CARD = "No card"
    MISSING = "Missing payment"
    BEHIND = "Behind"
    MEMBERSHIP = "Membership"
    INSURANCE = "Insurance"
    BALANCE = "Balance"
    UNKNOWN = "Unknown"


class Chip(NamedTuple):
    words: str
    icon: str  # a Material symbol's name
    group: Group


CHIPS: dict[Kind, Chip] = {
    Kind.CARD_EXPIRED: Chip("Card expired", "credit_card_off", Group.CARD_ENDS),
    Kind.CARD_EXPIRING: Chip("Card ends", "credit_card_clock", Group.CARD_ENDS),
    Kind.CARD_INVALID: Chip("Card closed", "credit_card_off", Group.CARD_ENDS),
    Kind.CARD_UNKNOWN: Chip("Card unknown", "help", Group.UNKNOWN),
    Kind.NO_CARD: Chip("No card", "credit_card_off", Group.NO_CARD),
    Kind.NOT_LINKED: Chip("Not linked", "link_off", Group.UNKNOWN),
    Kind.MISSING_PAYMENT: Chip("Missing", "payments", Group.MISSING),
    Kind.RETRY_SCHEDULED: Chip("Retry planned", "event_repeat", Group.MISSING),
    Kind.ACCEPTED_NOT_POSTED: Chip("Paid, not posted", "sync_problem", Group.MISSING),
    Kind.POSTED_TWICE: Chip("Posted twice", "content_copy", Group.MISSING),
    Kind.BEHIND: Chip("Behind", "trending_down", Group.BEHIND),
    Kind.PROMISED: Chip("Promised", "handshake", Group.BEHIND),
    Kind.DUE_TODAY: Chip("Due today", "today", Group.BEHIND),
    Kind.SETTLEMENT: Chip("Settle plan", "gavel", Group.BEHIND),
    Kind.PLAN_UNKNOWN: Chip("Plan unknown", "help", Group.UNKNOWN),
    Kind.BALANCE_DUE: Chip("Owes", "account_balance_wallet", Group.BALANCE),
    Kind.OVER_SCHEDULED: Chip("Over by", "event_busy", Group.MEMBERSHIP),
    Kind.NOT_SCHEDULED: Chip("Not scheduled", "event_upcoming", Group.MEMBERSHIP),
    Kind.UNDER_BOOKED: Chip("Visits lapse", "hourglass_bottom", Group.MEMBERSHIP),
    Kind.DECIDED: Chip("Over, decided", "task_alt", Group.MEMBERSHIP),
    Kind.USED_UP: Chip("Used up", "done_all", Group.MEMBERSHIP),
    Kind.PROVISIONAL: Chip("Provisional", "pending", Group.MEMBERSHIP),
    Kind.BOOKED_WHILE_FROZEN: Chip("Booked while frozen", "ac_unit", Group.MEMBERSHIP),
    Kind.OUTSIDE_TERM: Chip("Outside term", "event_busy", Group.MEMBERSHIP),
    Kind.MEMBERSHIP_UNKNOWN: Chip("Membership unknown", "help", Group.UNKNOWN),
    Kind.INSURANCE_INACTIVE: Chip("Insurance inactive", "shield_off", Group.INSURANCE),
    Kind.INSURANCE_STALE: Chip("Check is old", "update", Group.INSURANCE),
    Kind.INSURANCE_NOT_CHECKED: Chip("Not checked", "policy", Group.INSURANCE),
    Kind.INSURANCE_UNKNOWN: Chip("Insurance unknown", "help", Group.INSURANCE),
    Kind.VISITS_EXHAUSTED: Chip("No visits left", "block", Group.INSURANCE),
    Kind.VISITS_LOW: Chip("Few visits left", "hourglass_bottom", Group.INSURANCE),
    Kind.AUTHORISATION_MISSING: Chip("No authorisation", "gpp_maybe", Group.INSURANCE),
    Kind.AUTHORISATION_EXPIRED: Chip("Authorisation ended", "gpp_maybe", Group.INSURANCE),
    Kind.AUTHORISATION_UNITS_SHORT: Chip("Units short", "gpp_maybe", Group.INSURANCE),
}
