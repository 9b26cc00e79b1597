"""The memberships report as a list: what is wrong in the words of the screen, its numbers, filters and rows."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from core.findings.flags import CHIPS, Kind
from core.names import folded
from core.reports.membership_row import MembershipRow
from core.severity import Severity
from dashboard.wording.chips import ShownChip
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee, no_amounts
from dashboard.wording.meanings import explained
from dashboard.wording.text import clock_time, day_month, shown, visit_day

EXCESS_SHOWN = 3  # visits named in a cell; the rest are counted


class Trouble(NamedTuple):
    """One filter and number of the headline. always: drawn also when nobody is in it."""

    id: str
    label: str
    icon: str
    states: tuple[str, ...]
    good_news: tuple[str, str]
    always: bool = True


TROUBLES = (
    Trouble(
        "over", "Over-scheduled", "event_busy", ("OVER_SCHEDULED",),
        ("Nobody is booked beyond their membership", "Every booking fits its own period and class."),
    ),
    Trouble(
        "not_scheduled", "Not scheduled", "event_upcoming", ("NOT_SCHEDULED",),
        ("Every member has a next visit", "Nobody with a running membership is without a booking."),
    ),
    Trouble(
        "lose", "About to lose visits", "hourglass_bottom", ("UNDER_BOOKED",),
        ("Nobody is about to lose visits", "No unused visit lapses in the next 10 days."),
    ),
    Trouble(
        "provisional", "Provisional", "pending", ("PROVISIONAL",),
        ("Every membership is paid", "No visit waits for a payment."),
    ),
    Trouble(
        "frozen", "Booked while frozen", "ac_unit", ("BOOKED_WHILE_FROZEN",),
        ("Nobody is booked during a freeze", "Every frozen membership is free of bookings."),
    ),
    Trouble(
        "outside", "Outside term", "event_busy", ("OUTSIDE_TERM",),
        ("Nobody is booked after their membership ends", "Every booking lies within its term."),
    ),
    Trouble(
        "used_up", "Used up", "done_all", ("USED_UP",),
        ("Nobody has used up their visits", "Every member has visits left in this period."),
    ),
    Trouble("decided", "Decided", "task_alt", ("DECIDED",), ("Nothing is decided yet", "What you choose for a visit beyond a membership stands here."), always=False),
    Trouble("unknown", "Unknown", "help", ("UNKNOWN",), ("Every membership can be read", "Plan, benefits and dates are known of each."), always=False),
)  # fmt: skip
ALL = ("Every membership is in order", "Nobody is over, under or without a booking.")


def seen_by(row: MembershipRow, may_see: MaySee) -> MembershipRow:
    """The row as this person may see it: amounts taken out of its sentence, initials for the name."""
    if not may_see.money:
        row = row._replace(reason=no_amounts(row.reason))
    return row._replace(patient=row.initials, mobile_last_four=None) if may_see.initials else row


def matching(rows: Iterable[MembershipRow], trouble: str, search: str) -> list[MembershipRow]:
    """Rows of one trouble (all when ""), whose name holds every word, or whose mobile ends in these four digits."""
    states = next((one.states for one in TROUBLES if one.id == trouble), None)
    words = folded(search).split()
    digits = words[0] if len(words) == 1 and len(words[0]) == 4 and words[0].isdigit() else ""

    def fits(row: MembershipRow) -> bool:
        if states is not None and row.state not in states:
            return False
        if digits:
            return row.mobile_last_four == digits
        name = folded(row.patient) if words else ""
        return all(word in name for word in words)

    return [row for row in rows if fits(row)]


# what needs a person comes first, whatever its severity
FIRST = ("OVER_SCHEDULED", "NOT_SCHEDULED", "BOOKED_WHILE_FROZEN", "OUTSIDE_TERM", "PROVISIONAL", "UNDER_BOOKED", "UNKNOWN", "DECIDED", "USED_UP")  # fmt: skip


class Member(NamedTuple):
    """One membership with all it has to say. lead: what its row shows; more: its other periods and classes, folded."""

    lead: MembershipRow
    more: tuple[MembershipRow, ...]


def members(rows: Iterable[MembershipRow], trouble: str, search: str) -> list[Member]:
    """One a membership, what needs a person first; of a pressed number those who have it, with it on their row."""
    states = next((one.states for one in TROUBLES if one.id == trouble), ())
    held: dict[str, list[MembershipRow]] = {}
    for row in matching(rows, "", search):
        held.setdefault(row.membership_id, []).append(row)
    made = []
    for all_of in held.values():
        if states and not any(row.state in states for row in all_of):
            continue
        said = sorted(all_of, key=lambda row: (row.state not in states, _needs(row)))
        made.append(Member(said[0], tuple(said[1:])))
    return sorted(made, key=lambda one: _needs(one.lead))


def _needs(row: MembershipRow) -> int:
    return FIRST.index(row.state) if row.state in FIRST else len(FIRST)


def in_order(found: list[Member], order: str) -> list[Member]:
    """As `ordered`, of members."""
    place = {row.membership_id: at for at, row in enumerate(ordered([one.lead for one in found], order))}
    return sorted(found, key=lambda one: place[one.lead.membership_id])


ORDERS: dict[str, str] = {"worst": "Worst first", "name": "By last name", "last": "Longest away"}


def ordered(rows: list[MembershipRow], order: str) -> list[MembershipRow]:
    """Worst first is how the report comes; who was never in is the longest away."""
    if order == "name":
        return sorted(rows, key=lambda row: (row.name_key, row.membership_id))
    if order == "last":
        never = [row for row in rows if row.last_visit is None]
        seen = [row for row in rows if row.last_visit is not None]
        return never + sorted(seen, key=lambda row: (row.last_visit, row.name_key))
    return rows


def numbers(rows: Sequence[MembershipRow], pressed: str) -> list[dict[str, Any]]:
    """The headline: everything there is to say, then each kind with how many members it holds."""
    made = [_number("all", "All", "card_membership", rows, pressed=not pressed)]
    for one in TROUBLES:
        found = [row for row in rows if row.state in one.states]
        if found or one.always or one.id == pressed:
            made.append(_number(one.id, one.label, one.icon, found, pressed=one.id == pressed))
    return made


def _number(
    id_: str, label: str, icon: str, rows: Sequence[MembershipRow], *, pressed: bool
) -> dict[str, Any]:
    """Members are counted, not rows: one may have two classes or two periods."""
    tone = "high" if any(row.severity is Severity.HIGH for row in rows) else ""
    back = pressed or id_ == "all"
    return {
        "id": id_,
        "label": label,
        "icon": icon,
        "tone": tone,
        "value": f"{len({row.membership_id for row in rows}):,}",
        "sub": "",
        "pressed": pressed,
        "why": "Show every membership again" if back else f"Show only: {label.lower()}",
    }


HEADS = [
    {"key": "who", "label": "Member", "kind": "who"},
    {"key": "chips", "label": "State", "kind": "chips"},
    {"key": "use", "label": "Use", "kind": "barcell"},
    {"key": "say", "label": "Say", "kind": "say"},
    {"key": "excess", "label": "Visits beyond", "kind": "text"},
    {"key": "last", "label": "Last visit", "kind": "next"},
    {"key": "next", "label": "Next visit", "kind": "next"},
]


def drawn(row: MembershipRow, place: LocalDay) -> dict[str, Any]:
    """One row as the board draws it."""
    quiet = row.severity is Severity.NOTE
    return {
        "id": f"{row.membership_id} {row.period_start} {row.service_class} {row.state}",
        "key": row.key,
        "severity": "" if quiet else row.severity.value,
        "quiet": quiet,
        "cells": {
            "who": {"name": shown(row.patient, 60) or "No name", "sub": _about(row, place)},
            "chips": [_chip(row, place)],
            "use": _use(row, place),
            "say": {"words": shown(row.reason, 300), "calm": quiet},
            "excess": _excess(row, place),
            "last": visit_day(row.last_visit, row.time_zone, place.today),
            "next": visit_day(row.next_visit, row.time_zone, place.today),
        },
    }


def drawn_member(member: Member, place: LocalDay) -> dict[str, Any]:
    """One member as the board draws it: the lead, the chips of the others, and what they say behind a fold."""
    made = drawn(member.lead, place)
    made["id"] = member.lead.membership_id
    chips = made["cells"]["chips"]
    for row in member.more:
        chip = _chip(row, place)
        if chip["words"] not in [one["words"] for one in chips]:
            chips.append(chip)
    made["cells"]["say"]["more"] = [_told(row, place) for row in member.more]
    return made


def _told(row: MembershipRow, place: LocalDay) -> str:
    """`Dec 22 to Jan 21, 2027: Wellness 4 is past due.`"""
    until = f" to {day_month(row.period_end, place.today)}" if row.period_end else ""
    span = f"{day_month(row.period_start, place.today)}{until}: " if row.period_start else ""
    return shown(f"{span}{row.reason}", 300)


def _about(row: MembershipRow, place: LocalDay) -> str:
    return " · ".join(word for word in (shown(row.name, 40), shown(row.service_class, 30)) if word)


def _chip(row: MembershipRow, place: LocalDay) -> ShownChip:
    chip = CHIPS[Kind.MEMBERSHIP_UNKNOWN if row.state == "UNKNOWN" else Kind(row.state)]
    words = chip.words
    if row.state == "OVER_SCHEDULED":
        words = f"Over by {row.over}"
    elif row.state == "UNDER_BOOKED":
        words = f"{row.lapsing} lost after {day_month(row.lapses_on, place.today)}"
    return ShownChip(
        words=words,
        icon=chip.icon,
        severity=row.severity.value,
        why=shown(explained(chip.words, row.reason), 400),
    )


def _use(row: MembershipRow, place: LocalDay) -> dict[str, Any] | None:
    if row.used is None or row.booked is None or row.period_start is None:
        return None
    allowance = "no limit" if row.allowance is None else f"of {row.allowance}"
    due = "" if row.should_be is None else f", {row.should_be} due by now"
    until = "" if row.period_end is None else f" to {day_month(row.period_end, place.today)}"
    span = f"{day_month(row.period_start, place.today)}{until or ' on, prepaid'}"
    return {
        "done": row.used,
        "booked": row.booked,
        "allowance": row.allowance,
        "should_be": row.should_be,
        "words": f"{row.used} done, {row.booked} booked {allowance}{due}; {span}",
    }


def _excess(row: MembershipRow, place: LocalDay) -> dict[str, str]:
    """The visits that are over, by date and time of day."""
    named = [
        f"{visit_day(at, row.time_zone, place.today)}, {clock_time(at, row.time_zone)}"
        for at in row.excess_starts_at[:EXCESS_SHOWN]
    ]
    more = len(row.excess_starts_at) - len(named)
    if more:
        named.append(f"and {more} more")
    return {"words": named[0] if named else "–", "sub": " · ".join(named[1:])}


def why_empty(*, loaded: bool, trouble: str, narrowed: bool) -> tuple[str, str]:
    """A heading and a sentence for a list without rows. loaded: some source was synced."""
    if not loaded:
        return (
            "Nothing is loaded yet",
            "Load the practice files with “huddle import FOLDER”, or connect a folder with “huddle connect”.",
        )
    if narrowed:
        return "No member matches", "Clear the search to see the others."
    return next((one.good_news for one in TROUBLES if one.id == trouble), ALL)
