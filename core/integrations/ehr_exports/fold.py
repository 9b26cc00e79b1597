"""Rows of an export brought together: one row a key, places for those who need one, and doubled keys turned away."""

from collections import Counter
from collections.abc import Sequence

from core.integrations.ehr_exports.apply import Fault, Made, MadeRow
from core.integrations.ehr_exports.context import Setting
from core.integrations.practice_files.columns import FILES
from core.names import folded

_MOST = {"minutes", "price"}  # of a type of visit: what most visits say
_WHO = {"patients": ("first_name", "last_name", "birth_date")}
_PRACTICE = "location:practice"


def fold(made: Made, setting: Setting, practice: str) -> None:
    """Bring together what belongs together, in place. practice: the name for a place when the export names none.

    Of several lines with one key the last counts; lines that say the same share its fate. Two lines of one sheet that
    mean different people under one key are both faults (DOMAIN §0).
    """
    for file, rows in made.rows.items():
        made.rows[file] = _folded(made, file, rows)
    _locate(made, setting, practice)


def _folded(made: Made, file: str, rows: Sequence[MadeRow]) -> list[MadeRow]:
    by_key: dict[str, list[MadeRow]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    found: list[MadeRow] = []
    for same in by_key.values():
        if len(same) == 1:
            found.append(same[0])
        elif any(row.beside for row in same):
            found.append(_merged(file, same))
        elif _doubled(file, same):
            made.faults += [
                Fault(row.origin, file, row.key, row.theirs.get(FILES[file].columns[0].name, ""),
                      "this id stands on another line for somebody else", {"id": row.key})
                for row in same
            ]  # fmt: skip
        else:
            last = same[-1]
            first = next(row for row in same if row.cells == last.cells)
            first.also += [row.origin for row in same if row is not first]
            found.append(first)
    return found


def _doubled(file: str, same: Sequence[MadeRow]) -> bool:
    columns = [column.name for column in FILES[file].columns]
    who = [columns.index(name) for name in _WHO.get(file, ("patient_id",)) if name in columns]
    by_sheet: dict[int, set[tuple[str, ...]]] = {}
    for row in same:
        by_sheet.setdefault(row.origin.sheet, set()).add(tuple(row.cells[at].casefold() for at in who))
    return any(len(people) > 1 for people in by_sheet.values())


def _merged(file: str, same: Sequence[MadeRow]) -> MadeRow:
    """A row that many lines speak of: each cell as the first line has it that fills it, some as most lines have it."""
    merged = same[0]
    for at, column in enumerate(FILES[file].columns):
        given = [row.cells[at] for row in same if row.cells[at]]
        if not given:
            continue
        if column.name in _MOST:
            some = [cell for cell in given if cell not in {"0", "0.00"}] or given
            merged.cells[at] = Counter(some).most_common(1)[0][0]
        else:
            merged.cells[at] = next(
                (cell for cell in given if not (cell.isupper() or cell.islower())), given[0]
            )
    merged.also = [row.origin for row in same[1:]]
    return merged


def _locate(made: Made, setting: Setting, practice: str) -> None:
    """A place for the practice when nobody names one, the zone for places without, and where each patient belongs when
    there are several: where they are seen most."""
    _meet_known(made, setting)
    places = made.rows.get("locations", [])
    for place in places:
        zone = _at("locations", "time_zone")
        place.cells[zone] = place.cells[zone] or setting.zone
    if not places and not setting.places and made.rows:
        made.rows["locations"] = [_own_place(made, setting, practice)]
    if len({place.key for place in places} | set(setting.places.values())) > 1:
        _spread(made, places)


def _at(file: str, column: str) -> int:
    return [each.name for each in FILES[file].columns].index(column)


def _meet_known(made: Made, setting: Setting) -> None:
    """A place that the store knows under the same name is that place."""
    name = _at("locations", "name")
    known = {
        place.key: setting.places[folded(place.cells[name])]
        for place in made.rows.get("locations", [])
        if place.beside and folded(place.cells[name]) in setting.places
    }
    for file, rows in made.rows.items():
        for row in rows if known else []:
            if file == "locations":
                row.cells[0] = known.get(row.key, row.key)
            elif "location_id" in (columns := [column.name for column in FILES[file].columns]):
                at = columns.index("location_id")
                row.cells[at] = known.get(row.cells[at], row.cells[at])


def _own_place(made: Made, setting: Setting, practice: str) -> MadeRow:
    origin = next(rows[0].origin for rows in made.rows.values() if rows)
    name = setting.answers.get("location", "practice") or practice or "The practice"
    cells = {"location_id": _PRACTICE, "name": name, "time_zone": setting.zone}
    columns = FILES["locations"].columns
    return MadeRow("locations", [cells.get(column.name, "") for column in columns], origin, {}, beside=True)


def _spread(made: Made, places: Sequence[MadeRow]) -> None:
    whose, where, by = (_at("appointments", name) for name in ("patient_id", "location_id", "provider_id"))
    seen: dict[str, Counter[str]] = {}
    works: dict[str, set[str]] = {}
    for row in made.rows.get("appointments", []):
        if row.cells[where]:
            seen.setdefault(row.cells[whose], Counter())[row.cells[where]] += 1
            works.setdefault(row.cells[by], set()).add(row.cells[where])
    only = places[0].key if len(places) == 1 else ""
    for row in made.rows.get("patients", []):
        at = _at("patients", "location_id")
        if not row.cells[at]:
            row.cells[at] = seen[row.key].most_common(1)[0][0] if row.key in seen else only
    for row in made.rows.get("providers", []):
        at, found = _at("providers", "location_id"), works.get(row.key, set())
        if not row.cells[at] and len(found) == 1:
            row.cells[at] = next(iter(found))
