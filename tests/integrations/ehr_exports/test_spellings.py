"""How other systems spell dates, times, money, ids and names, and what is no spelling of anything."""

from datetime import date

import pytest

from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.spellings import Order, Unreadable


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("2026-11-23", None, date(2026, 11, 23)),
        ("11/23/2026", None, date(2026, 11, 23)),
        ("03/09/1984", Order.DAY, date(1984, 9, 3)),
        ("3/9/84", Order.MONTH, date(1984, 3, 9)),
        ("November 23, 2026", None, date(2026, 11, 23)),
        ("March 9 1984", None, date(1984, 3, 9)),
        ("23-Nov-2026", None, date(2026, 11, 23)),
        ("11/23/2026 12:00:00 AM", Order.MONTH, date(2026, 11, 23)),
        ("20261123", None, date(2026, 11, 23)),
        ("46349", None, date(2026, 11, 23)),
    ],
)
def test_a_date_in_every_spelling_met(cell: str, order: Order | None, day: date) -> None:
    assert s.day(cell, order=order, latest_year=2026) == day


@pytest.mark.parametrize("cell", ["November 31, 2026", "2026-02-30", "0000-09-21", "next week", "13/13/2026"])
def test_what_is_no_date_is_never_today(cell: str) -> None:
    with pytest.raises(Unreadable):
        s.day(cell, order=Order.MONTH)


def test_a_date_that_can_be_read_both_ways_is_a_question() -> None:
    with pytest.raises(Unreadable) as both:
        s.day("03/09/1984", order=None)
    assert both.value.ask == "dates"


def test_two_digits_of_a_birth_year_never_lie_in_the_future() -> None:
    assert s.day("4/4/27", order=Order.MONTH, latest_year=2026).year == 1927
    assert s.day("4/4/26", order=Order.MONTH, latest_year=2026).year == 2026
    assert s.day("4/4/27", order=Order.MONTH).year == 2027


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2026-11-23T16:30:00Z", "2026-11-23T16:30:00+00:00"),
        ("2026-11-23 09:30:00 -0700", "2026-11-23T09:30:00-07:00"),
        ("2026-11-23T09:30:00", "2026-11-23T09:30:00"),
        ("11/23/2026 9:30:00 PM", "2026-11-23T21:30:00"),
        ("November 23, 2026 12:15 am", "2026-11-23T00:15:00"),
        ("April 22, 2025 7:00pm", "2025-04-22T19:00:00"),
    ],
)
def test_a_moment_in_every_spelling_met(cell: str, iso: str) -> None:
    assert s.moment(cell, order=Order.MONTH).isoformat() == iso


@pytest.mark.parametrize("cell", ["2026-11-23", "2026-11-23 25:00", "11/23/2026 13:00 PM", "noon"])
def test_a_moment_without_a_time_that_exists_is_none(cell: str) -> None:
    with pytest.raises(Unreadable):
        s.moment(cell, order=Order.MONTH)


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        ("$1,250.00", 125_000), ("(65.00)", -6_500), ("($65.00)", -6_500), ("-15.00", -1_500), ("15.00-", -1_500),
        ("50.0", 5_000), ("25.0000", 2_500), ("-$5.00", -500), ("US$12", 1_200), ("149", 14_900),
    ],
)  # fmt: skip
def test_money_in_every_spelling_met(cell: str, cents: int) -> None:
    assert s.money(cell) == cents


def test_a_decimal_comma_is_read_where_the_column_has_one() -> None:
    assert (s.money("399,00", comma=True), s.money("1.399,00", comma=True)) == (39_900, 139_900)
    assert s.has_comma_cents("399,00")
    assert not s.has_comma_cents("1,250.00")
    assert not s.has_comma_cents("1,250")


@pytest.mark.parametrize("cell", ["n/a", "1.2.3", "12.345", "free", "-(5.00)", ""])
def test_what_is_no_amount_is_not_zero(cell: str) -> None:
    with pytest.raises(Unreadable):
        s.money(cell)


def test_an_id_is_text_and_a_power_of_ten_is_a_lost_one() -> None:
    assert s.identifier(s.bare('="1558354464010667075"')) == "1558354464010667075"
    assert s.identifier("AAAA0000-0000-4000-8000-00000000000B") == "aaaa0000-0000-4000-8000-00000000000b"
    assert s.identifier("00000000-0000-0000-0000-000000000000") == ""
    assert s.identifier("00042") == "00042"
    with pytest.raises(Unreadable, match="spreadsheet"):
        s.identifier("1.55835E+18")


def test_names_of_one_cell() -> None:
    assert s.last_first("Quintero-Hale, Marisol") == ("Marisol", "Quintero-Hale")
    assert s.last_first("Marisol Quintero-Hale**") == ("Marisol", "Quintero-Hale")
    with pytest.raises(Unreadable):
        s.last_first("Marisol")


def test_a_zone_by_its_name_or_by_the_words_of_a_processor() -> None:
    assert s.zone("america/denver") == "America/Denver"
    assert s.zone("Mountain Time (US & Canada)") == "America/Denver"
    with pytest.raises(Unreadable):
        s.zone("Middle Earth")
