"""How long a visit is: minutes between two moments, or between two times of day."""

from typing import Any

from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.bench import Bench, RowAt, Text, source_of
from core.integrations.ehr_exports.spellings import Unreadable


def minutes(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    """Minutes from one moment to another; unreadable where the end does not lie within a day."""
    start, end = (bench.ends(bench.text(each), each) for each in cell["minutes"])
    column = source_of(bench, cell["minutes"][1])

    def text(row: RowAt) -> str:
        begun, over = start(row), end(row)
        if begun is None or over is None:
            return ""
        length = round((over - begun).total_seconds() / 60)
        if not 0 <= length <= 1_440:
            raise Unreadable("does not lie within a day after the start", column=column)
        return str(length)

    return text


def between(bench: Bench, cell: dict[str, Any], _spelling: Any, _target: Any) -> Text:
    """Minutes from one time of day to another; past midnight where the second is the earlier."""
    start, end = (bench.text(each) for each in cell["between"])
    column = source_of(bench, cell["between"][1])

    def text(row: RowAt) -> str:
        if not start(row) or not end(row):
            return ""
        try:
            return str((s.seconds_of_day(end(row)) - s.seconds_of_day(start(row))) // 60 % 1_440)
        except ValueError:
            raise Unreadable(f"not a time of day: {end(row)}", column=column) from None

    return text
