"""The practice files and their columns, in the order they are loaded: parents before what refers to them.

This is the table of CONTRACTS §3. The words of a choice are those of the store's StrEnums (checked by a test).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from core.integrations.practice_files import cells
from core.integrations.practice_files.cells import BadCell, Reader
from core.names import folded

Values = dict[str, Any]


class Column(NamedTuple):
    """One column. target: the name the parsed value gets (money ends in _cents); parent: the file its id points into.

    required: an empty cell is a bad row. matters: it may be empty, but where it cannot be read the row means nothing
    (when, how much); of other columns such a cell is unknown (DOMAIN §0). in_header: the file must have the column, its cells may be empty.
    default: the value of an empty cell. also: other names the header may have for it.
    """

    name: str
    read: Reader
    target: str
    required: bool = False
    in_header: bool = False
    default: Any = None
    parent: str = ""
    also: tuple[str, ...] = ()
    matters: bool = False

    def names(self) -> tuple[str, ...]:
        """Everything the header may call it."""
        return (self.name, *self.also)


class PracticeFile(NamedTuple):
    """One file. The first column is its key. ranges: pairs of targets where the first must not be after the second.

    finish: fills in what follows from several cells; raises BadCell with its column, or returns a note on a column.
    about: columns that say who or what a row is about: two rows of one key that differ in one are two things.
    """

    name: str
    columns: tuple[Column, ...]
    ranges: tuple[tuple[str, str], ...] = ()
    finish: Callable[[Values], tuple[str, str] | None] | None = None
    about: tuple[str, ...] = ()

    def tells_apart(self) -> tuple[str, ...]:
        """`about`, else the row of another file that each of its rows belongs to."""
        owners = [c.name for c in self.columns if c.parent and (c.required or c.name == "patient_id")]
        return self.about or tuple(owners[:1])


def _key(name: str) -> Column:
    return Column(name, cells.identifier, "external_id", required=True)


def _ref(name: str, parent: str, *, required: bool = False) -> Column:
    return Column(name, cells.identifier, name, required, parent=parent)


def _cents(name: str, *, required: bool = False, default: int | None = None) -> Column:
    return Column(name, cells.amount, f"{name}_cents", required, default=default)


def _is(
    name: str,
    read: Reader,
    target: str = "",
    *,
    required: bool = False,
    in_header: bool = False,
    default: Any = None,
    matters: bool = False,
) -> Column:
    return Column(name, read, target or name, required, in_header, default, matters=matters)


_count = cells.whole()


def _patient(values: Values) -> None:
    mobile = values["mobile_phone"]
    values["mobile_last_four"] = mobile[-4:] if mobile else None
    values["search_name"] = folded(f"{values['first_name']} {values['last_name']}")


def _membership_plan(values: Values) -> None:
    every, unit = cells.in_months(values["billing_every"], values["billing_unit"])
    values["billing_every"], values["billing_unit"] = every, unit


def _recurring(values: Values) -> None:
    values["interval"], values["interval_unit"] = cells.in_months(values["interval"], values["interval_unit"])


def _ledger(values: Values) -> None:
    if values["amount_cents"] < 0 and values["kind"] != "adjustment":
        raise BadCell(f"is negative, which only an adjustment may be, not a {values['kind']}", "amount")


def _payment(values: Values) -> tuple[str, str] | None:
    if values["surcharge_cents"] > values["amount_cents"]:
        values["surcharge_cents"] = 0
        return "surcharge", "is more than the amount it is a part of; the row is stored without it"
    return None


def _card(values: Values) -> tuple[str, str] | None:
    written = (
        values["expiry_text"] if values["kind"] != "bank" else None
    )  # an account has no expiry (DOMAIN §1)
    values["expires_on"] = cells.expires_on(written) if written else None
    if written and values["expires_on"] is None:
        return "expiry", "cannot be read as MM/YY; the card is stored with its expiry unknown"
    return None


_ALL = (
    PracticeFile(
        "locations",
        (
            _key("location_id"),
            _is("name", cells.name, required=True),
            _is("time_zone", cells.time_zone, required=True),
            _is("phone", cells.phone),
            _is("email", cells.email),
            _is("address", cells.text),
        ),
    ),
    PracticeFile(
        "providers",
        (_key("provider_id"), _ref("location_id", "locations"), _is("name", cells.name, required=True)),
        about=("name",),
    ),
    PracticeFile(
        "patients",
        (
            _key("patient_id"),
            _ref("location_id", "locations"),
            _is("first_name", cells.name, in_header=True, default=""),
            _is("last_name", cells.name, in_header=True, default=""),
            _is("birth_date", cells.birth_day),
            _is("email", cells.email),
            _is("mobile_phone", cells.phone),
            _is("guarantor_id", cells.identifier, "guarantor_ref"),
            _is("active", cells.yes_no, default=True),
            _is("text_consent", cells.yes_no),
            _is("email_consent", cells.yes_no),
        ),
        finish=_patient,
        about=("first_name", "last_name", "birth_date"),
    ),
    PracticeFile(
        "appointment_types",
        (
            _key("appointment_type_id"),
            _is("name", cells.name, required=True),
            _is("minutes", cells.whole(1, 1_440)),
            _is("service_class", cells.name),
            _cents("price"),
        ),
    ),
    PracticeFile(
        "appointments",
        (
            _key("appointment_id"),
            _ref("patient_id", "patients", required=True),
            _ref("provider_id", "providers"),
            _ref("appointment_type_id", "appointment_types"),
            _is("starts_at", cells.moment, required=True),
            _is("minutes", cells.whole(0, 1_440)),
            _is(
                "status",
                cells.Choice(
                    "scheduled", "confirmed", "arrived", "completed", "cancelled", "rescheduled", "no_show"
                ),
                required=True,
            ),
            _ref("location_id", "locations"),  # of a practice with several, when it is not its provider's
        ),
    ),
    PracticeFile(
        "coverages",
        (
            _key("coverage_id"),
            _ref("patient_id", "patients", required=True),
            _is("payer", cells.name),
            _is(
                "kind",
                cells.Choice("commercial", "medicare", "auto", "injury", "workers_comp", "self_pay"),
            ),
            _is("rank", _count),
            _is("active_from", cells.day),
            _is("active_to", cells.last_day),
            _is("checked_on", cells.day),
            _is("eligible", cells.yes_no),
            _cents("copay"),
            _is("coinsurance_percent", cells.percent, "coinsurance_basis_points"),
            _cents("deductible"),
            _cents("deductible_met"),
            _cents("out_of_pocket_max"),
            _cents("out_of_pocket_met"),
            _is("visit_limit", _count),
            _is("visits_used", _count),
            _is("visits_pending", _count),
            _is("authorisation_required", cells.yes_no),
            _is("authorisation_from", cells.day),
            _is("authorisation_to", cells.last_day),
            _is("authorisation_units", _count),
            _is("authorisation_used", _count),
        ),
        ranges=(("active_from", "active_to"), ("authorisation_from", "authorisation_to")),
    ),
    PracticeFile(
        "services",
        (
            _key("service_id"),
            _is("code", cells.name),
            _is("name", cells.name, required=True),
            _cents("price"),
        ),
    ),
    PracticeFile(
        "plans",
        (
            _key("plan_id"),
            _ref("patient_id", "patients", required=True),
            _ref("payer_id", "patients"),
            _is("kind", cells.Choice("treatment", "payment"), default="treatment"),
            _is("name", cells.name, default=""),
            _is("start_date", cells.day),
            _is("end_date", cells.last_day),
            _cents("total"),
            _is("visits", _count),
            _is("status", cells.Choice("active", "paused", "cancelled", "completed"), required=True),
            _is("paused_from", cells.day),
            _is("paused_to", cells.last_day),
            _is("card_id", cells.card_id, "card_ref"),
        ),
        ranges=(("start_date", "end_date"), ("paused_from", "paused_to")),
    ),
    PracticeFile(
        "instalments",
        (
            _key("instalment_id"),
            _ref("plan_id", "plans", required=True),
            _is("due_date", cells.day, required=True),
            _cents("amount", required=True),
            _is("waived", cells.amount, "waived_cents", default=0, matters=True),
        ),
    ),
    PracticeFile(
        "membership_plans",
        (
            _key("membership_plan_id"),
            _is("name", cells.name, required=True),
            _cents("price"),
            _is("period", cells.Choice("month", "anchor", "package"), default="month", matters=True),
            _is("rollover_cap", _count),
            _is("rollover_periods", _count),
            _is("no_show_forfeits", cells.yes_no, default=False),
            _is("billing_every", cells.whole(1, 1_000), default=1, matters=True),
            _is("billing_unit", cells.Interval("day", "week", "month"), default="month", matters=True),
        ),
        finish=_membership_plan,
    ),
    PracticeFile(
        "membership_benefits",
        (
            _key("benefit_id"),
            _ref("membership_plan_id", "membership_plans", required=True),
            _is("service_class", cells.name, required=True),
            # empty = unlimited, so what cannot be read may not count as empty
            _is("visits", _count, matters=True),
            _is("per_week", _count, matters=True),
        ),
    ),
    PracticeFile(
        "memberships",
        (
            _key("membership_id"),
            _ref("patient_id", "patients", required=True),
            _ref("membership_plan_id", "membership_plans", required=True),
            _is("start_date", cells.day, required=True),
            _is("end_date", cells.last_day),
            _is("anchor_day", cells.whole(1, 31)),
            _is("status", cells.Choice("active", "paused", "past_due", "cancelled"), required=True),
            _is("frozen_from", cells.day),
            _is("frozen_to", cells.last_day),
            _is("card_id", cells.card_id, "card_ref"),
            _is("next_draft_on", cells.day),
            _is("pool_id", cells.identifier),
        ),
        ranges=(("start_date", "end_date"), ("frozen_from", "frozen_to")),
    ),
    PracticeFile(
        "membership_extras",
        (
            _key("extra_id"),
            _ref("membership_id", "memberships", required=True),
            _is("period_start", cells.day, required=True),
            _is("service_class", cells.name, required=True),
            _is("kind", cells.Choice("rollover", "add_on"), required=True),
            _is("visits", _count, required=True),
        ),
    ),
    PracticeFile(
        "cards",
        (
            Column("card_id", cells.card_id, "external_id", required=True),
            _ref("patient_id", "patients"),
            _is("kind", cells.Choice("card", "bank"), default="card"),
            _is("brand", cells.name),
            _is("last_four", cells.last_four),
            _is("expiry", cells.name, "expiry_text", in_header=True),
            _is("is_default", cells.yes_no, default=False),
            _is("active", cells.yes_no, default=True),
            _is("updater", cells.Choice("none", "updated", "closed"), default="none"),
        ),
        finish=_card,
    ),
    PracticeFile(
        "recurrings",
        (
            _key("recurring_id"),
            _ref("patient_id", "patients"),
            _is("card_id", cells.card_id, "card_ref"),
            _ref("plan_id", "plans"),
            _ref("membership_id", "memberships"),
            _cents("amount", required=True),
            _is("interval", cells.whole(1, 1_000), default=1, matters=True),
            _is("interval_unit", cells.Interval("day", "week", "month"), default="month", matters=True),
            _is("next_run_on", cells.day),
            _is("status", cells.Choice("active", "on_hold", "ended"), required=True),
        ),
        finish=_recurring,
    ),
    PracticeFile(
        "ledger",
        (
            _key("entry_id"),
            _ref("patient_id", "patients", required=True),
            _is("posted_on", cells.day, required=True),
            _is("kind", cells.Choice("charge", "payment", "adjustment", "refund"), required=True),
            _is("part", cells.Choice("patient", "insurer"), required=True),
            _is("amount", cells.signed_amount, "amount_cents", required=True),
            _ref("service_id", "services"),
            _ref("appointment_id", "appointments"),
            _ref("plan_id", "plans"),
            _is("order_id", cells.number_elsewhere),
            _is("description", cells.text),
        ),
        finish=_ledger,
    ),
    PracticeFile(
        "payments",
        (
            _key("payment_id"),
            _ref("patient_id", "patients"),
            _ref("plan_id", "plans"),
            _ref("instalment_id", "instalments"),
            _ref("membership_id", "memberships"),
            _is("invoice_id", cells.number_elsewhere, "invoice_ref"),
            _is("happened_at", cells.moment_or_day, required=True),
            _cents("amount", required=True),
            _is(
                "status",
                cells.Choice(
                    "approved", "pending", "declined", "returned", "refunded", "voided", "charged_back"
                ),
                required=True,
            ),
            _is("reason_code", cells.name),
            _is("refund_of", cells.identifier, "refund_ref"),
            _is("order_id", cells.number_elsewhere),
            _is("method", cells.Choice("card", "bank", "cash", "check")),
            _is("recurring_id", cells.identifier, "recurring_ref"),
            _cents("surcharge", default=0),
        ),
        finish=_payment,
    ),
)

FILES: dict[str, PracticeFile] = {file.name: file for file in _ALL}
