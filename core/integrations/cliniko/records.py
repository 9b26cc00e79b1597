"""From a record on the wire to rows ready for the store, or to a rejected one that says why."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from core.integrations.cliniko.rows import MAPPERS, BadRecord, Cells, Setting
from core.integrations.practice_files.columns import FILES
from core.integrations.practice_files.records import Parsed, RowParsing
from core.integrations.records import Rejected, SetAside

FILE_OF = {
    "businesses": "locations",
    "practitioners": "providers",
    "billable_items": "services",
    "appointment_types": "appointment_types",
    "patients": "patients",
    "individual_appointments": "appointments",
    "attendees": "appointments",
    "invoices": "ledger",
}


class Read(NamedTuple):
    """One record, understood. version: Unix seconds of updated_at. rows, withdrawn, aside, merged_into: see rows.Made."""

    external_id: str
    version: int
    rows: tuple[tuple[str, Parsed], ...]
    withdrawn: tuple[tuple[str, str], ...] = ()
    aside: str = ""
    merged_into: str = ""


def id_of(record: Any) -> str:
    """The id of what may be a record, as text; "" without one."""
    own = record.get("id") if isinstance(record, Mapping) else None
    if isinstance(own, bool) or not isinstance(own, str | int):
        return ""
    return str(own)[:200]


def read(resource: str, record: Any, setting: Setting) -> Read | Rejected:
    """Validate, translate and check one record of a list. Whether those it refers to exist is for the store to say."""
    model, translate = MAPPERS[resource]
    try:
        parsed = model.model_validate(record)
        made = translate(parsed, setting)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return _turned_away(
            model, record, "", f"{where} {first['msg'].removeprefix('Value error, ').lower()}"
        )
    except BadRecord as bad:
        return _turned_away(model, record, "", bad.sentence)
    rows: list[tuple[str, Parsed]] = []
    for file, cells in made.rows:
        checked = _checked(file, cells)
        if isinstance(checked, Rejected):
            return checked._replace(line=None)
        rows.append((file, checked))
    version = int(parsed.updated_at.timestamp())
    return Read(parsed.id, version, tuple(rows), made.withdrawn, made.aside, made.merged_into)


def _checked(file: str, cells: Cells) -> Parsed | Rejected:
    found = _parser(file, tuple(cells))(0, list(cells.values()))
    assert not isinstance(found, SetAside)  # records come of no printed report
    return found


@lru_cache(maxsize=32)
def _parser(file: str, names: tuple[str, ...]) -> RowParsing:
    return RowParsing(FILES[file], {name: place for place, name in enumerate(names)}, printed=False)


def _turned_away(model: Any, record: Any, column: str, reason: str) -> Rejected:
    """With the fields that we read, as they came, and no more of a patient's record."""
    kept = (
        {name: record[name] for name in model.model_fields if name in record}
        if isinstance(record, Mapping)
        else {}
    )
    return Rejected(id_of(record), None, column, reason, kept)
