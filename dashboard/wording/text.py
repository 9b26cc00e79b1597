"""Text from outside shown as text, and dates and times in the words of the screen.

A name may hold HTML, a markdown image that would be fetched from elsewhere, or a right-to-left override.
Our own components write text nodes only; whatever goes through Streamlit's markdown goes through `plain`.
"""

import re
from datetime import date, datetime, time, timedelta

from core import clock
from core.dates import clock_words
from core.staff.rules import MIDNIGHT

LONGEST = 120  # characters of a name or a sentence from outside that a screen shows
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$^=&])")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def shown(text: str | None, longest: int = LONGEST) -> str:
    """One line of text from outside, without control and direction characters, cut with an ellipsis."""
    line = " ".join(_INVISIBLE.sub(" ", (text or "")[: longest * 4]).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def plain(text: str | None, longest: int = LONGEST) -> str:
    """Text for st.markdown and labels that comes out as it went in: no link, image, formula, icon or colour."""
    escaped = _MARKDOWN.sub(r"\\\1", shown(text, longest))
    # a colon opens :material/…: and :red[…] even when escaped: a zero-width joiner ends the word
    return escaped.replace(":", ":\u2060")


def ago(instant: datetime | None, as_of: datetime) -> str:
    """How long before `as_of`: `now`, `4 min ago`, `3 h ago`, `2 days ago`; `never` for None."""
    if instant is None:
        return "never"
    minutes = int((as_of - instant).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 120:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"


def day_month(day: date | None, year_of: date | None = None) -> str:
    """`Dec 3`, and `Dec 3, 2027` when it is not the year of `year_of`; `–` for None."""
    if day is None:
        return "–"
    words = f"{day:%b} {day.day}"
    return words if year_of is None or day.year == year_of.year else f"{words}, {day.year}"


def day_words(day: date) -> str:
    """`Mon, Nov 23`."""
    return f"{day:%a}, {day:%b} {day.day}"


def clock_time(instant: datetime, time_zone: str) -> str:
    """`9:05 am` on the wall of the location."""
    return clock_words(instant.astimezone(clock.zone(time_zone)))


def visit_day(instant: datetime | None, time_zone: str, year_of: date | None = None) -> str:
    """The local date of a visit as `Nov 28`; `–` when there is none."""
    return day_month(clock.local_date(instant, time_zone) if instant else None, year_of)


def near_day(day: date, today: date) -> str:
    """`yesterday`, `today`, `tomorrow`, else `Mon, Nov 23`."""
    near = {today - timedelta(1): "yesterday", today: "today", today + timedelta(1): "tomorrow"}
    return near.get(day, day_words(day))


def phone_words(phone: str | None) -> str:
    """`(555) 010-0199` for +15550100199; a number of another shape as it is."""
    found = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", phone or "")
    return f"({found[1]}) {found[2]}-{found[3]}" if found else shown(phone, 30)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 visit`, `38 visits`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def short_time(at: time) -> str:
    """`8 am`, `8:30 am`, `midnight`."""
    if at == MIDNIGHT:
        return "midnight"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes} {'am' if at.hour < 12 else 'pm'}"
