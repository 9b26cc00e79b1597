"""Where the lists of `huddle report` differ from the oracle's: rows too many, rows too few, and every key of CONTRACTS §2."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from tests.oracle import lists
from tests.oracle.oracle import last_done, next_open
from tests.oracle.reading import UNSURE, Clinic, Row


class Difference(NamedTuple):
    where: str
    column: str
    oracle: Any
    report: Any

    def __str__(self) -> str:
        return f"{self.where} {self.column}: the oracle says {self.oracle!r}, the report {self.report!r}"


KEYS = {"arrears": lists.ARREARS, "memberships": lists.MEMBERSHIPS, "cards": lists.CARDS}
IN_A_PERIOD = ("OVER_SCHEDULED", "UNDER_BOOKED", "USED_UP")


def list_differences(
    files: dict[str, list[Row]], as_of: datetime, told: dict[str, dict[str, Any]]
) -> Iterator[Difference]:
    """told: the three documents by name."""
    clinic = Clinic(files, as_of)

    def coming(patient_id: str) -> Any:
        return clinic.shown(next_open(clinic, patient_id, clinic.as_of))

    def past(patient_id: str) -> Any:
        return clinic.shown(last_done(clinic, patient_id))

    for name, document in told.items():
        yield from _head(clinic, name, document)
    yield from _by_key(
        "arrears", "plan_id", lists.arrears(clinic, coming), told["arrears"]["rows"], doubtful=("SETTLEMENT",)
    )
    yield from _by_key("cards", "patient_id", lists.cards(clinic, coming), told["cards"]["rows"])
    rows = told["memberships"]["rows"]
    for membership_id, said in lists.memberships(clinic, past, coming).items():
        mine = [row for row in rows if row["membership_id"] == membership_id]
        yield from _membership(membership_id, said, mine)


def _head(clinic: Clinic, name: str, document: dict[str, Any]) -> Iterator[Difference]:
    yield from _same(name, "report", name, document["report"])
    yield from _same(name, "as_of", clinic.shown(clinic.as_of), document["as_of"])
    yield from _same(name, "location", None, document["location"])
    for source in document["sources"]:
        yield from _same(name, "source", True, {"name", "synced_at", "stale"} <= source.keys())
    for row in document["rows"]:
        missing = [key for key in KEYS[name] if key not in row]
        yield from _same(f"{name} {row}" if missing else name, "keys that are not there", [], missing)


def _by_key(
    name: str, key: str, said: dict[str, Any], rows: list[dict[str, Any]], doubtful: tuple[str, ...] = ()
) -> Iterator[Difference]:
    """One row each, exactly where the oracle has one; what it is not sure of is left out."""
    told = {row[key]: row for row in rows if row["state"] not in doubtful}
    if len({row[key] for row in rows}) < len(rows):
        yield Difference(name, "rows", "one row each", sorted(row[key] for row in rows))
    for one, expected in said.items():
        if expected is UNSURE:
            continue
        yield from _same(f"{name} {one}", "is listed", expected is not None, one in told)
        if expected is not None and one in told:
            yield from _values(f"{name} {one}", expected, told[one])
    strangers = sorted(told.keys() - said.keys())
    yield from _same(name, "rows of nobody", [], strangers)


def _values(where: str, expected: dict[str, Any], row: dict[str, Any]) -> Iterator[Difference]:
    for column, value in expected.items():
        yield from _same(where, column, value, row[column])


def _membership(membership_id: str, said: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[Difference]:
    where = f"memberships {membership_id}"
    for row in rows:
        yield from _values(f"{where} {row['state']}", said["about"], row)
    for (first, service_class), period in said["periods"].items():
        yield from _period(f"{where} {first} {service_class}", first, service_class, period, rows)
    expected = said["NOT_SCHEDULED"]
    got = [row for row in rows if row["state"] == "NOT_SCHEDULED"]
    if expected is not UNSURE:
        yield from _same(where, "NOT_SCHEDULED rows", 0 if expected is None else 1, len(got))
        if expected is not None and got:
            yield from _values(f"{where} NOT_SCHEDULED", expected, got[0])
    for state in ("BOOKED_WHILE_FROZEN", "OUTSIDE_TERM"):
        if said[state] is not UNSURE:
            yield from _same(
                where, state, said[state], sum(row["booked"] for row in rows if row["state"] == state)
            )


def _period(
    where: str, first: str, service_class: str, period: dict[str, Any], rows: list[dict[str, Any]]
) -> Iterator[Difference]:
    mine = [row for row in rows if (row["period_start"], row["service_class"]) == (first, service_class)]
    for state in IN_A_PERIOD:
        got = [row for row in mine if row["state"] == state]
        yield from _same(where, f"{state} rows", _count(period["states"][state]), len(got))
        for row in got:
            for column in (
                "allowance",
                "used",
                "booked",
                "committed",
                "over",
                "excess_appointment_ids",
                "period_end",
            ):
                yield from _same(f"{where} {state}", column, period[column], row[column])


def _count(is_said: Any) -> Any:
    return UNSURE if is_said is UNSURE else int(is_said)


def _same(where: str, column: str, oracle: Any, report: Any) -> Iterator[Difference]:
    if oracle is not UNSURE and oracle != report:
        yield Difference(where, column, oracle, report)
