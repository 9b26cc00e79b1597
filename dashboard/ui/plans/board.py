"""The table of the plans page: who is behind, or the payments that are coming, fifty rows at a time."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.ui.components import board
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.plans import held as held_list
from dashboard.ui.plans import incoming as incoming_list
from dashboard.ui.plans import list as plan_list
from dashboard.ui.plans.reads import Plans
from dashboard.wording import plan_row
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count

BOARD = "plans board"
LIMIT = 50


class Shown(NamedTuple):
    """remark: one line above the table, or empty."""

    board: board.Board
    pages: int
    remark: str = ""


def behind(found: Plans, pressed: str, search: str, order: str, may_see: MaySee, at: int) -> Shown:
    """Plans behind, or those of a pressed number; on page `at` (from 1)."""
    report = found.report
    rows = plan_list.ordered(plan_list.matching(report.rows, pressed, search), order)
    place = place_of(report.time_zone, report.day)
    part, words = _part(rows, at)
    drawn = [plan_row.drawn(plan_row.seen_by(row, may_see), place, report.time_zone) for row in part]
    loaded = any(source.synced_at for source in report.sources)
    return Shown(
        board.Board(
            caption="Plans that are behind",
            words=f"{count(len(rows), 'plan')}, {plan_list.ORDERS[order].lower()}{words}",
            view=f"{report.location} {pressed} {search} {order} {at} {may_see}",
            columns=plan_list.HEADS,
            rows=drawn,
            empty=plan_list.why_empty(loaded=loaded, pressed=pressed, narrowed=bool(search)),
            back=patient_card.closed(BOARD),
        ),
        _pages(rows),
    )


def coming(found: Plans, window: incoming_list.Window, may_see: MaySee, at: int) -> Shown:
    """The payments a number about the coming days stands for; on page `at` (from 1)."""
    rows = found.coming[window.id]
    place = place_of(found.report.time_zone, found.report.day)
    part, words = _part(rows, at)
    return Shown(
        board.Board(
            caption="Payments that are coming",
            words=f"{count(len(rows), 'payment')}, the next one first{words}",
            view=f"{found.report.location} {window.id} {at} {may_see}",
            columns=incoming_list.HEADS,
            rows=[incoming_list.drawn(row, place, may_see) for row in part],
            empty=window.good_news,
            back=patient_card.closed(BOARD),
        ),
        _pages(rows),
        incoming_list.week_words(found.incoming, place),
    )


def held(found: Plans, pressed: str, may_see: MaySee, at: int) -> Shown:
    """Money of the patients' that the practice holds: prepaid care, or accounts in credit; on page `at` (from 1)."""
    report = found.prepaid if pressed == held_list.PREPAID else found.credits
    part, words = _part(report.rows, at)
    view = f"{report.location} {pressed} {at} {may_see}"
    draw = held_list.prepaid_board if pressed == held_list.PREPAID else held_list.credit_board
    return Shown(draw(report, part, view, words, may_see), _pages(report.rows))


def _pages(rows: Sequence[Any]) -> int:
    return max(1, -(-len(rows) // LIMIT))


def _part(rows: Sequence[Any], at: int) -> tuple[Sequence[Any], str]:
    """The rows of a page, the last one when there are fewer, and which they are."""
    start = (min(at, _pages(rows)) - 1) * LIMIT
    part = rows[start : start + LIMIT]
    return part, f", {start + 1:,} to {start + len(part):,} shown" if len(rows) > LIMIT else ""
