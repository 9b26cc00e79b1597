"""Online bookings as rows of the desk's list: when, who, what, with whom, what is paid, and what a person has to do."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from core import clock
from core.booking import desk
from core.booking.desk import BookingRow
from core.booking.models import Back, BookingState
from core.money import short_dollars
from core.permissions import Identity
from dashboard.wording.text import clock_time, count, near_day, phone_words, shown

TO_COME, GONE_BACK = timedelta(days=60), timedelta(days=30)
HEADS = [
    {"key": "at", "label": "When", "kind": "time"},
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "visit", "label": "Visit", "kind": "text"},
    {"key": "money", "label": "Money", "kind": "text"},
    {"key": "say", "label": "To do", "kind": "say"},
]


class Lists(NamedTuple):
    """The four lists of the page: what a person has to do, what is to come, who did not finish, what went back."""

    waiting: list[BookingRow]
    coming: list[BookingRow]
    unpaid: list[BookingRow]
    back: list[BookingRow]


class BookingTile(NamedTuple):
    """One pressable number: which list it counts and shows, and what it means that the list is empty."""

    id: str
    label: str
    icon: str
    tone: str
    rows: Callable[[Lists], list[BookingRow]]
    empty: tuple[str, str]


TILES = (
    BookingTile(
        "waiting", "To do", "priority_high", "high", lambda found: found.waiting,
        ("Nothing to do", "Every online booking stands in the EHR and is paid as agreed."),
    ),
    BookingTile(
        "coming", "Booked, to come", "event_available", "", lambda found: found.coming,
        ("No online booking to come", "Share the link of the booking page, or offer more types under Set-up."),
    ),
    BookingTile(
        "unpaid", "Did not finish", "call", "medium", lambda found: found.unpaid,
        ("Everybody finished", "Nobody left their name in the last seven days without booking."),
    ),
    BookingTile(
        "back", "Money back", "undo", "", lambda found: found.back,
        ("Nothing went back", "No online booking was refunded in the last 30 days."),
    ),
)  # fmt: skip


def read_lists(session: Session, who: Identity, now: datetime, location_id: int | None) -> Lists:
    """What the page shows at an instant (UTC) of one location, or of every one of this person."""
    today = now.date() - timedelta(days=1)
    here = {"location_id": location_id, "practice_id": who.practice_id}
    coming = desk.bookings_between(session, today, today + TO_COME, **here)
    ahead = [row for row in coming if row.starts_at + timedelta(minutes=row.minutes) >= now]
    return Lists(
        desk.bookings_waiting(session, now=now, **here),
        [row for row in ahead if row.state in (BookingState.BOOKED, BookingState.PAYING)],
        desk.holds_unpaid(session, now=now, **here),
        desk.money_back(session, since=now - GONE_BACK, **here),
    )


def tile_of(pressed: str, found: Lists) -> BookingTile:
    """The list that is shown: the pressed one, else what is to do, else what is to come."""
    chosen = next((tile for tile in TILES if tile.id == pressed), None)
    return chosen or (TILES[0] if found.waiting else TILES[1])


def numbers(found: Lists, shown_tile: str) -> list[dict[str, Any]]:
    """The tiles with their counts; each counts exactly the rows it shows."""
    return [
        {
            "id": tile.id,
            "label": tile.label,
            "icon": tile.icon,
            "tone": tile.tone if tile.rows(found) else "",
            "value": f"{len(tile.rows(found))}",
            "pressed": tile.id == shown_tile,
            "why": f"Show “{tile.label}”",
        }
        for tile in TILES
    ]


def drawn(row: BookingRow, now: datetime) -> dict[str, Any]:
    """One booking as the board draws it."""
    local, today = clock.local_date(row.starts_at, row.time_zone), clock.local_date(now, row.time_zone)
    reach = phone_words(row.mobile_phone) if row.mobile_phone else shown(row.email, 40)
    return {
        "id": f"booking {row.booking_id}",
        "key": row.booking_id,
        "severity": "high" if row.conflict else "medium" if row.needs else "",
        "quiet": False,
        "cells": {
            "at": {"words": clock_time(row.starts_at, row.time_zone), "sub": near_day(local, today)},
            "who": {"name": shown(row.patient, 60) or "No name", "sub": reach},
            "visit": {
                "words": shown(row.appointment_type, 60),
                "sub": shown(f"{row.provider} · {count(row.minutes, 'minute')}", 80),
            },
            "money": {"words": money_words(row), "sub": shown(row.prepaid_why, 80)},
            "say": {"words": shown(" ".join(row.needs) or _how_it_stands(row), 300), "calm": not row.needs},
        },
    }


def money_words(row: BookingRow) -> str:
    """`Prepaid $60`, `$60 went back`, `Nothing paid`."""
    if row.back == Back.DONE:
        return f"{short_dollars(row.back_cents)} went back"
    if row.back == Back.WAITING:
        return f"{short_dollars(row.back_cents)} is going back"
    if row.back == Back.REFUSED:
        return f"{short_dollars(row.back_cents)} could not go back"
    return row.paid or "Nothing paid"


def _how_it_stands(row: BookingRow) -> str:
    if row.state == BookingState.PAYING:
        return "The card is with the processor right now."
    if row.state == BookingState.BOOKED:
        return "Booked."
    if row.state == BookingState.EXPIRED:
        return "Left their name and did not finish. Call them and offer a time."
    return row.reason or row.back_why


def list_words(rows: Sequence[BookingRow], tile: BookingTile) -> str:
    """The line above the list."""
    return f"{count(len(rows), 'booking')}, {tile.label.lower()}; press one to see all of it"
