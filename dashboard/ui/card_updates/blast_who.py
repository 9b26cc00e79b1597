"""Step one of a blast, Who: live conditions with their counts, several at once, and a filter over them."""

from datetime import date, datetime
from typing import NamedTuple

import streamlit as st

from core import clock
from core.blasts.conditions import Candidate, Condition, conditions, one_processor_only
from core.blasts.filters import About, Filter, chosen_by_hand, facts_about, narrowed, union
from core.errors import BadInput
from core.links.rules import LinkKind
from core.money import parse_dollars
from core.permissions import Identity
from core.practice.reports import locations
from core.store.engine import reader
from core.store.version import data_version
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import Draft, begin, draft
from dashboard.ui.components import headline
from dashboard.ui.note import note
from dashboard.wording.text import count, plain

CARDS = "blast conditions"
SHOWN = {
    Condition.NO_CARD: ("No card", "credit_card_off"),
    Condition.BEFORE_DRAFT: ("Ends before a draft", "credit_card_clock"),
    Condition.SOON: ("Ends soon", "credit_card_clock"),
    Condition.EXPIRED: ("Expired or closed", "credit_card_off"),
    Condition.DECLINED: ("Declined lately", "money_off"),
    Condition.OLD_PROCESSOR: ("Old processor only", "swap_horiz"),
    Condition.TODAY: ("Today without card", "today"),
}


class People(NamedTuple):
    """Everybody that any condition holds for, and what the filter asks of them. only_one: no processor was left."""

    found: dict[Condition, tuple[Candidate, ...]]
    facts: dict[int, About]
    only_one: bool
    today: date


@st.cache_resource(max_entries=16, ttl=600, show_spinner=False)
def _people(store: str, version: int, location_id: int | None, part: datetime) -> People:
    """Frozen rows, shared by all who look; no older than the last change of the data or ten minutes."""
    now = clock.now()
    with reader(page.engine()) as session:
        found = conditions(session, location_id=location_id, as_of=now)
        ids = {each.patient_id for people in found.values() for each in people}
        places = locations(session, location_id)
        today = clock.today(places[0].time_zone if places else "UTC", now)
        return People(found, facts_about(session, ids, as_of=now), one_processor_only(session), today)


def everybody(who: Identity) -> People:
    """Whom each condition holds for now, of this person's place of work."""
    with page.open_reader() as session:
        version = data_version(session)
    now = clock.now()
    part = now.replace(minute=now.minute - now.minute % 10, second=0, microsecond=0)
    return _people(str(page.engine().url), version, who.location_id, part)


def step_who(now: Draft, who: Identity) -> tuple[Candidate, ...]:
    """Draw it; the people it comes to."""
    st.subheader("1. Who")
    if now.chosen:
        return _chosen(now, who)
    people = everybody(who)
    headline.draw_headline(
        key=CARDS,
        label="Who is asked, press one or several",
        cards=[_card(one, people, now) for one in SHOWN],
        sources=[],
        on_press=lambda: _press(who),
        small=False,
    )
    if people.only_one:
        note(
            "Old processor only: there is one card processor, so no cards are waiting to be moved from another."
        )
    wanted = _filter(now)
    found = union(people.found, now.picked)
    kept = narrowed(found, people.facts, wanted, people.today)
    if not now.picked:
        st.info("Press a number above to choose who is asked.", icon=":material/touch_app:")
    elif wanted != Filter():
        note(f"The filter keeps {len(kept):,} of {count(len(found), 'patient')}.")
    return kept


def _chosen(now: Draft, who: Identity) -> tuple[Candidate, ...]:
    with page.open_reader() as session:
        found = chosen_by_hand(session, now.chosen, as_of=clock.now(), location_id=who.location_id)
    asks = "a payment link for what is open" if now.kind == LinkKind.PAY else "a new-card link"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(found), 'patient')}** from {plain(now.origin, 40)}, each gets {asks}.")
        st.button("Choose others", key="blast others", on_click=begin, args=(who,))
    return found


def _card(condition: Condition, people: People, now: Draft) -> dict[str, object]:
    label, icon = SHOWN[condition]
    held = condition in now.picked
    found = people.found.get(condition, ())
    return {
        "id": condition.name,
        "label": label,
        "icon": icon,
        "tone": "",
        "value": f"{len(found):,}",
        "sub": "",
        "pressed": held,
        "why": f"Do not ask: {label.lower()}" if held else f"Ask also: {label.lower()}",
    }


def _press(who: Identity) -> None:
    pressed = st.session_state[CARDS].press
    if pressed in Condition.__members__:
        draft(who).picked ^= {Condition[pressed]}


def _filter(now: Draft) -> Filter:
    with st.expander("Only some of them", icon=":material/filter_alt:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            has = st.multiselect(
                "Has",
                ["Plan", "Membership"],
                key=now.key("has"),
                placeholder="Anything",
                width=260,
            )
            days = st.number_input(
                "Next visit within, days",
                min_value=0,
                max_value=365,
                value=None,
                step=1,
                key=now.key("days"),
                placeholder="Any",
                width=200,
            )
            dollars = st.text_input(
                "At risk, at least dollars",
                key=now.key("risk"),
                placeholder="Any",
                max_chars=12,
                width=200,
            )
        try:
            cents = parse_dollars(dollars) if dollars.strip() else 0
        except BadInput as error:
            st.error(plain(error.sentence, 200), icon=":material/error:")
            cents = 0
    return Filter("Plan" in has, "Membership" in has, days, cents)
