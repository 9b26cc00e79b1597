"""Step four of a blast, Send: now or at a time, the number typed above fifty people; one press makes one blast."""

from datetime import datetime, time, timedelta

import streamlit as st
from sqlmodel import Session

from core import clock
from core.blasts.audience import Audience
from core.blasts.commands import make_blast
from core.blasts.conditions import Candidate
from core.errors import BadInput
from core.messages.models import Batch
from core.messages.rules import COUNT_ABOVE
from core.permissions import Identity
from core.practice.reports import places
from dashboard.ui import page, press
from dashboard.ui.card_updates.blast_draft import OPEN, Draft, begin, own_words, words_of
from dashboard.ui.note import note
from dashboard.ui.toasts import toast
from dashboard.wording.text import count

PLACE = "send blast"
MORNING = time(9)  # proposed, on the first day that still has it
NOW, LATER = "Now", "At a time"


def step_send(now: Draft, who: Identity, people: tuple[Candidate, ...], found: Audience) -> None:
    """Draw it. After the press there are thirty seconds to undo."""
    st.subheader("4. Send")
    number = len(found.goes)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("When", [NOW, LATER], default=NOW, required=True, key=now.key("when"))
        if st.session_state[now.key("when")] == LATER:
            zone = _zone(who)
            today = clock.today(zone)
            over = clock.now() >= clock.local_instant(datetime.combine(today, MORNING), zone)
            st.date_input(
                "Day",
                value=today + timedelta(days=1) if over else today,
                min_value=today,
                max_value=today + timedelta(days=60),
                key=now.key("day"),
                format="MM/DD/YYYY",
                width=160,
            )
            st.time_input("Time", value=MORNING, key=now.key("time"), format="12h", width=140)
        if number > COUNT_ABOVE:
            st.text_input(
                f"Type {number} to confirm",
                key=now.key("count"),
                max_chars=9,
                width=180,
                placeholder=str(number),
            )
        st.button(
            f"Send to {count(number, 'person', 'people')}",
            key=PLACE,
            type="primary",
            icon=":material/send:",
            disabled=number == 0,
            on_click=_send,
            args=(now, who, people),
        )
    if st.session_state.get(now.key("refused")) == _filled(now):  # what was changed since speaks for itself
        press.say_error(PLACE)
    note(
        "Nothing goes out for 30 seconds, so that you can undo it. Nobody is written to in quiet hours; "
        "who is fine by then is left alone."
    )


def _filled(now: Draft) -> str:
    return " ".join(str(st.session_state.get(now.key(name))) for name in ("when", "day", "time", "count"))


def _send(now: Draft, who: Identity, people: tuple[Candidate, ...]) -> None:
    """One transaction. The form is that of the drawn button, so that a second press finds the first blast; the words
    are those in the form by now, also when they were typed just before the press."""
    began, typed = clock.now(), _typed(now)
    words = [words_of(now, channel) for channel in now.channels]
    main, otherwise = words[0], words[1] if len(words) > 1 else None
    if main is None or (len(words) > 1 and otherwise is None):
        return

    def act(session: Session, who: Identity) -> tuple[int, datetime]:
        made: Batch = make_blast(
            session,
            who,
            people,
            form=now.form,
            name=now.name,
            words=main,
            kind=now.kind,
            condition=now.condition,
            chosen={"conditions": sorted(now.picked), "chosen": list(now.chosen), "from": now.origin},
            at=_at(now, who),
            typed_count=typed,
            otherwise=otherwise,
            own=own_words(now),
            without=frozenset(now.without),
        )
        return made.id or 0, made.created_at

    made = press.run(PLACE, act)
    if made is None:
        st.session_state[now.key("refused")] = _filled(now)
        return
    if made[1] < began and st.session_state.get(OPEN) != made[0]:  # not this window's own double click
        toast("It was sent before, perhaps in another window. Nothing went twice.", "info")
    begin(who)
    st.session_state[OPEN] = made[0]


def _typed(now: Draft) -> int | None:
    words = str(st.session_state.get(now.key("count"), "")).replace(",", "").strip()
    return int(words) if words.isdecimal() and len(words) < 10 else None


def _at(now: Draft, who: Identity) -> datetime | None:
    if st.session_state.get(now.key("when")) != LATER:
        return None
    day, hour = st.session_state.get(now.key("day")), st.session_state.get(now.key("time"))
    if day is None or hour is None:
        raise BadInput("Choose the day and the time, or send now.")
    return clock.local_instant(datetime.combine(day, hour), _zone(who))


def _zone(who: Identity) -> str:
    with page.open_reader() as session:
        offered = places(session, who.location_id)
    return offered[0].time_zone if offered else "UTC"
