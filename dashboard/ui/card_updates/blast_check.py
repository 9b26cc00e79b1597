"""Step three of a blast, Check: who gets it, who does not and why, and each one's own text."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core import clock
from core.blasts.audience import Audience, Goes, LeftOut
from core.blasts.commands import Askable, askable, check_blast, text_for
from core.blasts.conditions import Candidate
from core.dues.askable import because
from core.errors import HuddleError
from core.links.rules import LinkKind
from core.messages.commands import edited
from core.messages.models import Channel
from core.messages.registration import registration_of
from core.messages.render import LONGEST_EMAIL, LONGEST_TEXT
from core.messages.templates import Words, letterhead
from core.money import dollars
from core.permissions import Identity
from core.store.engine import reader
from core.store.version import data_version
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import Draft
from dashboard.ui.card_updates.blast_message import CHANNELS
from dashboard.ui.components import board
from dashboard.ui.note import note
from dashboard.ui.templates.preview import message_preview
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, plain, shown

BOARD = "blast check board"


def step_check(
    now: Draft, who: Identity, may_see: MaySee, people: Sequence[Candidate], words: Sequence[Words]
) -> Audience | None:
    """Draw it; who gets it with the ticks as they stand, None when nobody can be asked at all."""
    st.subheader("3. Check")
    try:
        with st.spinner("Looking who can be written to…"):
            able = _askable(now, who, tuple(people))
            with page.open_reader() as session:
                found = check_blast(
                    session, able, words=words[0], otherwise=words[1] if len(words) > 1 else None
                )
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")
        return None
    if Channel.TEXT in now.channels:
        _if_held()
    ticked = tuple(one for one in found.goes if one.patient_id not in now.without)
    _goes(now, found, able, may_see)
    _read_one(now, found, words, who)
    with st.container(border=True):
        st.markdown(f"**Left out {len(found.left_out):,}**")
        _left_out(found, may_see)
        _partly(able, found, may_see)
    return Audience(ticked, found.left_out)


def _if_held() -> None:
    """That texts of blasts wait for the carriers."""
    with page.open_reader() as session:
        holds = registration_of(session).holds
    if holds:
        st.warning(
            "These texts will wait: the carriers have not approved the registration of your texts. E-mail goes out at once.",
            icon=":material/pause_circle:",
        )
        st.page_link("../pages/integrations.py", label="Register texts in the US", query_params={"kit": "texts"},
                     icon=":material/arrow_forward:", width="content")  # fmt: skip


def _askable(now: Draft, who: Identity, people: tuple[Candidate, ...]) -> Askable:
    if now.kind == LinkKind.CARD:
        with page.open_reader() as session:
            return askable(session, who, people, kind=now.kind, as_of=clock.now())
    with page.open_reader() as session:
        version = data_version(session)
    minute = clock.now().replace(second=0, microsecond=0)
    ids = tuple(each.patient_id for each in people)
    return _who_owes(str(page.engine().url), version, who, ids, minute, people)


@st.cache_resource(max_entries=8, ttl=60, show_spinner=False)
def _who_owes(
    store: str,
    version: int,
    _who: Identity,
    ids: tuple[int, ...],
    minute: datetime,
    _people: tuple[Candidate, ...],
) -> Askable:
    """What each owes is worked out patient by patient; sending works it out again."""
    with reader(page.engine()) as session:
        return askable(session, _who, _people, kind=LinkKind.PAY, as_of=clock.now())


def _name(one: Goes | LeftOut, may_see: MaySee) -> str:
    if may_see.initials:
        return "".join(f"{part[0]}." for part in (one.first_name, one.last_name) if part)
    return shown(f"{one.first_name} {one.last_name}", 60) or "No name"


def _goes(now: Draft, found: Audience, able: Askable, may_see: MaySee) -> None:
    """Everyone who gets it: a tick each, the amount and the way; a press on the name opens their own message."""
    ticked = [one for one in found.goes if one.patient_id not in now.without]
    cents = sum(able.due[one.patient_id].cents for one in ticked if one.patient_id in able.due)
    total = f", {dollars(cents)} in all" if cents else ""
    st.markdown(plain(f"Goes to {count(len(ticked), 'person', 'people')}{total}", 80).join(("**", "**")))
    if not found.goes:
        note("Nobody. The list below says why for each person.")
        return
    board.draw_board(
        board.Board(
            caption="Everyone who gets it",
            words="Take a tick away to leave somebody out; press a name to read or change their message",
            view=f"{now.form} {now.way}",
            columns=HEADS if able.due else HEADS[:2] + HEADS[3:],
            rows=[_row(now, one, able, may_see) for one in found.goes],
            empty=("", ""),
        ),
        key=BOARD,
        on_open=lambda: _open(now),
        on_tick=lambda: _tick(now),
    )


HEADS = [
    {"key": "tick", "label": "Send to all of them", "kind": "tick"},
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "amount", "label": "Amount", "kind": "money"},
    {"key": "way", "label": "Way", "kind": "text"},
    {"key": "own", "label": "Message", "kind": "text"},
]


def _row(now: Draft, one: Goes, able: Askable, may_see: MaySee) -> dict[str, object]:
    name = _name(one, may_see)
    to = shown(one.address, 80)
    due = able.due.get(one.patient_id)
    return {
        "id": str(one.patient_id),
        "key": one.patient_id,
        "severity": "",
        "quiet": False,
        "news": f"{one.patient_id}",
        "cells": {
            "tick": {"on": one.patient_id not in now.without, "words": f"Send to {name}"},
            "who": {"name": name, "sub": ""},
            "amount": dollars(due.cents) if due else "",
            "way": {
                "words": f"{CHANNELS[Channel(one.channel)]} to {f'…{to[-4:]}' if may_see.initials else to}"
            },
            "own": {"words": "changed by hand" if one.patient_id in now.own else ""},
        },
    }


def _tick(now: Draft) -> None:
    answer = st.session_state[BOARD].tick
    if answer:
        keys = {int(one) for one in answer["ids"] if str(one).isdigit()}
        now.without = now.without - keys if answer["on"] else now.without | keys


def _open(now: Draft) -> None:
    pressed = st.session_state[BOARD].open
    if pressed:
        key = int(pressed["key"])
        now.reading = None if now.reading == key else key


def _read_one(now: Draft, found: Audience, words: Sequence[Words], who: Identity) -> None:
    """One person's message as it will arrive, and the way to change it for them alone."""
    one = next((each for each in found.goes if each.patient_id == now.reading), None)
    if one is None:
        return
    kept = next(each for each in words if each.channel == one.channel)
    mine = now.own.get(one.patient_id)
    if mine is not None and kept is words[0]:
        kept = edited(kept, subject=kept.subject, body=mine)
    with st.container(border=True), st.container(horizontal=True):
        with st.container():
            try:
                with page.open_reader() as session:
                    text = text_for(session, one.patient_id, one.fields, kept)
                    practice = letterhead(session, who.location_id)["practice"]
                message_preview(text, channel=kept.channel, practice=practice, example=False)
            except HuddleError as error:
                st.error(plain(error.sentence, 300), icon=":material/error:")
            note("The link is made for this person alone when it is sent.")
        if kept.channel == words[0].channel:
            with st.container():
                st.text_area(
                    f"Message to {plain(one.first_name or 'this person', 40)} alone",
                    value=kept.body,
                    key=now.key(f"own {one.patient_id}"),
                    max_chars=LONGEST_TEXT if kept.channel == Channel.TEXT else LONGEST_EMAIL,
                    height=130,
                    on_change=_change,
                    args=(now, one.patient_id, words[0].body),
                )
                st.button("Close", key=now.key("close own"), type="tertiary", on_click=_close, args=(now,))


