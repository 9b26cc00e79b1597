"""A profile: how one system's files become rows of practice files (CONTRACTS §6). Data, one JSON file each.

    {"profile": "jane", "title": "Jane (report exports)",
     "questions": {"archived": {"ask": "…", "choices": ["cancelled", …], "default": "cancelled"}},
     "never": ["notes_text"],
     "tables": [{"table": "appointments", "names": ["*_appointments_*"], "has": ["start_at"], "has_not": [],
                 "joins": {"claims": {"table": "claims", "on": [["doctor", "doctor_id"]]}},
                 "let": {"status": CELL}, "aside": [{"if": [CONDITION], "why": "…"}],
                 "refuse": [{"if": […], "column": "…", "why": "…"}],
                 "rows": [{"file": "appointments", "if": […], "cells": {"appointment_id": CELL}, "beside": false}]}]}

A CELL is a column's name, a list of names (the first that the file has), `$name` of a let, or an object:
`{"is": text}` · `{"of": COLUMN, "words": {theirs: ours or CELL}, "ask": name}` · `{"join": [CELL…], "with": text}` ·
`{"first": [{"if": […], "then": CELL}…, CELL]}` · `{"made": kind, "of": [CELL…] or [[CELL…]…]}` (an id from names) ·
`{"minutes": [from, to]}` · `{"between": [time, time]}` · `{"sum": [COLUMN, "-COLUMN"], "abs": true}` · `{"answer": key}` · `{"at": join, "cell": CELL}` ·
`{"part": "first" or "last", "of": COLUMN}` · `{"date": COLUMN}` · `{"moment": [date, time, zone]}` · `{"digest": [CELL…]}` (an id
of what the row says; amounts and dates in it as sums and dates, so that another spelling makes no other id).
A CONDITION is [COLUMN or $let, test, value?]; the tests are in conditions.py. Columns are compared without case, spaces and
punctuation. beside: the row is made once for many lines (a provider); their cells are merged.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadInput

_FOLDER = Path(__file__).parent / "profiles"
Cell = str | list[Any] | dict[str, Any]
Condition = list[Any]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(_Form):
    """What a person is asked once. choices: the answers, each with other ways to say it. default: what stands without."""

    ask: str
    choices: dict[str, list[str]] = Field(default_factory=dict)
    default: str = ""


class Join(_Form):
    """The row of another table that belongs to this one. on: [column here, column there]. if: which of its rows count at
    all. newest: of several the one whose column there is the latest; without it several are a fault. must: a row without
    a partner cannot be used."""

    table: str
    on: list[tuple[str, str]]
    when: list[Condition] = Field(default_factory=list, alias="if")
    newest: str = ""
    must: str = ""


class Rule(_Form):
    """if: all of them. column: the one at fault."""

    when: list[Condition] = Field(alias="if")
    why: str
    column: str = ""


class Row(_Form):
    """One row of a practice file. beside: see above."""

    file: str
    when: list[Condition] = Field(default_factory=list, alias="if")
    cells: dict[str, Cell]
    beside: bool = False


class Unused(_Form):
    """What becomes of a row of a table without rows of its own that no other row was joined to."""

    why: str
    quarantine: str = ""  # the practice file it would have filled; "" = it is set aside


class Table(_Form):
    """One kind of their files. names: patterns of file names, has: columns it must have (`a|b`: one of them). dated:
    its file name says when it was made. A table without rows only serves others: see `unused`."""

    table: str
    names: list[str] = Field(default_factory=list)
    has: list[str]
    has_not: list[str] = Field(default_factory=list)
    dated: bool = False
    joins: dict[str, Join] = Field(default_factory=dict)
    let: dict[str, Cell] = Field(default_factory=dict)
    aside: list[Rule] = Field(default_factory=list)
    refuse: list[Rule] = Field(default_factory=list)
    rows: list[Row] = Field(default_factory=list)
    unused: Unused = Unused(why="nothing in it for Huddle")


class Profile(_Form):
    """One system's. zone: the column of some table that names the practice's time zone, as [table, column]."""

    profile: str
    title: str
    about: str = ""
    zone: list[tuple[str, str]] = Field(default_factory=list)
    questions: dict[str, Question] = Field(default_factory=dict)
    never: list[str] = Field(default_factory=list)
    tables: list[Table]

    def table(self, name: str) -> Table:
        return next(each for each in self.tables if each.table == name)


def read_profile(text: str, what: str = "This profile") -> Profile:
    """A profile from its JSON. Raises BadInput that says which part of it is wrong."""
    try:
        return Profile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = " → ".join(str(part) for part in first["loc"]) or "the whole"
        raise BadInput(f"{what} cannot be used: {place}: {first['msg'].lower()}.") from error


def written_profile(profile: Profile) -> str:
    """A profile as JSON, as `read_profile` takes it."""
    return json.dumps(
        profile.model_dump(by_alias=True, exclude_defaults=True, mode="json"), indent=1, ensure_ascii=False
    )


@lru_cache(maxsize=1)
def built_in() -> dict[str, Profile]:
    """The profiles that come with Huddle, by name."""
    found = [read_profile(path.read_text("utf-8"), path.name) for path in sorted(_FOLDER.glob("*.json"))]
    return {each.profile: each for each in found}
