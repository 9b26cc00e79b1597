"""The book a practice is written into: EHR rows, processor records, and the one seeded dice both are thrown with."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from core.money import decimal_text
from data.sandbox.practice.columns import COLUMNS, FORTIS_RESOURCES, PROCESSOR_FILES

Row = dict[str, str]
Record = dict[str, Any]


@dataclass(slots=True)
class Place:
    """A location on both sides, with the quarter-hours each provider has given away (a bit each, from 8:00)."""

    id: str
    zone: str
    area_code: str
    fortis_id: str
    cc_id: str
    ach_id: str
    chiropractors: list[str] = field(default_factory=list)
    massage: list[str] = field(default_factory=list)
    taken: defaultdict[tuple[str, date], int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class Person:
    """A patient while being written. contact: the processor's record of them, if it has one."""

    id: str
    first: str
    last: str
    born: date
    email: str
    phone: str
    place: Place
    provider: str
    row: Row
    guarantor: "Person | None" = None
    contact: Record | None = None


@dataclass(slots=True)
class Book:
    seed: int
    today: date
    size: int
    rng: Random
    places: list[Place] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    files: dict[str, list[Row]] = field(
        default_factory=lambda: {name: [] for name in COLUMNS if name not in PROCESSOR_FILES}
    )
    fortis: dict[str, list[Record]] = field(default_factory=lambda: {name: [] for name in FORTIS_RESOURCES})
    stories: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    pays_for: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def next_id(self, prefix: str, digits: int = 4) -> str:
        """`P0001`, `P0002` …: readable and alphanumeric, as the processor's *_api_id fields demand."""
        self.counts[prefix] += 1
        return f"{prefix}{self.counts[prefix]:0{digits}d}"

    def hex_id(self) -> str:
        """24 hex characters as Fortis has them; the letters inside keep any run of digits below 13 (DOMAIN §13)."""
        bits = self.rng.getrandbits(80)
        return f"11e{bits >> 48:08x}{'abcdef'[bits % 6]}{bits & 0xFFFFFFFFFFFF:012x}"

    def row(self, file: str, **cells: str) -> Row:
        """Adds one row of a practice file; what is not given is an empty cell."""
        row = dict.fromkeys(COLUMNS[file], "")
        row.update(cells)
        self.files[file].append(row)
        return row

    def record(self, resource: str, **values: Any) -> Record:
        self.fortis[resource].append(values)
        return values

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def ahead(self, days: int) -> date:
        return self.today + timedelta(days=days)


def money(cents: int) -> str:
    """`149.00`"""
    return decimal_text(cents)
