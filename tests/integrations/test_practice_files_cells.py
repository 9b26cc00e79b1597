"""What a cell may hold, and the reason when it may not."""

from calendar import monthrange
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.integrations.practice_files import cells
from core.integrations.practice_files.cells import BadCell, Noted

GOOD: list[tuple[Callable[[str], Any], str, Any]] = [
    (cells.day, "2028-02-29", date(2028, 2, 29)),
    (cells.moment, "2026-11-21T09:30", datetime(2026, 11, 21, 9, 30)),  # noqa: DTZ001  # a wall clock
    (cells.moment, "2026-11-21 09:30:15", datetime(2026, 11, 21, 9, 30, 15)),  # noqa: DTZ001
    (cells.moment, "2026-11-21T09:30Z", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
    (cells.moment_or_day, "2026-11-21", datetime(2026, 11, 21)),  # noqa: DTZ001
    (cells.amount, "149.00", 14_900),
    (cells.amount, "$1,200", 120_000),
    (cells.signed_amount, "(12.50)", -1_250),
    (cells.yes_no, "YES", True),
    (cells.yes_no, "0", False),
    (cells.whole(), "4", 4),
    (cells.whole(), "4.0", 4),
    (cells.whole(1, 31), "31", 31),
    (cells.percent, "20", 2_000),
    (cells.percent, "12.5%", 1_250),
    (cells.percent, "100", 10_000),
    (cells.time_zone, "america/denver", "America/Denver"),
    (cells.Choice("no_show", "arrived"), "No-Show", "no_show"),
    (cells.phone, "(303) 555-0100", "+13035550100"),
    (cells.phone, "1 303 555 0100", "+13035550100"),
    (cells.phone, "+44 20 7946 0958", "+442079460958"),
    (cells.phone, "303-555-0100 x12", "+13035550100"),
    (cells.email, "zoe@mail.example", "zoe@mail.example"),
    (cells.last_four, "0042", "0042"),
    (cells.last_four, "****4242", "4242"),
    (cells.identifier, "4242424242424242", "4242424242424242"),
    (cells.name, "Zoë 🦴", "Zoë 🦴"),
]

BAD: list[tuple[Callable[[str], Any], str, str]] = [
    (cells.day, "11/21/2026", "is not a date like"),
    (cells.day, "20261121", "is not a date like"),
    (cells.day, "2026-02-29", "is not a day of the calendar"),
    (cells.day, "0017-01-01", "the year 17 cannot be right"),
    (cells.moment, "2026-11-21", "has no time of day"),
    (cells.moment, "noon", "is not a date and time like"),
    (cells.moment, "9999-12-31T23:59", "the year 9999 cannot be right"),
    (cells.amount, "-5.00", "is negative"),
    (cells.amount, "1.234", "is not an amount in dollars and cents"),
    (cells.amount, "12 dollars", "is not an amount in dollars and cents"),
    (cells.amount, "99999999999", "is more money than a practice has"),
    (cells.yes_no, "maybe", "is neither yes nor no"),
    (cells.whole(), "4.5", "is not a whole number"),
    (cells.whole(), "-1", "is not a whole number"),
    (cells.whole(), "٤", "is not a whole number"),
    (cells.whole(1, 31), "32", "is not between 1 and 31"),
    (cells.percent, "101", "is more than 100 percent"),
    (cells.percent, "lots", "is not a percentage"),
    (cells.time_zone, "Mountain", "is not a time zone like"),
    (cells.time_zone, "../../etc/passwd", "is not a time zone like"),
    (cells.Choice("a", "b"), "c", "is not one of a, b"),
    (cells.last_four, "12345", "is not the last four digits"),
    (cells.last_four, "4242424242424242", "looks like a whole card number"),
    (cells.name, "card 4242 4242 4242 4242", "looks like a whole card number"),
    (cells.name, "a\0b", "holds a NUL"),
    (cells.name, "caf\udce9", "holds bytes that are not text"),
    (cells.name, "x" * 501, "is 501 characters long"),
    (cells.text, "x" * 10_001, "is 10,001 characters long"),
    (cells.identifier, "x" * 201, "is 201 characters long"),
]


@pytest.mark.parametrize(("read", "cell", "value"), GOOD)
def test_a_good_cell_is_read(read: Callable[[str], Any], cell: str, value: Any) -> None:
    assert read(cell) == value


@pytest.mark.parametrize(("read", "cell", "reason"), BAD)
def test_a_bad_cell_says_why(read: Callable[[str], Any], cell: str, reason: str) -> None:
    with pytest.raises(BadCell, match=reason):
        read(cell)


@pytest.mark.parametrize(
    ("read", "cell", "stored"),
    [
        (cells.phone, "call the office", None),
        (cells.phone, "12", None),
        (cells.email, "zoe at mail", None),
        (cells.last_four, "42", "0042"),
    ],
)
def test_some_cells_are_stored_with_a_note(read: Callable[[str], Any], cell: str, stored: str | None) -> None:
    with pytest.raises(Noted) as noted:
        read(cell)
    assert noted.value.value == stored


@pytest.mark.parametrize(
    ("cell", "last_day"),
    [
        ("02/28", date(2028, 2, 29)),
        ("11/26", date(2026, 11, 30)),
        ("1/2027", date(2027, 1, 31)),
        ("1226", date(2026, 12, 31)),
        ("12-30", date(2030, 12, 31)),
        ("13/26", None),
        ("00/26", None),
        ("soon", None),
        ("2026-11", None),
        ("11/1926", None),
    ],
)
def test_an_expiry_is_the_last_day_of_its_month_or_unknown(cell: str, last_day: date | None) -> None:
    assert cells.expires_on(cell) == last_day


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_written_expiry_month_reads_back(day: date) -> None:
    last = day.replace(day=monthrange(day.year, day.month)[1])
    assert cells.expires_on(f"{day.month:02d}/{day.year % 100:02d}") == last
    assert (last + timedelta(days=1)).day == 1


@given(st.text(max_size=30))
def test_no_cell_crashes_a_reader(cell: str) -> None:
    for read, _good, _value in GOOD:
        with suppress(BadCell, Noted):  # anything else is a crash
            read(cell)