def _change(now: Draft, patient_id: int, kept: str) -> None:
    body = str(st.session_state.get(now.key(f"own {patient_id}"), "")).strip()
    if body and body != kept.strip():
        now.own[patient_id] = body
    else:
        now.own.pop(patient_id, None)


def _close(now: Draft) -> None:
    now.reading = None


def _left_out(found: Audience, may_see: MaySee) -> None:
    if not found.left_out:
        note("Nobody: everyone of them can be asked.")
        return
    for reason, number in list(found.reasons().items())[:6]:
        st.markdown(f"{number:,} · {plain(reason, 200)}")
    with st.expander(f"Each of them, {count(len(found.left_out), 'person', 'people')}"):
        reasons = [shown(one.reason, 200) for one in found.left_out]
        _table(found.left_out, "Why", reasons, may_see, "Everyone who is left out, with the reason")


def _partly(able: Askable, found: Audience, may_see: MaySee) -> None:
    """Who is asked for a part only, and what of their money is left out and why."""
    told = [
        (one, because(able.due[one.patient_id].left_out)) for one in found.goes if one.patient_id in able.due
    ]
    told = [(one, why) for one, why in told if why]
    if not told:
        return
    st.markdown(f"{len(told):,} · asked for a part of what is open; the rest must wait")
    with st.expander(f"What is left out of it, {count(len(told), 'person', 'people')}"):
        people, reasons = [one for one, _ in told], [shown(why, 200) for _, why in told]
        _table(
            people, "Not asked for", reasons, may_see, "Everyone who is asked for a part, and why not for all"
        )


def _table(people: Sequence[Goes | LeftOut], head: str, words: list[str], may_see: MaySee, alt: str) -> None:
    st.dataframe(
        {"Patient": [_name(one, may_see) for one in people], head: words},
        hide_index=True,
        width="stretch",
        height=min(400, 40 + 35 * len(people)),
        alt=alt,
    )
