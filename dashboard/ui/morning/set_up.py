"""On the morning, for whoever sets things up: what is still missing, and the way out of the demo data."""

import streamlit as st
from sqlmodel import Session

from core.jobs.practice_files.demo_data import throw_demo_away
from core.permissions import Identity, Permission, may
from core.reports.set_up import SetUp, SetUpStep, set_up_of
from dashboard.ui import page, press
from dashboard.ui.choices import choices, choose
from dashboard.wording.text import count

SCREEN, PLACE = "set up", "set up"
# relative to dashboard/app.py
_PAGES = {
    "integrations": "../pages/integrations.py",
    "team": "../pages/team.py",
}


def demo_bar(who: Identity) -> None:
    """Above the day: that these people are invented."""
    if (found := _found(who)) is None or found.demo is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(":material/theater_comedy: You are looking at invented people.")
        st.button(
            "Throw the demo data away", key="throw demo away", icon=":material/delete_sweep:", on_click=_ask
        )
    press.say_error(PLACE)
    if st.session_state.pop(_asked(), False):
        _sure()


def set_up_list(who: Identity) -> None:
    """Under the day: what is still missing, each with its page, or to be left for good."""
    found = _found(who)
    if found is None:
        return
    left = set(choices(who, SCREEN).get("left", []))
    missing = [step for step in found.missing if step.name not in left]
    if not missing:
        return
    with st.expander(f"Still to set up: {count(len(missing), 'step')}", icon=":material/checklist:"):
        for step in missing:
            _line(step, who, left)


def _found(who: Identity) -> SetUp | None:
    if not may(who.role, Permission.MANAGE_CONNECTIONS):
        return None
    with page.open_reader() as session:
        return set_up_of(session)


def _line(step: SetUpStep, who: Identity, left: set[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            _PAGES[step.page],
            label=step.what,
            icon=":material/arrow_forward:",
            query_params=step.part,
            width="content",
        )
        st.markdown(step.why, width="content")
        st.space("stretch")
        st.button(
            "Not needed",
            key=f"leave {step.name}",
            type="tertiary",
            on_click=lambda: choose(who, SCREEN, left=sorted({*left, step.name})),
        )


def _asked() -> str:
    return "throwing the demo data away"


def _ask() -> None:
    st.session_state[_asked()] = True


@st.dialog("Throw the demo data away")
def _sure() -> None:
    st.markdown("Every invented person goes, and whatever was done with them. Accounts, mail and texts stay.")
    if st.button(
        "Throw it away", key="sure", type="primary", icon=":material/delete_sweep:", on_click=_throw
    ):
        st.rerun()


def _throw() -> None:
    def act(session: Session, who: Identity) -> None:
        throw_demo_away(session, who)

    press.run(PLACE, act, "Thrown away. Connect your own data now.")
