"""The columns of practice files (CONTRACTS §3) by how their cells are spelled."""

from enum import StrEnum

from core.integrations.ehr_exports.words import CHOICES
from core.integrations.practice_files.columns import FILES


class Spelling(StrEnum):
    ID = "id"
    DATE = "date"
    MOMENT = "moment"
    MONEY = "money"
    YES_NO = "yes or no"
    WHOLE = "whole number"
    WORD = "word"
    NAME = "name"
    ZONE = "time zone"
    TEXT = "text"


_MONEY = {
    "price",
    "amount",
    "total",
    "waived",
    "copay",
    "deductible",
    "deductible_met",
    "out_of_pocket_max",
    "out_of_pocket_met",
    "surcharge",
}
_YES_NO = {
    "active",
    "text_consent",
    "email_consent",
    "eligible",
    "authorisation_required",
    "is_default",
    "no_show_forfeits",
}
_WHOLE = {
    "minutes",
    "visits",
    "visit_limit",
    "visits_used",
    "visits_pending",
    "authorisation_units",
    "authorisation_used",
    "interval",
    "anchor_day",
    "rollover_cap",
    "rollover_periods",
    "per_week",
    "billing_every",
}
_DATES = {
    "active_from",
    "active_to",
    "authorisation_from",
    "authorisation_to",
    "paused_from",
    "paused_to",
    "frozen_from",
    "frozen_to",
    "checked_on",
    "period_start",
    "posted_on",
    "next_draft_on",
    "next_run_on",
}
_NAMES = {"name", "first_name", "last_name"}


def spelling_of(file: str, column: str) -> Spelling:
    """How a column of ours is spelled."""
    if column in _YES_NO:
        return Spelling.YES_NO
    if (file, column) in CHOICES:
        return Spelling.WORD
    if column == "time_zone":
        return Spelling.ZONE
    if column in {"starts_at", "happened_at"}:
        return Spelling.MOMENT
    if column in _DATES or column.endswith("_date"):
        return Spelling.DATE
    if column in _MONEY:
        return Spelling.MONEY
    if column in _WHOLE:
        return Spelling.WHOLE
    if column.endswith("_id") or column == "refund_of":
        return Spelling.ID
    return Spelling.NAME if column in _NAMES else Spelling.TEXT


def needed(file: str, column: str) -> bool:
    """Whether a row means nothing when this cell cannot be read (DOMAIN §0, unknown cells). A place without a zone has
    the practice's."""
    if column == "time_zone":
        return False
    found = next(each for each in FILES[file].columns if each.name == column)
    return found.required or found is FILES[file].columns[0]
