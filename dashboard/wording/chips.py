"""The chips of a row: one per kind of flag, worst first, with the one number that matters in its words."""

from collections.abc import Mapping
from typing import Any, TypedDict

from core.findings.flags import Group, Kind
from core.money import short_dollars
from core.reports.rows import PatientRow
from core.reports.say import ONE_DEBT, speaks
from core.severity import Flag, Severity
from dashboard.wording.may_see import NOT_MONEY, MaySee, chip_of
from dashboard.wording.meanings import explained
from dashboard.wording.text import shown

MOST = 4  # chips in a row; the rest are counted


class ShownChip(TypedDict):
    words: str
    icon: str
    severity: str
    why: str


def chips(row: PatientRow, most: int = MOST) -> list[ShownChip]:
    """What the row's chips say. A kind that is flagged twice shows once, and so does one debt; more than `most` become a count."""
    kinds: dict[str, Flag] = {}
    there = {flag.kind for flag in row.flags}
    for flag in row.flags:
        if not ONE_DEBT.get(flag.kind, frozenset()) & there:
            kinds.setdefault(flag.kind, flag)
    made = [shown_chip(flag, row) for flag in kinds.values()]
    if len(made) <= most:
        return made
    rest = made[most - 1 :]
    more = ShownChip(
        words=f"{len(rest)} more",
        icon="more_horiz",
        severity=rest[0]["severity"],
        why="; ".join(one["words"] for one in rest),
    )
    return [*made[: most - 1], more]


def shown_chip(flag: Flag, row: PatientRow) -> ShownChip:
    chip = chip_of(flag)
    return ShownChip(
        words=f"{chip.words}{_number(flag, row)}",
        icon=chip.icon,
        severity=flag.severity,
        why=shown(explained(chip.words, flag.reason), 400),
    )


def _number(flag: Flag, row: PatientRow) -> str:
    """What follows the chip's word: ` $149`, ` Nov`, ` 2`; empty where the word says it all."""
    cents = {
        Kind.MISSING_PAYMENT: row.missing_cents,
        Kind.BEHIND: row.arrears_cents,
        Kind.BALANCE_DUE: flag.cents,
        Kind.DUE_TODAY: flag.cents,
        Kind.PREPAID: row.prepaid_cents,
        Kind.HELD: row.held_cents,
    }.get(flag.kind, 0)  # type: ignore[call-overload]  # a StrEnum key equals its text
    if cents > 0:
        return f" {short_dollars(cents)}"
    if flag.kind == Kind.CARD_EXPIRING and row.card.expires_on:
        return f" {row.card.expires_on:%b}"
    if flag.kind == Kind.OVER_SCHEDULED:
        return f" {row.membership.over}" if row.membership and row.membership.over else " schedule"
    return ""


def groups_of(row: PatientRow) -> set[Group]:
    """The filter groups a row belongs to. Notes do not count: there is nothing to do about them."""
    return {chip_of(flag).group for flag in row.flags if speaks(flag)}


LEGEND = [{"severity": one.value, "words": one.value} for one in Severity if one is not Severity.NOTE]


def group_cards(counts: Mapping[Group, int], pressed: str, may_see: MaySee) -> list[dict[str, Any]]:
    """Everyone, then each group with how many patients it holds, as pressable filters."""
    allowed = [group for group in Group if may_see.money or group in NOT_MONEY]
    everyone = {
        "id": "",
        "label": "Everyone",
        "value": "",
        "pressed": not pressed,
        "why": "Show every patient",
    }
    return [
        everyone,
        *(
            {
                "id": group.value,
                "label": group.value,
                "value": f"{counts.get(group, 0):,}",
                "pressed": group == pressed,
                "why": f"Show only: {group.value.lower()}",
            }
            for group in allowed
        ),
    ]
