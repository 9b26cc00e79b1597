"""DOMAIN §0: which visits are open, done, dead, presumed missed."""

from datetime import UTC, datetime, timedelta

import pytest

from core.schedule.rules import VisitFacts, VisitStanding, last_visit, next_visit, standing

NOON = datetime(2026, 11, 21, 18, tzinfo=UTC)


def visit(hours: float, status: str = "scheduled", number: int = 1) -> VisitFacts:
    start = NOON + timedelta(hours=hours)
    return VisitFacts(number, f"A{number}", 1, None, None, None, start, 15, status, None)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("scheduled", VisitStanding.OPEN),
        ("confirmed", VisitStanding.OPEN),
        ("arrived", VisitStanding.OPEN),
        ("completed", VisitStanding.DONE),
        ("cancelled", VisitStanding.DEAD),
        ("rescheduled", VisitStanding.DEAD),
        ("no_show", VisitStanding.DEAD),
        ("on the moon", VisitStanding.UNKNOWN),
    ],
)
def test_a_visit_to_come_stands_as_its_status_says(status: str, expected: VisitStanding):
    assert standing(visit(2, status), NOON) is expected


def test_nobody_came_thirty_minutes_after_the_start():
    late = visit(-0.5, "confirmed")
    assert standing(late, NOON) is VisitStanding.OPEN
    assert standing(late, NOON + timedelta(seconds=1)) is VisitStanding.PRESUMED_MISSED
    assert standing(visit(-5, "arrived"), NOON) is VisitStanding.OPEN


def test_the_next_visit_is_the_earliest_open_one_after_the_one_at_hand():
    at_hand, later, gone = visit(1), visit(48, number=2), visit(24, "cancelled", 3)
    assert next_visit([later, gone, at_hand], NOON) == at_hand
    assert next_visit([later, gone, at_hand], NOON, after=at_hand) == later
    assert next_visit([at_hand], NOON, after=at_hand) is None


def test_the_one_that_runs_now_is_not_the_next():
    assert next_visit([visit(-0.2, "arrived")], NOON) is None


def test_the_last_visit_is_the_latest_one_done():
    done, missed = visit(-48, "completed"), visit(-24, "no_show", 2)
    assert last_visit([visit(-96, "completed", 3), done, missed, visit(24, "completed", 4)], NOON) == done
    assert last_visit([missed], NOON) is None
