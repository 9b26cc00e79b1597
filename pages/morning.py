"""The morning: the visits of a day, what is wrong with the money of each, and what to say."""

from datetime import timedelta

import streamlit as st

from core.permissions import Identity
from core.reports.head import Report
from dashboard.ui import page
from dashboard.ui.choices import choices, choose
from dashboard.ui.components import board, headline
from dashboard.ui.morning import booked_online
from dashboard.ui.morning.day_bar import SCREEN, Chosen, chosen_day, day_bar, go_to
from dashboard.ui.morning.emptiness import first_steps, why_empty
from dashboard.ui.morning.filters import ORDERS, filter_bar, matching, ordered
from dashboard.ui.morning.output import output_menu
from dashboard.ui.morning.set_up import demo_bar, set_up_list
from dashboard.ui.morning.tomorrow import tomorrow_words
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.reads import morning_report
from dashboard.ui.tasks.reads import tasks_at
from dashboard.wording import columns
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count

BOARD, HEADLINE, FILTER = "morning board", "morning headline", "morning filter"


@page.body(30)
def day() -> None:
    """The whole page, drawn again by itself; a refresh keeps filters, scroll, focus and the open drawer."""
    _day()


def _day() -> None:
    who = page.identity()
    chosen = chosen_day(who)
    with st.container(gap="xsmall"):
        _draw(chosen, who)


def _draw(chosen: Chosen, who: Identity) -> None:
    booked_online.go_to_booking(who)
    with st.container(horizontal=True, vertical_alignment="center"):
        day_bar(chosen, who)
        st.space("stretch")
        may_see = sight_with_switch(who)
        output_menu(chosen, who, may_see)
    demo_bar(who)
    report = may_see.report(morning_report(chosen.place and chosen.place.key, chosen.day))
    _headline(report, may_see)
    with st.container(horizontal=True, vertical_alignment="center"):
        groups, provider, order = filter_bar(report, who, may_see)
    _board(report, who, may_see, groups, provider, order)
    first_steps(report, who)
    _tomorrow(chosen)
    set_up_list(who)
    patient_card.draw_drawer(BOARD, who, may_see)


def _headline(report: Report, may_see: MaySee) -> None:
    pressed = st.session_state.get(FILTER, "")
    headline.draw_headline(
        key=HEADLINE,
        label="The day in numbers, press one to filter",
        cards=headline.cards(report.rows, pressed, may_see),
        sources=headline.sources(report.sources, report.as_of),
        on_press=_press,
    )


def _press() -> None:
    pressed = st.session_state[HEADLINE].press
    if pressed:
        st.session_state[FILTER] = "" if pressed in (st.session_state.get(FILTER), "visits") else pressed


def _board(
    report: Report, who: Identity, may_see: MaySee, groups: list[str], provider: str | None, order: str
) -> None:
    pressed = st.session_state.get(FILTER, "")
    visits = ordered(matching(headline.kept(report.rows, pressed, may_see), groups, provider), order)
    shown = columns.chosen(may_see, choices(who, SCREEN).get("columns", []))
    place = columns.place_of(report.time_zone, report.day)
    tasks = tasks_at([visit.about.key for visit in visits], may_see)
    narrowed = bool(groups) or provider is not None
    filtered = narrowed or bool(pressed)
    board.draw_board(
        board.Board(
            caption=f"Visits on {report.day}",
            words=f"{count(len(visits), 'visit')}{' shown' if filtered else ''}, {ORDERS[order].lower()}",
            view=f"{report.location} {report.day} {pressed} {groups} {provider} {order} {may_see}",
            columns=board.heads(shown, timed=True),
            rows=[board.visit_row(visit, shown, place, tasks.get(visit.about.key, 0)) for visit in visits],
            empty=why_empty(report, pressed, narrowed=narrowed),
            fold=not filtered and order == "worst",
            quiet_open=bool(choices(who, SCREEN).get("quiet")),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=lambda: booked_online.open_from(BOARD),
        on_fold=lambda: choose(who, SCREEN, quiet=bool(st.session_state[BOARD].fold)),
    )


def _tomorrow(chosen: Chosen) -> None:
    if chosen.day == chosen.today:
        next_day = chosen.today + timedelta(1)
        words = tomorrow_words(morning_report(chosen.place and chosen.place.key, next_day))
        st.button(words, type="tertiary", on_click=go_to, args=(next_day, chosen.today))


day()
