"""Whose a visit is: patients who were merged into others, and appointments that several patients share."""

from collections.abc import Mapping

from core.jobs.fhir.chunk import Chunk
from core.jobs.fhir.reading import Ready
from core.jobs.fhir.visits import SHARED, keepers


def whose(instead: Mapping[str, str], each: Ready) -> Ready:
    """Everything that names a patient who was merged into another one is the other's."""
    if not instead:
        return each
    for _file, parsed in [each.row, *each.second] if each.row else []:
        if (named := str(parsed.values.get("patient_id") or "")) in instead:
            parsed.values["patient_id"] = instead[named]
    made = each.mapped
    made.shared_by = list(dict.fromkeys(instead.get(name, name) for name in made.shared_by))
    if made.says and made.says[0] == "patients":
        file, patient, column, value = made.says
        made.says = (file, instead.get(patient, patient), column, instead.get(value, value))
    return each


def each_patient(chunk: Chunk, ready: list[Ready]) -> list[Ready]:
    """An appointment of several patients is a visit of each: the first one's under its own id, whoever that was first."""
    shared = [each for each in ready if each.row and len(each.mapped.shared_by) > 1]
    if not shared:
        return ready
    kept = keepers(chunk.session, chunk.places.connection_id, [each.external_id for each in shared])
    chunk.places.known.learn_patients(
        chunk.session, {name for each in shared for name in each.mapped.shared_by}
    )
    return [
        _parted(chunk, each, kept) if each.row and len(each.mapped.shared_by) > 1 else each for each in ready
    ]


def _parted(chunk: Chunk, each: Ready, kept: Mapping[str, str]) -> Ready:
    assert each.row is not None  # asked for rows only
    there = chunk.places.known.parents["patients"]
    patients = [name for name in each.mapped.shared_by if name in there] or each.mapped.shared_by[:1]
    for name in each.mapped.shared_by:
        if name not in there and name not in patients:
            each.mapped.notes.append(
                ("participant", f"{name} is not in patients; the visit is stored without them")
            )
    first = kept[each.external_id] if kept.get(each.external_id) in patients else patients[0]
    file, parsed = each.row
    mine = parsed._replace(values={**parsed.values, "patient_id": first})
    others = [
        (
            file,
            parsed._replace(
                external_id=key, values={**parsed.values, "external_id": key, "patient_id": name}
            ),
        )
        for name in patients
        if name != first and (key := f"{each.external_id}{SHARED}{name}")
    ]
    return each._replace(row=(file, mine), second=others)
