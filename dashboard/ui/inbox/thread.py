"""One conversation: both sides of it, an answer, a task of it, and whose an unknown number is. On a card and on the page."""

from collections.abc import Sequence
from datetime import date

import streamlit as st
from sqlmodel import Session

from core import clock
from core.messages.answering import (
    LONGEST,
    answer,
    answer_words,
    answers_offered,
    leave,
    match,
    opened,
    read,
    take,
    unread,
)
from core.messages.conversations import Conversation, Line, Person, last_text_id, lines
from core.patients.search import find_patients
from core.permissions import Identity, Permission, may
from core.tasks.by_hand import task_of_text
from dashboard.ui import page, press
from dashboard.ui.components.component import own
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import clock_time, plain, shown, visit_day

STATES = {"queued": "waiting to go", "unknown": "in doubt", "skipped": "not sent"}


def thread(found: Conversation, who: Identity, may_see: MaySee, time_zone: str, *, place: str) -> None:
    """Draw it. place: makes the keys of its widgets, one a number."""
    place = f"{place} {found.number}"
    with page.open_reader() as session:
        told = lines(session, who, found.number)
    today = clock.today(time_zone)
    own("talk")(
        key=f"{place} talk", data={"lines": [_line(one, time_zone, today) for one in told]}, height="content"
    )
    if found.people:
        _answer(found, who, may_see, place)
    else:
        _whose(found, who, place)
    with st.container(horizontal=True, gap="small"):
        if found.unread:
            st.button("Mark read", key=f"{place} read", icon=":material/mark_email_read:", on_click=_run, args=(place, read, found.number))  # fmt: skip
        else:
            st.button("Mark unread", key=f"{place} unread", icon=":material/mark_email_unread:", on_click=_run, args=(place, unread, found.number))  # fmt: skip
        mine = found.owner_id == who.staff_id
        st.button(
            "Give back" if mine else "Take", key=f"{place} take", icon=":material/back_hand:",
            on_click=_take, args=(place, found.number, None if mine else who.staff_id),
        )  # fmt: skip
        if found.people and may(who.role, Permission.WORK_TASKS):
            st.button("Make a task", key=f"{place} task", icon=":material/add_task:", on_click=_task, args=(place, found))  # fmt: skip
    press.say_error(place)


def _line(one: Line, time_zone: str, today: date) -> dict[str, object]:
    here = clock.local_date(one.at, time_zone)
    day = "" if here == today else f"{visit_day(one.at, time_zone, today)}, "
    state = STATES.get(one.state, one.state)
    parts = (f"{day}{clock_time(one.at, time_zone)}", one.who, state)
    return {
        "ours": one.ours,
        "words": one.words[:2_000],
        "sub": " · ".join(shown(part, 60) for part in parts if part),
    }


def _answer(found: Conversation, who: Identity, may_see: MaySee, place: str) -> None:
    people = found.people
    key = f"{place} answer {st.session_state.get(_ROUND, 0)}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = _to(people, may_see, place)
        with page.open_reader() as session:
            offered = {one.template_id: one for one in answers_offered(session)}
        st.selectbox(
            "Template", list(offered), index=None, key=f"{key} template", width=220, placeholder="Template",
            format_func=lambda one: shown(offered[one].name, 40), on_change=_fill, args=(key, offered, to),
        )  # fmt: skip
    st.text_area(
        "Answer", key=key, max_chars=LONGEST, placeholder="Your answer", label_visibility="collapsed"
    )
    st.button("Send text", key=f"{key} send", type="primary", icon=":material/send:", on_click=_send, args=(place, key, found.number, to))  # fmt: skip


def _to(people: Sequence[Person], may_see: MaySee, place: str) -> int:
    if len(people) == 1:
        return people[0].key
    names = {one.key: one.initials if may_see.initials else shown(one.name, 60) for one in people}
    return st.selectbox("To", list(names), key=f"{place} to", format_func=names.__getitem__, width=220)


def _whose(found: Conversation, who: Identity, place: str) -> None:
    """An unknown number: found among the patients, or left."""
    st.markdown("Nobody has this number on file. Whose is it?")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "Patient", key=f"{place} whose", placeholder="Part of the name, or the birth date", width=320
        )
        with page.open_reader() as session:
            zone_today = clock.now().date()
            near = find_patients(session, who, typed, today=zone_today) if typed else []
        names = {one.key: shown(f"{one.name}, {one.birth_date:%m/%d/%Y}" if one.birth_date else one.name, 80) for one in near}  # fmt: skip
        chosen = st.selectbox(
            "Found", list(names), key=f"{place} found", format_func=names.__getitem__, width=320, index=0 if names else None
        )  # fmt: skip
        st.button("It is theirs", key=f"{place} match", icon=":material/person_check:", disabled=chosen is None, on_click=_match, args=(place, found.number, chosen))  # fmt: skip
        st.button("Leave it", key=f"{place} leave", icon=":material/person_off:", on_click=_run, args=(place, leave, found.number))  # fmt: skip


_ROUND = "answers sent"  # session state: grows with every answer, so that the field is empty again


def _fill(key: str, offered: dict, to: int) -> None:  # type: ignore[type-arg]
    chosen = offered.get(st.session_state.get(f"{key} template"))
    if chosen is None:
        return
    with page.open_reader() as session:
        st.session_state[key] = answer_words(session, chosen, to)


def _send(place: str, key: str, number: str, to: int) -> None:
    words = str(st.session_state.get(key, ""))
    sent = press.run(
        place,
        lambda session, who: answer(session, who, number=number, patient_id=to, words=words).id,
        "The answer is on its way.",
    )
    if sent:
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def note_opened(number: str, place: str) -> bool:
    """That somebody opens a conversation is written down first; False when it is not theirs, said by `say_error(place)`."""
    return _did(place, opened, number)


def _run(place: str, do: object, number: str) -> None:
    _did(place, do, number)


def _did(place: str, do: object, number: str) -> bool:
    def act(session: Session, who: Identity) -> bool:
        do(session, who, number=number)  # type: ignore[operator]
        return True

    return bool(press.run(place, act))


def _take(place: str, number: str, staff_id: int | None) -> None:
    def act(session: Session, who: Identity) -> bool:
        take(session, who, number=number, staff_id=staff_id)
        return True

    press.run(place, act)


def _match(place: str, number: str, patient_id: int | None) -> None:
    def act(session: Session, who: Identity) -> bool:
        match(session, who, number=number, patient_id=patient_id or 0)
        return True

    press.run(place, act, "Noted. It stands on their card.")


def _task(place: str, found: Conversation) -> None:
    def act(session: Session, who: Identity) -> int | None:
        words = f"Wrote: {found.words}"
        text_id = last_text_id(session, found.number)
        return task_of_text(session, who, patient_id=found.people[0].key, words=words, text_id=text_id).id

    press.run(place, act, "It stands among your tasks.")


def heading(found: Conversation, may_see: MaySee) -> str:
    """Who it is, for a heading: markdown."""
    names = [one.initials if may_see.initials else one.name for one in found.people]
    return plain(", ".join(names) or found.number, 90)
