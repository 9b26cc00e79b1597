"""The week editor: from–to, no access or any time per weekday, applied to other days and copied to other people."""

from datetime import time
from functools import partial

import streamlit as st
from sqlmodel import Session

from core.permissions import Identity
from core.reports.team import TeamLine
from core.staff.models import Access
from core.staff.rules import WEEKDAYS, DayTimes, said
from core.staff.team import set_week
from dashboard.ui import press
from dashboard.wording.text import count, shown

PLACE = "save login times"
KINDS = {Access.HOURS: "From – to", Access.NONE: "No access", Access.ALWAYS: "Any time"}
QUARTERS = [time(minute // 60, minute % 60) for minute in range(0, 24 * 60, 15)]
OPENS, CLOSES = time(8), time(18)
WORKDAYS, ALL_DAYS = range(5), range(7)
WORDS = ("kind", "from", "until")


def week_editor(line: TeamLine, others: list[TeamLine]) -> None:
    """Seven rows, the buttons that fill them, and whom else the week is for. Nothing is kept until it is saved."""
    st.markdown(
        ":small[Outside these times signing in is refused and an open screen ends. Times of the person's location.]"
    )
    for day in line.week:
        _day(line.staff_id, day)
    with st.container(horizontal=True):
        for label, days in (("Monday to all weekdays", WORKDAYS), ("Monday to every day", ALL_DAYS)):
            st.button(
                label,
                key=f"apply {line.staff_id} {len(days)}",
                icon=":material/content_copy:",
                on_click=partial(_apply, line.staff_id, days),
            )
    names = {other.staff_id: other.display_name for other in others}
    also = st.multiselect(
        "Also for",
        list(names),
        key=f"also {line.staff_id}",
        format_func=lambda one: shown(names[one], 40),
        placeholder="Other people who work the same week",
    )
    st.button(
        f"Save for {count(1 + len(also), 'person', 'people')}" if also else "Save the week",
        key=f"save week {line.staff_id}",
        type="primary",
        icon=":material/save:",
        on_click=_save,
        args=(line.staff_id, tuple(also)),
    )
    press.say_error(PLACE)


def _day(staff_id: int, day: DayTimes) -> None:
    """One weekday: its name, what it allows, and the hours where it has any."""
    name = WEEKDAYS[day.weekday]
    key = _key(staff_id, day.weekday)
    st.session_state.setdefault(f"{key} kind", Access(day.kind))
    st.session_state.setdefault(f"{key} from", day.from_time or OPENS)
    st.session_state.setdefault(f"{key} until", day.until_time or CLOSES)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{name}**", width=96)
        kind = st.selectbox(
            f"{name}: access", list(KINDS), key=f"{key} kind", format_func=lambda one: KINDS[one],
            label_visibility="collapsed", width=140,
        )  # fmt: skip
        if kind == Access.HOURS:
            for word in ("from", "until"):
                st.selectbox(
                    f"{name} {word}",
                    _choices(st.session_state[f"{key} {word}"]),
                    key=f"{key} {word}",
                    format_func=said,
                    label_visibility="collapsed",
                    width=130,
                )


def _choices(kept: time) -> list[time]:
    """Every quarter of an hour, and the time that is kept when it is none of them."""
    return sorted({*QUARTERS, kept})


def _apply(staff_id: int, days: range) -> None:
    """What Monday says, for the other days too.

    The fields get new keys: Save pressed before the browser has drawn them would else bring the old values along.
    """
    before = [{word: st.session_state[f"{_key(staff_id, day)} {word}"] for word in WORDS} for day in ALL_DAYS]
    st.session_state[_turn(staff_id)] = st.session_state.get(_turn(staff_id), 0) + 1
    for day in ALL_DAYS:
        for word, value in before[0 if day in days else day].items():
            st.session_state[f"{_key(staff_id, day)} {word}"] = value


def _save(staff_id: int, also: tuple[int, ...]) -> None:
    def act(session: Session, who: Identity) -> bool:
        week = [_typed(staff_id, day) for day in ALL_DAYS]
        for one in (staff_id, *also):
            set_week(session, who, staff_id=one, week=week)
        return True

    press.run(PLACE, act, "The login times are saved.")


def _typed(staff_id: int, day: int) -> DayTimes:
    key = _key(staff_id, day)
    kind = st.session_state[f"{key} kind"]
    hours = kind == Access.HOURS
    return DayTimes(
        day,
        kind,
        st.session_state.get(f"{key} from") if hours else None,
        st.session_state.get(f"{key} until") if hours else None,
    )


def forget(staff_id: int) -> None:
    """What was typed and not saved goes when the drawer closes."""
    for key in [one for one in st.session_state if str(one).startswith(f"week {staff_id} ")]:
        del st.session_state[key]


def _turn(staff_id: int) -> str:
    return f"week {staff_id} turn"


def _key(staff_id: int, day: int) -> str:
    return f"week {staff_id} {st.session_state.get(_turn(staff_id), 0)} {day}"
