"""Step three of a blast, Check: who gets it, who does not and why, and each one's own text."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core import clock
from core.blasts.batches import Audience, Goes, LeftOut
from core.blasts.commands import Askable, askable, check_blast, text_for
from core.blasts.conditions import Candidate
from core.dues.askable import because
from core.errors import HuddleError
from core.links.rules import LinkKind
from core.messages.templates import Words, letterhead
from core.permissions import Identity
from core.store.engine import reader
from core.store.version import data_version
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import Draft
from dashboard.ui.note import note
from dashboard.ui.templates.preview import message_preview
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, plain, shown


def step_check(
    now: Draft, who: Identity, may_see: MaySee, people: Sequence[Candidate], words: Words
) -> Audience | None:
    """Draw it; who gets it, None when nobody can be asked at all."""
    st.subheader("3. Check")
    try:
        with st.spinner("Looking who can be written to…"):
            able = _askable(now, who, tuple(people))
            with page.open_reader() as session:
                found = check_blast(session, able, words=words)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")
        return None
    left, right = st.columns(2, gap="large")
    with left, st.container(border=True):
        st.markdown(f"**Goes to {len(found.goes):,}**")
        _goes(now, found, words, may_see, who)
    with right, st.container(border=True):
        st.markdown(f"**Left out {len(found.left_out):,}**")
        _left_out(found, may_see)
        _partly(able, found, may_see)
    return found


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


def _goes(now: Draft, found: Audience, words: Words, may_see: MaySee, who: Identity) -> None:
    if not found.goes:
        note("Nobody. The list on the right says why for each person.")
        return
    names = {one.patient_id: f"{_name(one, may_see)}, …{shown(one.address, 80)[-4:]}" for one in found.goes}
    chosen = st.selectbox(
        "Read the text of",
        list(names),
        index=None,
        key=now.key("one"),
        format_func=lambda key: shown(names.get(key, ""), 90),
        placeholder=f"Any of the {len(names):,}",
    )
    one = next((each for each in found.goes if each.patient_id == chosen), None)
    if one is None:
        with st.expander(f"Each of them, {count(len(found.goes), 'person', 'people')}"):
            _table(found.goes, "Goes to", [f"…{shown(each.address, 80)[-4:]}" if may_see.initials else shown(each.address, 80) for each in found.goes], may_see, "Everyone who gets it, with the address")  # fmt: skip
        return
    with page.open_reader() as session:
        text = text_for(session, one.patient_id, one.fields, words)
        practice = letterhead(session, who.location_id)["practice"]
    message_preview(text, channel=words.channel, practice=practice, example=False)
    note("The link is made for this person alone when it is sent.")


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
