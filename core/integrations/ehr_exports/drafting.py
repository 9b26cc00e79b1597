"""A profile made of what a person matched on the screen: which of their columns is which of ours."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import BadInput
from core.integrations.ehr_exports.profile import Cell, Profile, read_profile
from core.integrations.ehr_exports.slots import WANTED
from core.integrations.ehr_exports.words import NOT_A_VISIT


@dataclass(slots=True)
class MatchedFile:
    """One of their files. file: what it holds. columns: slot → their column. words: their word → ours, of the slot with
    words. header: every column it has."""

    name: str
    file: str
    header: list[str]
    columns: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


def drafted(name: str, title: str, files: list[MatchedFile], without_status: Mapping[str, str]) -> Profile:
    """The profile of these matches. without_status: what a visit is that has no status (past, future).

    Raises BadInput that says what is still missing.
    """
    if not name.strip():
        raise BadInput("Give this source a name, for example the name of the old system.")
    kinds = [one.file for one in files if one.file]
    if not kinds:
        raise BadInput("Say of at least one file what it holds.")
    for one in files:
        _complete(one)
    people = next((one for one in files if one.file == "patients"), None)
    tables = [_TABLES[one.file](one, people, without_status) for one in files if one.file]
    tables.sort(key=lambda each: list(WANTED).index(each.pop("kind")))
    asked = any(one.file == "appointments" and not one.columns.get("status") for one in files)
    questions = {
        f"status_when_absent.{when}": {
            "ask": f"What is a visit {text} that has no status?",
            "choices": {each: [] for each in ("scheduled", "completed", "no_show", "cancelled")},
            "default": without_status.get(when, ""),
        }
        for when, text in (("past", "in the past"), ("future", "still to come"))
        if asked
    }
    document = {"profile": name.strip(), "title": title, "questions": questions, "tables": tables}
    return read_profile(json.dumps(document), f"The profile “{name.strip()}”")


def _complete(one: MatchedFile) -> None:
    if not one.file:
        return
    wanted = WANTED[one.file]
    for group in wanted.needs:
        if not any(one.columns.get(slot) for slot in group):
            labels = " or ".join(wanted.slot(slot).label for slot in group)
            raise BadInput(f"{one.name}: say which column is {labels}.")


def _names(one: MatchedFile) -> tuple[Cell, Cell]:
    """First and last name, of two columns or of one."""
    if (whole := one.columns.get("patient_name")) and not one.columns.get("last_name"):
        return {"part": "first", "of": whole}, {"part": "last", "of": whole}
    return one.columns.get("first_name", ""), one.columns.get("last_name", "")


def _identity(one: MatchedFile) -> Cell:
    """A patient's own id, else one made of the name and what tells two people of one name apart."""
    if own := one.columns.get("patient_id"):
        return own
    first, last = _names(one)
    further: list[Any] = []
    if phone := one.columns.get("mobile_phone"):
        further.append({"phone": phone})
    further += [one.columns[slot] for slot in ("email", "birth_date") if one.columns.get(slot)]
    ways = [[first, last, each] for each in further] + [[first, last]]
    return {"made": "patient", "of": ways, "why": "nothing but a part of a name: cannot tell who this is"}


def _table(one: MatchedFile) -> dict[str, Any]:
    used = [*dict.fromkeys(column for column in one.columns.values() if column)]
    return {
        "kind": one.file,
        "table": one.name,
        "names": [one.name.casefold()],
        "has": used,
        "let": {},
        "rows": [],
    }


def _patients(one: MatchedFile, _people: MatchedFile | None, _absent: Mapping[str, str]) -> dict[str, Any]:
    first, last = _names(one)
    cells: dict[str, Any] = {"patient_id": _identity(one), "first_name": first, "last_name": last}
    for slot in ("birth_date", "email", "mobile_phone"):
        if one.columns.get(slot):
            cells[slot] = one.columns[slot]
    if one.columns.get("active"):
        cells["active"] = {"of": one.columns["active"], "words": one.words}
    table = _table(one)
    table["let"]["name"] = {"made": "name", "of": [first, last]}
    table["let"]["patient"] = cells["patient_id"]
    table["rows"] = [{"file": "patients", "cells": {name: cell for name, cell in cells.items() if cell}}]
    return table


