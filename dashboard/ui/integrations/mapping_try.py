"""Trying an export and loading it: both in the background with their progress, the first one undone at its end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import streamlit as st
from sqlmodel import Session

from core.connections.by_hand import ask_for_files
from core.integrations.ehr_exports.finding import Match
from core.integrations.ehr_exports.sheets import Found
from core.jobs.background import begin, begun
from core.jobs.ehr_exports.load import load_sheets
from core.jobs.ehr_exports.preview import PatientLook, Preview, preview
from core.jobs.ehr_exports.result import ExportResult
from core.permissions import Identity
from core.reports.head import Report
from dashboard.ui import page, press
from dashboard.ui.components.rows import draw_rows
from dashboard.ui.integrations.mapping_questions import OPEN
from dashboard.ui.privacy import may_see
from dashboard.wording.may_see import with_initials
from dashboard.wording.text import clock_time, day_words, plain

PLACE, TRYING, LOADING, TRIED = "own export", "try an export", "load an export", "tried export"
_MORNING = 60  # visits of a morning that are shown
GOING = "export going"  # session state: whether the page was drawn while one of them went on


class Ready(NamedTuple):
    """Files whose profile is known, with the answers. ids: of the dropped files."""

    taken: Match
    answers: dict[str, Any]
    ids: tuple[str, ...]

    @property
    def mark(self) -> str:
        """Tells whether a dry run was of this."""
        return repr((self.ids, self.taken.profile, sorted(self.answers.items())))


@dataclass(slots=True)
class Tried:
    """A dry run. found: None until it has ended."""

    mark: str
    found: Preview | None = None


def try_and_load(ready: Ready, who: Identity) -> None:
    """The two buttons and what came of each. Load is offered once these files were tried with these answers."""
    tried: Tried | None = st.session_state.get(TRIED)
    fits = tried is not None and tried.mark == ready.mark and tried.found is not None
    left, right = st.columns(2)
    left.button("Try it, keep nothing", key="try export", icon=":material/science:", on_click=_try, args=(ready,),
                width="stretch")  # fmt: skip
    right.button("Load", key="load export", icon=":material/download_done:", type="primary", on_click=_load,
                 args=(ready, who), disabled=not fits, width="stretch")  # fmt: skip
    press.say_error(PLACE)
    _progress()
    if tried is not None and tried.found is not None:
        if not fits:
            st.caption("Something was changed since this dry run: try it again.")
        draw_preview(tried.found, initials=may_see(who).initials)


def _try(ready: Ready) -> None:
    engine = page.engine()
    st.session_state[TRIED] = tried = Tried(ready.mark)

    def work(said: Callable[[str], None]) -> list[str]:
        tried.found = preview(
            engine, ready.taken, ready.answers, lambda file, rows: said(f"{file}: {rows:,} rows tried")
        )
        return []

    begin(engine, TRYING, work)


def _load(ready: Ready, who: Identity) -> None:
    names = [opened.sheet.shown for opened in ready.taken.opened]

    def act(session: Session, actor: Identity) -> bool:
        ask_for_files(session, actor, [opened.table.table for opened in ready.taken.opened])
        return True

    if not press.run(PLACE, act):
        return
    engine = page.engine()
    found = Found([opened.sheet for opened in ready.taken.opened], [])

    def work(said: Callable[[str], None]) -> list[str]:
        result = load_sheets(
            engine, found, ", ".join(names), profile=ready.taken.profile, answers=ready.answers, by=who.username,
            progress=lambda file, rows: said(f"{file}: {rows:,} rows loaded"),
        )  # fmt: skip
        return result.as_text().splitlines()

    begin(engine, LOADING, work)


def busy() -> bool:
    """Whether a dry run or a load is going on in this process."""
    return any((work := begun(page.engine(), name)) is not None and work.going for name in (TRYING, LOADING))


def redraw_when_done() -> None:
    """The page is drawn anew when work begins or ends: meanwhile its tab is drawn every second."""
    going = busy()
    if st.session_state.get(GOING, False) != going:
        st.session_state[GOING] = going
        _ask_what_is_open()
        st.rerun()


def _progress() -> None:
    """How far a dry run or a load is, and what came of the last ones."""
    for name in (TRYING, LOADING):
        work = begun(page.engine(), name)
        if work is not None and work.going:
            st.info(plain(work.said or "Reading the files…"), icon=":material/downloading:")
    _what_came()


def _what_came() -> None:
    tried, loaded = begun(page.engine(), TRYING), begun(page.engine(), LOADING)
    if tried and tried.error:
        st.error(plain(tried.error, 600), icon=":material/error:")
    if loaded and loaded.error:
        st.error(plain(loaded.error, 600), icon=":material/error:")
    elif loaded and loaded.lines:
        with st.expander("What came of the load", icon=":material/task_alt:", expanded=True):
            st.markdown("\n".join(f"- {plain(one, 300)}" for one in loaded.lines))
            st.page_link("../pages/morning.py", label="Open the morning", icon=":material/wb_twilight:", width="content")  # fmt: skip


def _ask_what_is_open() -> None:
    """The questions that a dry run found are asked with the others."""
    tried: Tried | None = st.session_state.get(TRIED)
    if tried is not None and tried.found is not None:
        result = tried.found.result
        st.session_state[OPEN] = {
            key: (ask.partition(" (")[0], result.choices.get(key, ()))
            for key, (ask, _rows) in result.questions.items()
        } | st.session_state.get(OPEN, {})


def draw_preview(found: Preview, *, initials: bool) -> None:
    """What the dry run showed: counts, what would not go in and why, ten patients, and tomorrow's morning."""
    st.markdown("**What this load would do**")
    _counts(found.result)
    _reasons(found.result)
    _patients(found.patients, initials=initials)
    _tomorrow(found, initials=initials)


