"""What one FHIR resource comes to, and what all mappings share: codes, people meant, days."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from core import clock
from core.integrations.fhir.records import Concept, Fault, Reference
from core.integrations.fhir.refs import Setting, meant

Cells = dict[str, str]


@dataclass(slots=True)
class Mapped:
    """What one resource comes to.

    row: (practice file, cells); None when it is nothing that Huddle keeps. beside: types of visits and services, made
    once. second: further rows that stand and fall with the row. withdrawn: (file, external id) that must not stand.
    says: (file, external id, column, value) about another resource's row. instead_of: ids of appointments that, where
    they are known, are this visit already. shared_by: every patient of an appointment, each a visit of their own. unknown:
    fields that nothing could be made of. number: the EHR's own number of a patient. notes: (field, what is worth
    telling).
    """

    row: tuple[str, Cells] | None = None
    beside: list[tuple[str, Cells]] = field(default_factory=list)
    second: list[tuple[str, Cells]] = field(default_factory=list)
    withdrawn: list[tuple[str, str]] = field(default_factory=list)
    says: tuple[str, str, str, str] | None = None
    instead_of: list[str] = field(default_factory=list)
    number: str | None = None
    notes: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    shared_by: list[str] = field(default_factory=list)


def coded(concept: Concept) -> tuple[str, str] | None:
    """The key and the name of a code or, without one, of its words."""
    for coding in concept.coding:
        if coding.code:
            key = f"{coding.system}|{coding.code}" if coding.system else coding.code
            return key, concept.text or coding.display or coding.code
    return (f"text|{concept.text}"[:200], concept.text) if concept.text else None


def first(setting: Setting, references: Iterable[Reference | None], kind: str) -> str:
    return next((found for each in references if (found := meant(setting, each, kind))), "")


def posted_on(moment: str, setting: Setting, path: str) -> str | Fault:
    """The practice's day of a date or instant."""
    if not moment:
        return Fault(path, "is missing")
    if len(moment) in (4, 7):
        return Fault(path, "is not a whole date")
    if len(moment) == 10:
        return moment
    try:
        return (
            clock.local_instant(datetime.fromisoformat(moment), setting.zone)
            .astimezone(clock.zone(setting.zone))
            .date()
            .isoformat()
        )
    except (ValueError, OverflowError):
        return Fault(path, "is not a date like 2026-11-21")


def day(moment: str | None, setting: Setting, path: str, notes: list[tuple[str, str]]) -> str:
    """As posted_on, where an unknown day does no harm: it is kept as unknown, and said."""
    if not moment:
        return ""
    read = posted_on(moment, setting, path)
    if isinstance(read, Fault):
        notes.append((path, f"{read.reason}; it is kept as unknown"))
        return ""
    return read
