"""The few questions a person answers once about a source; what was answered before stands there already."""

from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from core.integrations.ehr_exports.finding import Match
from core.own_exports.commands import Kept
from core.practice.reports import locations, practice_zone
from dashboard.ui import page
from dashboard.wording.text import plain, shown

ASK = "— choose —"
_ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
          "America/Anchorage", "Pacific/Honolulu"]  # fmt: skip
OPEN = "open questions"  # session state: key → (sentence, choices), of the last dry run


def questions(taken: Match, kept: Kept | None) -> dict[str, Any]:
    """The answers that are given; a question that has none is left out, and its rows wait."""
    before = kept.answers if kept else {}
    answers: dict[str, Any] = dict(before)
    with st.container(border=True):
        st.markdown("**A few questions, once**")
        _zone(answers, str(before.get("time_zone", "")))
        for key, question in taken.profile.questions.items():
            if not question.choices or len(question.choices) == 1:
                continue
            _choice(
                answers, key, question.ask, list(question.choices), str(before.get(key) or question.default)
            )
        for key, (ask, choices) in st.session_state.get(OPEN, {}).items():
            if key not in taken.profile.questions and choices:
                _choice(answers, key, ask, list(choices), str(before.get(key, "")))
    return {key: value for key, value in answers.items() if value}


def _zone(answers: dict[str, Any], before: str) -> None:
    with page.open_reader() as session:
        places = locations(session)
        first = before or (places[0].time_zone if places else practice_zone(session))
    zones = [ASK, *dict.fromkeys([*([first] if first else []), *_ZONES, *sorted(available_timezones())])]
    said = st.selectbox(
        "In which time zone is the practice?",
        zones,
        index=zones.index(first) if first else 0,
        key="answer time_zone",
        help="Left open, Huddle takes what the export says of itself.",
    )
    answers["time_zone"] = "" if said == ASK else said


def _choice(answers: dict[str, Any], key: str, ask: str, choices: list[str], before: str) -> None:
    options = [ASK, *choices]
    said = st.selectbox(
        plain(ask, 200),
        options,
        index=options.index(before) if before in options else 0,
        key=f"answer {key}",
        format_func=lambda choice: shown(choice.replace("_", "-"), 60),
    )
    answers[key] = "" if said == ASK else said