def _counts(result: ExportResult) -> None:
    draw_rows(
        ["File", "Rows", "Stored", "Unchanged", "Quarantined", "Set aside"],
        [
            [name, *(f"{number:,}" for number in (c.rows, c.stored, c.unchanged, c.quarantined, c.set_aside))]
            for name, c in result.files.items()
        ],
        caption="Rows by file", key="tried counts", numbers=[1, 2, 3, 4, 5],
    )  # fmt: skip


def _reasons(result: ExportResult) -> None:
    lines = Counter((one["file"], one["reason"], "waits in quarantine") for one in result.quarantine)
    lines += Counter((one["file"], one["reason"], "is set aside") for one in result.set_aside)
    if lines:
        draw_rows(
            ["File", "Rows", "What becomes of them", "Why"],
            [[file, f"{count:,}", what, why] for (file, why, what), count in lines.most_common(30)],
            caption="Rows that do not go in", key="tried reasons", numbers=[1],
        )  # fmt: skip
    for place, count in result.unknown_cells.items():
        st.caption(f"{plain(place)}: {count:,} cells could not be read and are kept as unknown.")
    for sentence in [*result.notes, *result.asked()]:
        st.caption(plain(sentence, 300))


def _patients(people: tuple[PatientLook, ...], *, initials: bool) -> None:
    if not people:
        return
    if initials:
        st.caption("Ten patients are shown once names are: switch Initials off on the morning.")
        return
    st.markdown("**Ten patients as they will look.** Compare them with the old system before you load.")
    draw_rows(
        ["Id", "First name", "Last name", "Born", "Mobile", "E-mail", "Active"],
        [
            [one.patient_id, one.first_name, one.last_name, f"{one.birth_date or '–'}", one.mobile_phone or "–",
             one.email or "–", "yes" if one.active else "no"]
            for one in people
        ],
        caption="Ten patients", key="tried patients",
    )  # fmt: skip


def _tomorrow(found: Preview, *, initials: bool) -> None:
    report: Report | None = found.tomorrow
    st.markdown(f"**The morning of {day_words(found.day)} as it would look**")
    if report is None or not report.rows:
        st.caption("No visits on that day.")
        return
    about = [with_initials(row.about) if initials else row.about for row in report.rows[:_MORNING]]
    draw_rows(
        ["Time", "Patient", "Provider", "Kind of visit", "What to say"],
        [
            [clock_time(row.starts_at, report.time_zone), whose.patient, row.provider or "–",
             row.appointment_type or "–", whose.say or "–"]
            for row, whose in zip(report.rows, about, strict=False)
        ],
        caption="Tomorrow", key="tried tomorrow", short=[0],
    )  # fmt: skip
