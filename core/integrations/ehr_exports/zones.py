"""On whose wall clock the times of an export are written: as a person said, as the export says, as its offsets show, or as
the location in the store has it. Otherwise it is asked."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.bench import Bench, RowAt
from core.integrations.ehr_exports.context import Setting
from core.integrations.ehr_exports.profile import Profile
from core.integrations.ehr_exports.spellings import Unreadable

_ENOUGH = 5_000
_LIKELY = (  # of zones that keep the same clocks one is enough
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Halifax",
    "America/St_Johns",
)


def find_zone(profile: Profile, benches: Sequence[Bench], setting: Setting) -> str:
    """Fill in the setting's zone. Returns a sentence that says which it is and why, "" when nobody knows.

    Raises BadInput when what a person said is no time zone.
    """
    if said := setting.answers.get("time_zone", "zone", "timezone"):
        setting.zone, setting.zone_from = s.named_zone(said), "as you said"
    elif named := _named(profile, benches):
        setting.zone, setting.zone_from = named, "as the export says"
    elif not setting.zone and (shown := _shown(benches)):
        setting.zone, setting.zone_from = shown, "as the offsets in the export show"
    if not setting.zone:
        return ""
    return f"Times without an offset are read as {setting.zone}, {setting.zone_from}."


def _named(profile: Profile, benches: Sequence[Bench]) -> str:
    seen: Counter[str] = Counter()
    for table, column in profile.zone:
        for bench in benches:
            if bench.opened.table.table == table and bench.place(column) is not None:
                text = bench.text(column)
                seen.update(
                    cell
                    for line in bench.opened.lines()
                    if line.is_row and (cell := text(RowAt(bench, 0, line.cells)))
                )
    for name, _count in seen.most_common():
        try:
            return s.zone(name)
        except Unreadable:
            continue
    return ""


def _shown(benches: Sequence[Bench]) -> str:
    """The one likely zone that has every offset at its time; none when two that differ have."""
    moments = [moment for bench in benches for moment in _with_offsets(bench)]
    if not moments:
        return ""
    fitting = [
        name
        for name in _LIKELY
        if all(each.astimezone(ZoneInfo(name)).utcoffset() == each.utcoffset() for each in moments)
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _with_offsets(bench: Bench) -> Iterator[datetime]:
    for row in bench.opened.table.rows:
        column = row.cells.get("starts_at")
        at = bench.place(column) if isinstance(column, str) and not column.startswith("$") else None
        if row.file != "appointments" or at is None:
            continue
        read = bench.moment_reader(at)
        for count, line in enumerate(bench.opened.lines()):
            if count == _ENOUGH:
                return
            try:
                found = None if not line.is_row or not line.cells[at] else read(line.cells[at])
            except Unreadable:
                continue
            if found is not None and found.tzinfo is not None and found.utcoffset() != UTC.utcoffset(None):
                yield found
