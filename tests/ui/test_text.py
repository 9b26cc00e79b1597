"""Text from outside stays text, and dates read as people say them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from dashboard.wording.text import ago, clock_time, day_month, near_day, phone_words, plain, shown

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_a_name_of_ten_thousand_letters_is_cut() -> None:
    cut = shown("x" * 10_000, 60)
    assert len(cut) == 60
    assert cut.endswith("…")


def test_a_name_cannot_turn_the_rest_of_the_line_around() -> None:
    assert shown("Ana\u202e zuiR\n\tRuiz\u200b") == "Ana zuiR Ruiz"


@pytest.mark.parametrize(
    "hostile", ["![x](https://elsewhere/a.png)", "<b>x</b>", "$\\frac{1}{2}$", "# title", "a_b_", "`x`"]
)
def test_every_character_that_markdown_reads_is_escaped(hostile: str) -> None:
    escaped = plain(hostile)
    bare = escaped.replace("\\\\", "")
    assert all(before == "\\" for before, one in pairwise(bare) if one in "![]()<>$#_`{}")


def test_a_colon_cannot_open_an_icon_or_a_colour() -> None:
    assert ":material" not in plain(":material/home: :red[x]")
    assert ":red" not in plain(":material/home: :red[x]")


@pytest.mark.parametrize(
    ("before", "words"),
    [(0, "now"), (4, "4 min ago"), (119, "119 min ago"), (180, "3 h ago"), (3 * 1440, "3 days ago")],
)
def test_freshness_is_said_in_words(before: int, words: str) -> None:
    assert ago(NOW - timedelta(minutes=before), NOW) == words


def test_what_never_synced_says_never() -> None:
    assert ago(None, NOW) == "never"


def test_a_visit_shows_the_clock_on_the_wall_of_its_location() -> None:
    assert clock_time(NOW, "America/New_York") == "9:00 am"
    assert clock_time(NOW, "America/Los_Angeles") == "6:00 am"
    assert clock_time(datetime(2026, 11, 23, 17, 5, tzinfo=UTC), "America/New_York") == "12:05 pm"


def test_the_year_is_said_only_when_it_is_another() -> None:
    today = date(2026, 11, 23)
    assert day_month(date(2026, 12, 3), today) == "Dec 3"
    assert day_month(date(2027, 1, 3), today) == "Jan 3, 2027"
    assert day_month(None, today) == "–"
    assert near_day(date(2026, 11, 24), today) == "tomorrow"


def test_a_phone_reads_as_people_write_it() -> None:
    assert phone_words("+15550100199") == "(555) 010-0199"
    assert phone_words("+442079460000") == "+442079460000"