def _whose(one: MatchedFile, people: MatchedFile | None, table: dict[str, Any]) -> None:
    """Let `patient` be the id of the patient: their own, or found by name in the list of patients, or made."""
    if one.columns.get("patient_id"):
        table["let"]["patient"] = one.columns["patient_id"]
        return
    first, last = _names(one)
    if people is None or (not one.columns.get("patient_name") and not one.columns.get("last_name")):
        table["let"]["patient"] = _identity(one)
        table["rows"].append(
            {"file": "patients", "beside": True, "cells": {
                "patient_id": "$patient", "first_name": first, "last_name": last,
                **{slot: one.columns[slot] for slot in ("email", "mobile_phone") if one.columns.get(slot)}}}
        )  # fmt: skip
        return
    table["let"]["name"] = {"made": "name", "of": [first, last]}
    table["joins"] = {"person": {"table": people.name, "on": [["$name", "$name"]],
                                 "must": "nobody of this name is in the list of patients"}}  # fmt: skip
    table["let"]["patient"] = {"at": "person", "cell": "$patient"}


def _appointments(one: MatchedFile, people: MatchedFile | None, absent: Mapping[str, str]) -> dict[str, Any]:
    table, columns = _table(one), one.columns
    _whose(one, people, table)
    starts: Cell = columns.get("starts_at") or {"moment": [columns["date"], columns.get("time", "")]}
    table["let"]["starts"] = starts
    ends = columns.get("ends_at")
    minutes: Cell = ""
    if columns.get("minutes"):
        minutes = columns["minutes"]
    elif ends and columns.get("starts_at"):
        minutes = {"minutes": [columns["starts_at"], ends]}
    elif ends and columns.get("time"):
        minutes = {"between": [columns["time"], ends]}
    if columns.get("status"):
        words = {theirs: ours for theirs, ours in one.words.items() if ours}
        table["let"]["status"] = {
            "of": columns["status"],
            "ask": "status",
            "words": words,
            "aside": NOT_A_VISIT,
        }
    else:
        table["let"]["status"] = {"first": [
            {"if": [["$starts", "over"]], "then": {"answer": "status_when_absent.past"}},
            {"answer": "status_when_absent.future"}]}  # fmt: skip
    table["aside"] = [{"if": _nobody(one), "why": "a block of time, no patient"}]
    cells: dict[str, Any] = {
        "appointment_id": columns.get("appointment_id") or {"digest": ["$patient", starts if isinstance(starts, dict) else {"moment": [starts]}]},
        "patient_id": "$patient", "starts_at": "$starts", "minutes": minutes, "status": "$status",
    }  # fmt: skip
    for slot, file, key in (("provider", "providers", "provider_id"), ("location", "locations", "location_id"),
                            ("type", "appointment_types", "appointment_type_id")):  # fmt: skip
        if column := columns.get(slot):
            made = {"made": slot, "of": [column]}
            beside: dict[str, Any] = {key: made, "name": column}
            if file == "appointment_types" and minutes:
                beside["minutes"] = minutes
            table["rows"].append({"file": file, "beside": True, "cells": beside})
            cells[key] = made
    table["rows"].append(
        {"file": "appointments", "cells": {name: cell for name, cell in cells.items() if cell}}
    )
    return table


def _nobody(one: MatchedFile) -> list[list[Any]]:
    return [
        [one.columns[slot], "empty"]
        for slot in ("patient_id", "patient_name", "last_name")
        if one.columns.get(slot)
    ]


def _ledger(one: MatchedFile, people: MatchedFile | None, _absent: Mapping[str, str]) -> dict[str, Any]:
    table, columns = _table(one), one.columns
    _whose(one, people, table)
    amounts = [columns[slot] for slot in ("charge", "payment", "adjustment") if columns.get(slot)]
    key: Cell = columns.get("entry_id") or {
        "digest": ["$patient", {"date": columns["posted_on"]}, *({"sum": [each]} for each in amounts)]
    }
    table["let"]["key"] = key
    table["aside"] = [{"if": [[each, "no amount"] for each in amounts], "why": "zero amount, nothing owed"}]
    for slot, plus, minus in (("charge", "charge", "adjustment"), ("payment", "payment", "refund")):
        if column := columns.get(slot):
            table["rows"] += [
                _entry(one, column, plus, "positive", f"{slot}"),
                _entry(one, column, minus, "negative", f"{slot} back"),
            ]
    if column := columns.get("adjustment"):
        table["rows"].append(_entry(one, column, "adjustment", "some", "adjustment", signed=True))
    return table


def _entry(
    one: MatchedFile, column: str, kind: str, when: str, name: str, *, signed: bool = False
) -> dict[str, Any]:
    cells: dict[str, Any] = {
        "entry_id": {"join": ["$key", {"is": name}], "with": ":"}, "patient_id": "$patient",
        "posted_on": one.columns["posted_on"], "kind": {"is": kind}, "part": {"is": "patient"},
        "amount": column if signed else {"sum": [column], "abs": True},
    }  # fmt: skip
    if one.columns.get("description"):
        cells["description"] = one.columns["description"]
    return {"file": "ledger", "if": [[column, when]], "cells": cells}


_TABLES = {"patients": _patients, "appointments": _appointments, "ledger": _ledger}
