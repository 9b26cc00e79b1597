"""The tab “Posting”: whether payments post by themselves, what would be posted first, and turning it on or off."""

from datetime import date, timedelta

import streamlit as st
from sqlmodel import Session

from core import clock
from core.money import dollars
from core.names import initials_of
from core.permissions import Identity, Permission, may
from core.postings import commands
from core.postings.dry_run import Plan, PlannedLine, in_words, plan_postings
from core.postings.models import State
from core.postings.reports import PostingStatus, postings_standing
from core.postings.rules import FURTHEST_BACK
from core.practice.reports import places
from dashboard.ui import page, press
from dashboard.ui.components.rows import draw_rows
from dashboard.ui.note import note
from dashboard.ui.privacy import may_see
from dashboard.wording.text import ago, count, day_words, plain

PLACE, START, AGREED, MOST = "posting", "posting start", "posting agreed", 50
_STATES = {
    State.POSTED: "posted",
    State.WAITING: "waiting",
    State.SENDING: "being posted",
    State.FAILED: "failed",
    State.UNKNOWN: "in doubt",
    State.CLEARED: "cleared",
}


@page.body(30)
def posting_tab() -> None:
    """One part for each Genesis connection."""
    who = page.identity()
    with page.open_reader() as session:
        found = postings_standing(session, who.practice_id, as_of=clock.now())
        offered = places(session, who.location_id)
    if not found:
        st.markdown("**Genesis is not connected**")
        note(
            "Connect it on Integrations; then accepted payments can post to the patients' accounts from here."
        )
    today = clock.today(offered[0].time_zone if offered else "UTC")
    for one in found:
        _connection(one, who, today)
    press.say_error(PLACE)


def _connection(one: PostingStatus, who: Identity, today: date) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(one.name, 60), width="content")
        on = (
            "Posting since " + day_words(one.date_start) if one.is_on and one.date_start else "Posting is off"
        )
        st.badge(on, icon=f":material/{'check_circle' if one.is_on else 'pause_circle'}:", color="green" if one.is_on else "gray")  # fmt: skip
    counted = [f"{one.counts[state]:,} {words}" for state, words in _STATES.items() if one.counts.get(state)]
    read = f"ledger read back {ago(one.read_at, clock.now())}" if one.read_at else ""
    if words := " · ".join([*counted, *([read] if read else [])]):
        note(plain(words, 300))
    if one.trouble:
        st.warning(plain(one.trouble, 400), icon=":material/warning:")
    elif one.clerk_trouble and not one.is_on:
        st.warning(plain(one.clerk_trouble, 400), icon=":material/warning:")
    if not may(who.role, Permission.POST_PAYMENTS):
        return
    if one.is_on:
        st.button(
            "Stop posting", icon=":material/pause:", on_click=_turn_off, args=(one.connection_id,),
            key=f"off {one.connection_id}", help="What waits keeps waiting; nothing that is posted is taken back.",
        )  # fmt: skip
        return
    _dry_run(one, who, today)


def _dry_run(one: PostingStatus, who: Identity, today: date) -> None:
    """What would be posted, and the button that does it."""
    start = st.date_input(
        "Date Start: payments from this day on are posted",
        value=max(one.date_start or one.saved_start or today, today - FURTHEST_BACK),
        min_value=today - FURTHEST_BACK,
        max_value=today + timedelta(days=366),
        format="MM/DD/YYYY",
        key=f"{START} {one.connection_id}",
        width=360,
    )
    with page.open_reader() as session:
        plan = plan_postings(session, one.connection_id, date_start=start)
    st.markdown(f"**Dry run.** {plain(in_words(plan), 300)}")
    if plan.there:
        note(
            f"{count(plan.there, 'payment')}, {plain(dollars(plan.there_cents))}, are in the ledger already and stay as they are."
        )
    for words in plan.warnings:
        st.warning(plain(words, 400), icon=":material/warning:")
    _lines(plan, who)
    agreed = not plan.must_acknowledge or st.checkbox(
        "I have looked at these payments: none of them is in the ledger by another way.",
        key=f"{AGREED} {one.connection_id} {plan.seen}",
    )
    st.button(
        "Turn posting on",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not agreed,
        on_click=_turn_on,
        args=(one.connection_id, plan, bool(agreed)),
        key=f"on {one.connection_id}",
    )


def _lines(plan: Plan, who: Identity) -> None:
    key, initials = plan.connection_id, may_see(who).initials
    if plan.days:
        draw_rows(
            ["Day", "Payments", "Amount"],
            [[day_words(day.day), f"{day.count:,}", dollars(day.cents)] for day in plan.days],
            caption="What would be posted, by day",
            key=f"plan days {key}",
            numbers=[1, 2],
        )
    for title, lines in (
        ("Each payment that would be posted", plan.to_post),
        ("Looks like something in the ledger: waits for you", plan.suspected),
        ("Not linked to a patient: waits", plan.held),
    ):
        if lines:
            with st.expander(f"{title} ({len(lines):,})"):
                draw_rows(
                    ["Day", "Patient", "What", "Amount", "Why it waits"],
                    [_line(line, initials=initials) for line in lines[:MOST]],
                    caption=title,
                    key=f"plan {title} {key}",
                    numbers=[3],
                    short=[0],
                )
                if len(lines) > MOST:
                    note(f"The first {MOST} are shown.")


def _line(line: PlannedLine, *, initials: bool) -> list[str]:
    name = initials_of(line.patient) if initials and line.patient else line.patient
    return [day_words(line.day), name or "Not linked", line.part.capitalize(), dollars(line.cents), line.why]


def _turn_on(connection_id: int, plan: Plan, agreed: bool) -> None:
    def act(session: Session, who: Identity) -> Plan:
        return commands.turn_on(
            session,
            who,
            connection_id=connection_id,
            date_start=plan.date_start,
            seen=plan.seen,
            acknowledged=agreed,
        )

    press.run(PLACE, act, "Posting is on: payments go out within a minute")


def _turn_off(connection_id: int) -> None:
    press.run(
        PLACE,
        lambda session, who: commands.turn_off(session, who, connection_id=connection_id),
        "Posting is off",
    )
