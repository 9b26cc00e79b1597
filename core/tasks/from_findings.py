"""From what was judged of a patient to what somebody has to do: one finding a matter. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from core import clock
from core.dues.missing import MissingPayment
from core.findings.flags import Kind, flags_of, missing_flags
from core.findings.judge import Judged
from core.findings.setting import Setting
from core.severity import RANK, Flag, Severity
from core.tasks.kinds import AT_VISITS, TaskKind, left_open_by, matter_of

# of the next visit: before that there is time, and the answer may change
INSURANCE_WITHIN = timedelta(days=7)

Row = tuple[str, str]


class Key(NamedTuple):
    """Which task of a patient: its kind and the row it hangs on (table, the other system's id)."""

    kind: TaskKind
    source_kind: str
    source_id: str


class Found(NamedTuple):
    """One thing to do. cents: money at risk. next_visit_at: aware UTC."""

    key: Key
    flag: str
    severity: Severity
    sentence: str
    cents: int
    next_visit_at: datetime | None
    evidence: tuple[Row, ...]


class Findings(NamedTuple):
    """unsure: kinds of which a source is missing or unreadable now, so that nothing may be called settled."""

    found: dict[Key, Found]
    unsure: frozenset[TaskKind]


def findings_of(judged: Judged, setting: Setting) -> Findings:
    """What has to be done about one patient. Several findings of one matter are one task: the worst one's sentence,
    the highest severity, the largest amount (they are the same money in other words)."""
    found: dict[Key, Found] = {}
    unsure: set[TaskKind] = set()
    person = ("patient", judged.facts.person.external_id)
    for flag in _flags(judged):
        unsure |= left_open_by(flag.kind, flag.severity)
        matter = matter_of(flag.kind, flag.severity)
        if matter is None or (matter.kind in AT_VISITS and not _near(judged, setting)):
            continue
        source = next((row for row in flag.evidence if row[0] in matter.tables), person)
        key = Key(matter.kind, *source)
        one = Found(
            key, str(flag.kind), flag.severity, flag.reason, flag.cents, _next_visit(judged), flag.evidence
        )
        found[key] = _joined(found[key], one) if key in found else one
    if not setting.cards_known:
        unsure.add(TaskKind.CARD)
    if not setting.ledger_known:
        unsure.add(TaskKind.POSTING)
    return Findings(found, frozenset(unsure))


def _flags(judged: Judged) -> Iterable[Flag]:
    """The flags of the morning, with missing payments apart by the plan, membership or account they belong to; of a
    family contract only at the payer, whose money it is."""
    families = {one.record.plan.external_id for one in judged.plans if one.family}
    for flag in flags_of(judged):
        of_family = any(row[0] == "plan" and row[1] in families for row in flag.evidence)
        if flag.kind not in (Kind.MISSING_PAYMENT, Kind.RETRY_SCHEDULED) and not of_family:
            yield flag
    plan_of = {
        one.external_id: ("plan", judged_plan.record.plan.external_id)
        for judged_plan in judged.plans
        for one in judged_plan.record.instalments
    }

    def contract(one: MissingPayment) -> Row:
        row = one.evidence[0]
        return (
            plan_of.get(row[1], row)
            if row[0] == "instalment"
            else row
            if row[0] == "membership"
            else ("", "")
        )

    for row, missing in groupby(sorted(judged.missing, key=contract), key=contract):
        for flag in missing_flags(sorted(missing, key=lambda one: one.due_on)):
            yield flag._replace(evidence=(row, *flag.evidence)) if row[0] else flag


def _joined(one: Found, other: Found) -> Found:
    """Two findings of one matter. What is missing is said rather than how far behind that is."""
    first, second = sorted(
        (one, other),
        key=lambda each: (each.flag != Kind.MISSING_PAYMENT, RANK[each.severity], -each.cents),
    )
    return first._replace(
        severity=min(first.severity, second.severity, key=RANK.__getitem__),
        cents=max(first.cents, second.cents),
        evidence=tuple(dict.fromkeys((*first.evidence, *second.evidence))),
    )


def _near(judged: Judged, setting: Setting) -> bool:
    if judged.upcoming is None:
        return False
    return clock.local_date(judged.upcoming.starts_at, setting.time_zone) <= setting.today + INSURANCE_WITHIN


def _next_visit(judged: Judged) -> datetime | None:
    return judged.upcoming.starts_at if judged.upcoming is not None else None
