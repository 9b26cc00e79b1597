"""Loads a practice the way a clinic does, asks the reports, and lists where they and the oracle differ."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine

from core import clock
from core.findings.gather import gather
from core.findings.judge import Judged, judge
from core.findings.setting import setting_of
from core.jobs.practice_files.load import import_folder
from core.patients.reports import active_patients
from core.practice.reports import locations
from core.reports.as_file import as_json
from core.reports.by_name import report_by_name
from core.reports.cards import needs_a_person
from core.reports.morning import morning, patients
from core.store.engine import reader
from data.sandbox.practice import write_files
from tests.oracle.list_comparison import Difference, list_differences
from tests.oracle.oracle import answers
from tests.oracle.reading import UNSURE, Row

LISTS = ("arrears", "memberships", "cards")


class Told(NamedTuple):
    """What Huddle answers: the reports as JSON, and behind them what was found about each patient."""

    morning: dict[str, Any]
    patients: dict[str, Any]
    judged: dict[str, Judged]
    lists: dict[str, dict[str, Any]]


def asked(engine: Engine, folder: Path, files: dict[str, list[Row]], as_of: datetime) -> Told:
    write_files(files, folder)
    instant = as_of.astimezone(UTC)
    with clock.frozen(instant):
        result = import_folder(engine, folder)
        assert not result.errors, result.errors
        assert not result.quarantine, result.quarantine
        with reader(engine) as session:
            found: dict[str, Judged] = {}
            for place in locations(session):
                setting = setting_of(session, place, instant)
                for keys in active_patients(session, place, first=True):
                    for facts in gather(session, keys, as_of=instant, time_zone=setting.time_zone).values():
                        found[facts.person.external_id] = judge(facts, setting)
            return Told(
                as_json(morning(session, location_id=None, day=None, as_of=instant)),
                as_json(patients(session, location_id=None, as_of=instant)),
                found,
                {name: as_json(report_by_name(session, name, as_of=instant.isoformat())) for name in LISTS},
            )


def cards_judged_otherwise(told: Told) -> list[str]:
    """The cards list is narrowed in SQL and reads plans as sums: where it differs from judging each patient whole."""
    listed = {
        row["patient_id"]: (row["state"], row["severity"], row["at_risk_cents"], row["reason"])
        for row in told.lists["cards"]["rows"]
    }
    whole = {
        key: (one.card.state, one.card.severity, one.card.at_risk_cents, one.card.reason)
        for key, one in told.judged.items()
        if needs_a_person(one.card)
    }
    return [
        f"cards {key}: the list says {listed.get(key)}, the patient card {whole.get(key)}"
        for key in sorted(listed.keys() | whole.keys())
        if listed.get(key) != whole.get(key)
    ]


def differences(files: dict[str, list[Row]], as_of: datetime, told: Told) -> Iterator[Difference]:
    oracle = answers(files, as_of)
    rows = {row["patient_id"]: row for row in told.patients["rows"]}
    visits = {row["appointment_id"]: row for row in told.morning["rows"]}
    yield from _same("patients", "rows", sorted(oracle["patients"]), sorted(rows))
    yield from _same("morning", "rows", sorted(oracle["morning"]), sorted(visits))
    starts = [row["starts_at"] for row in told.morning["rows"]]
    yield from _same("morning", "order", sorted(starts), starts)
    for patient_id, said in oracle["patients"].items():
        if patient_id in rows:
            yield from _row(f"patients {patient_id}", said, rows[patient_id])
            yield from _plans(f"plans {patient_id}", said, told.judged[patient_id])
            yield from _memberships(f"memberships {patient_id}", said, told.judged[patient_id], as_of)
    yield from list_differences(files, as_of, told.lists)
    for visit_id, said in oracle["morning"].items():
        if visit_id in visits:
            where = f"morning {visit_id} of {said['patient_id']}"
            yield from _row(where, said, visits[visit_id])
            yield from _same(where, "starts_at", said["starts_at"], visits[visit_id]["starts_at"])


def _same(where: str, column: str, oracle: Any, report: Any) -> Iterator[Difference]:
    if oracle is not UNSURE and oracle != report:
        yield Difference(where, column, oracle, report)


def _row(where: str, said: dict[str, Any], row: dict[str, Any]) -> Iterator[Difference]:
    fine = ("HAS_CARD", "VIA_GUARANTOR", "BANK_ONLY", "OK")
    for name, value in said["card"].items():
        got = row["card"][name]
        yield from _same(where, f"card.{name}", value, "OK" if name == "state" and got in fine else got)
    for name in ("missing_cents", "arrears_cents", "days_past_due", "next_visit", "last_visit"):
        yield from _same(where, name, said[name], row[name])
    for name in ("balance", "insurance"):
        for part, value in said[name].items():
            yield from _same(where, f"{name}.{part}", value, row[name][part])
    if not said["family"]:
        yield from _missing(where, said["missing"], row["missing_payments"])
    yield from _flags(where, said, row)


def _missing(where: str, said: dict[str, Any], got: list[dict[str, Any]]) -> Iterator[Difference]:
    for kind, items in said.items():
        told = {item["id"]: item for item in got if item["kind"] == kind}
        if items is UNSURE:
            continue
        yield from _same(where, f"missing {kind}", sorted(items), sorted(told))
        for key in sorted(items.keys() & told.keys()):
            for name in ("due_on", "open_cents", "reason"):
                if name == "reason" and items[key]["pending"]:
                    continue
                yield from _same(where, f"missing {key} {name}", items[key][name], told[key][name])
            yield from _not_asked(f"{where} {key}", items[key]["not_asked"], told[key])


def _not_asked(where: str, why: Any, told: dict[str, Any]) -> Iterator[Difference]:
    """Nothing is asked for what is disputed or may be paid, and nothing else is offered as paid."""
    if why is UNSURE:
        return
    if why is not None:
        yield from _same(where, f"ask_cents of what is {why}", 0, told["ask_cents"])
        yield from _same(
            where, f"nothing was charged, of what is {why}", False, "nothing was charged" in told["sentence"]
        )
    if why != "disputed":
        yield from _same(where, "possible match", why == "maybe paid", told["possible_match"] is not None)


def _flags(where: str, said: dict[str, Any], row: dict[str, Any]) -> Iterator[Difference]:
    kinds = {flag["kind"] for flag in row["flags"]}
    yield from _same(
        where, "ACCEPTED_NOT_POSTED", said["ACCEPTED_NOT_POSTED"], "ACCEPTED_NOT_POSTED" in kinds
    )
    if len(said["memberships"]) != 1:
        return
    one = said["memberships"][0]
    if not one["today_too"]:
        yield from _same(where, "NOT_SCHEDULED", one["not_scheduled"], "NOT_SCHEDULED" in kinds)
    yield from _same(where, "BOOKED_WHILE_FROZEN", one["in_freeze"], "BOOKED_WHILE_FROZEN" in kinds)
    yield from _same(where, "OUTSIDE_TERM", one["after_end"], "OUTSIDE_TERM" in kinds)
    states = [period["states"] for period in one["periods"].values() if not period["past"]]
    if one["is_over"]:
        of_a_period = {"NOT_SCHEDULED", "OVER_SCHEDULED", "UNDER_BOOKED", "USED_UP"}
        yield from _same(where, "of a period it no longer has", set(), kinds & of_a_period)
    elif one["active"] and UNSURE not in states:
        over = any("OVER_SCHEDULED" in found for found in states)
        yield from _same(where, "OVER_SCHEDULED", over, "OVER_SCHEDULED" in kinds)


def _plans(where: str, said: dict[str, Any], judged: Judged) -> Iterator[Difference]:
    found = {one.record.plan.external_id: one.finding for one in judged.plans}
    for plan in said["plans"]:
        finding = found.get(plan["plan_id"])
        if finding is None:
            yield Difference(where, plan["plan_id"], "a plan the patient pays", "no such plan")
            continue
        for name in (
            "expected_cents",
            "paid_cents",
            "arrears_cents",
            "days_past_due",
            "missed_count",
            "remaining_cents",
        ):
            yield from _same(where, f"{plan['plan_id']} {name}", plan[name], getattr(finding, name))
        yield from _same(where, f"{plan['plan_id']} aging", plan["aging"], finding.aging._asdict())


def _memberships(where: str, said: dict[str, Any], judged: Judged, as_of: datetime) -> Iterator[Difference]:
    found = {record.membership.external_id: finding for record, finding in judged.memberships}
    for one in said["memberships"]:
        if not one["alone"]:
            continue
        finding = found.get(one["membership_id"])
        if finding is None:
            yield Difference(where, one["membership_id"], "a membership", "none")
            continue
        lines = {
            (line.period_start, line.service_class): line for line in finding.lines if line.service_class
        }
        for (first, service_class), period in one["periods"].items():
            line = lines.get((period["first"], service_class))
            if line is None or period["past"]:
                if period["booked"] and not period["past"] and line is None:
                    yield Difference(where, f"{one['membership_id']} {first} {service_class}", period, None)
                continue
            at = f"{one['membership_id']} {first} {service_class}"
            yield from _same(where, f"{at} ends", one["ends"](period), line.period_end)
            for name in ("allowance", "used", "booked", "committed", "over"):
                yield from _same(where, f"{at} {name}", period[name], getattr(line, name))
            yield from _same(
                where,
                f"{at} excess",
                period["excess_appointment_ids"],
                [visit.external_id for visit in line.excess],
            )
