"""Finding a patient from anywhere, by whatever the desk has: name, phone, birth date, e-mail, chart number, card.

Each way rests on an index (migration 0025), so that it answers at once in a store of 200,000 patients: names are read
from the index of `search_name` alone, everything else is looked up.
"""

import re
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_, select
from sqlmodel import Session

from core.cards.models import Card
from core.connections.models import Connection
from core.names import folded, initials_of
from core.patients.models import Patient
from core.permissions import Identity, Permission, may, require
from core.practice.models import Location
from core.store.base import table_of

MOST = 10
SHORTEST = 2  # characters; one letter is half the practice
LONGEST = 60
_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_patient, _card = table_of(Patient), table_of(Card)


class Found(NamedTuple):
    """One patient that fits. key: store id. matched: by what, for the line beneath the name ("card ending 4242")."""

    key: int
    name: str
    initials: str
    birth_date: date | None
    mobile_last_four: str | None
    location: str
    active: bool
    matched: str


def find_patients(
    session: Session, who: Identity, typed: str, *, today: date, limit: int = MOST
) -> list[Found]:
    """The patients of this person's practice and location that fit what was typed, the likeliest first.

    typed: words of a name; a birth date (3/14/1980); an e-mail address; a chart number; a phone number or at least its
    last four digits; for who may see money also the last four digits of a card. Raises NotAllowed.
    """
    require(who.role, Permission.SEE_PATIENTS)
    text = " ".join(typed.split())[:LONGEST]
    if len(text) < SHORTEST:
        return []
    for query, matched in _ways(text, who, today):
        rows = session.execute(_shown(query, who).limit(limit)).all()
        if rows:
            return [_found(row, matched) for row in rows]
    return []


def _ways(text: str, who: Identity, today: date) -> list[tuple[Any, str]]:
    """The statements to try, the first that finds somebody is the answer: each the ids, and by what they were found."""
    digits = re.sub(r"\D", "", text)
    if (born := birth_date_of(text, today)) is not None:
        return [(_ids(_patient.c.birth_date == born), "born on that day")]
    if "@" in text:
        other = (
            _patient.alias()
        )  # an address is written in any case: the index of addresses is read, not the rows
        same = select(other.c.id).where(func.lower(other.c.email) == text.lower())
        return [(_ids(_patient.c.id.in_(same)), "that e-mail")]
    chart = (_ids(_patient.c.ehr_number == text), f"chart number {text}")
    if digits and not re.search(r"[^\d\s()+.\-]", text):
        return [*_by_digits(digits, who), chart]
    return [(_by_name(folded(text).split()), ""), chart]


def _by_digits(digits: str, who: Identity) -> list[tuple[Any, str]]:
    if len(digits) < 4:
        return []
    last = digits[-4:]
    phone = _patient.c.mobile_last_four == last
    if len(digits) > 4:
        return [(_ids(phone, _patient.c.mobile_phone.endswith(digits[-10:])), f"phone ending {digits[-4:]}")]
    ways = [(_ids(phone), f"phone ending {last}")]
    if may(who.role, Permission.SEE_MONEY):
        cards = select(_card.c.patient_id).where(_card.c.last_four == last, _card.c.gone_at.is_(None))
        either = or_(phone, _patient.c.id.in_(cards))
        ways = [(_ids(either), f"phone or card ending {last}")]
    return ways


def _by_name(words: list[str]) -> Any:
    """Every word somewhere in the name; who has a name that begins so comes first. Read from the index alone."""
    name = _patient.c.search_name
    first = words[0] if words else ""
    begins = or_(name.startswith(first, autoescape=True), name.contains(f" {first}", autoescape=True))
    query = select(_patient.c.id, case((begins, 0), else_=1).label("rank"), name.label("word"))
    for word in words:
        query = query.where(name.contains(word, autoescape=True))
    return query.order_by("rank", "word").limit(200)


def _ids(*where: Any) -> Any:
    return select(_patient.c.id, case((_patient.c.id > 0, 0)).label("rank"), _patient.c.search_name.label("word")).where(*where).limit(200)  # fmt: skip


def _shown(query: Any, who: Identity) -> Any:
    """What the list shows of the found ones: those of this person's practice and place, active ones first."""
    found, place = query.subquery(), table_of(Location)
    ours = select(table_of(Connection).c.id).where(table_of(Connection).c.practice_id == who.practice_id)
    columns = (
        _patient.c.id, _patient.c.first_name, _patient.c.last_name, _patient.c.birth_date,
        _patient.c.mobile_last_four, _patient.c.active, place.c.name.label("location"),
    )  # fmt: skip
    shown = (
        select(*columns)
        .join(found, found.c.id == _patient.c.id)
        .outerjoin(place, place.c.id == _patient.c.location_id)
        .where(_patient.c.gone_at.is_(None), _patient.c.connection_id.in_(ours))
    )
    if who.location_id is not None:
        here = or_(_patient.c.location_id == who.location_id, _patient.c.location_id.is_(None))
        shown = shown.where(here)
    return shown.order_by(_patient.c.active.desc(), found.c.rank, found.c.word, _patient.c.id)


def _found(row: Any, matched: str) -> Found:
    name = f"{row.first_name} {row.last_name}".strip()
    return Found(
        row.id, name, initials_of(name), row.birth_date, row.mobile_last_four, row.location or "", row.active, matched
    )  # fmt: skip


def birth_date_of(text: str, today: date) -> date | None:
    """`3/14/1980`, `03-14-80` (of two digits the year that is over) or `1980-03-14`; None for anything else."""
    if found := _ISO_DAY.fullmatch(text):
        year, month, day = (int(one) for one in found.groups())
    elif found := _DAY.fullmatch(text):
        month, day, year = (int(one) for one in found.groups())
        if len(found[3]) == 2:
            year += 2000 if 2000 + year <= today.year else 1900
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
