"""Workbench → Tasks, the office view: what somebody has to do, worst first, and what was done."""

import streamlit as st

from core.permissions import Identity
from core.practice.reports import places
from core.tasks.kinds import TaskKind
from core.tasks.reports import Show
from dashboard.ui import page
from dashboard.ui.components import board, headline
from dashboard.ui.output import list_menu
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.place_picker import place_picker
from dashboard.ui.press import refresh_what_changed
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.reads import freshness
from dashboard.ui.tasks import bar as task_bar
from dashboard.ui.tasks import list as task_list
from dashboard.ui.tasks.reads import LIMIT, Choice, Found, read_tasks
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import shown

SCREEN, BOARD, NUMBERS = "tasks", "tasks board", "tasks numbers"
SEARCH, KIND, OWNER, PRESSED, AT = "tasks search", "tasks kind", "tasks owner", "tasks pressed", "tasks at"


@page.body(30)
def tasks() -> None:
    """The whole page, drawn again by itself; a refresh keeps search, choices, ticks, place and the open drawer."""
    refresh_what_changed()
    _tasks()


def _tasks() -> None:
    who = page.identity()
    with page.open_reader() as session:
        offered = places(session, who.location_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        choice, may_see = _choices(who, offered)
    found = read_tasks(who, choice)
    headline.draw_headline(
        key=NUMBERS,
        label="What there is to do, press one to see it",
        cards=task_list.numbers(found.tally, choice.pressed),
        sources=freshness(),
        on_press=_press,
    )
    task_bar.task_bar(choice.show, found.people, [row.task_id for row in found.rows])
    _board(choice, found, may_see)
    if found.total > LIMIT:
        st.pagination(-(-found.total // LIMIT), key=AT)
    patient_card.draw_drawer(BOARD, who, may_see)


def _choices(who: Identity, offered: list) -> tuple[Choice, MaySee]:
    search = st.text_input(
        "Search", key=SEARCH, placeholder="Name, or last four of the mobile", label_visibility="collapsed", type="search",
        live="200ms", icon=":material/search:", width=280, max_chars=60, on_change=_from_the_start,
    )  # fmt: skip
    kind = st.selectbox(
        "Kind", [one.value for one in TaskKind], index=None, placeholder="Kind: all", key=KIND, format_func=str.capitalize,
        label_visibility="collapsed", width=170, on_change=_from_the_start,
    )  # fmt: skip
    people = task_bar.people(who.location_id)
    owner = st.selectbox(
        "Who has it", [0, *people], index=None, placeholder="Who: anybody", key=OWNER, label_visibility="collapsed", width=170,
        format_func=lambda key: shown(people.get(key, "Nobody yet"), 40), on_change=_from_the_start,
    )  # fmt: skip
    place = place_picker(offered, who, SCREEN, _from_the_start)
    st.space("stretch")
    may_see = sight_with_switch(who)
    list_menu("tasks", place, who, may_see)
    pressed, at = st.session_state.get(PRESSED, ""), st.session_state.get(AT, 1)
    return Choice(
        place.key if place else who.location_id, pressed, kind or "", owner, search.strip(), at
    ), may_see


def _board(choice: Choice, found: Found, may_see: MaySee) -> None:
    place = place_of(found.time_zone)
    ticked = task_bar.ticked()
    narrowed = bool(choice.search or choice.kind or choice.owner is not None)
    board.draw_board(
        board.Board(
            caption="Tasks",
            words=task_list.list_words(found.total, (choice.at - 1) * LIMIT, found.rows, choice.show),
            view=f"{choice} {may_see}",
            columns=task_list.heads(may_see, closed=choice.show is Show.CLOSED),
            rows=[task_list.drawn(row, place, may_see, ticked) for row in found.rows],
            empty=task_list.why_empty(looked=found.looked, pressed=choice.pressed, narrowed=narrowed),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=lambda: patient_card.open_from(BOARD),
        on_tick=lambda: task_bar.tick(BOARD),
    )


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[PRESSED] = "" if pressed in (st.session_state.get(PRESSED), "open") else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1


tasks()
