"""Your own export: files of whatever system are dropped, recognized or matched by hand, tried, loaded, and known next time."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import HuddleError
from core.integrations.ehr_exports.finding import Match, best, match
from core.integrations.ehr_exports.guessing import SheetGuess, guess
from core.integrations.ehr_exports.profile import Profile, built_in
from core.integrations.ehr_exports.sheets import Found, sheets_of
from core.jobs.ehr_exports.shape import changes_of_shape
from core.own_exports.commands import Kept, kept_profiles
from core.permissions import Identity
from dashboard.ui import page, toasts
from dashboard.ui.integrations.mapping_columns import matched_by_hand
from dashboard.ui.integrations.mapping_kept import kept_list, loads_list
from dashboard.ui.integrations.mapping_questions import questions
from dashboard.ui.integrations.mapping_try import Ready, busy, redraw_when_done, try_and_load
from dashboard.wording.text import plain, shown

__all__ = ["busy", "mapping"]

DROPPED, STATE, WHOSE = "export files", "opened export", "whose export"
BY_HAND = "another system: match its columns"
TYPES = ["csv", "tsv", "txt", "xlsx", "xls", "zip"]


@dataclass(slots=True)
class Opened:
    """Files that are dropped, opened once. ids: of the dropped files, to tell whether they are still the same."""

    ids: tuple[str, ...]
    found: Found
    guesses: list[SheetGuess]


def mapping() -> None:
    """The tab, one fragment. Nothing is stored until Load is pressed; dropped files stay in memory and are gone with it."""
    who = page.identity()
    st.markdown(
        "Drop what your EHR or card processor exports, as it is: CSV, TSV or Excel files, or a zip. Huddle says what it "
        "sees in them and tries the load before anything is kept."
    )
    files: list[UploadedFile] = st.file_uploader(
        "Drop the files of an export here", type=TYPES, accept_multiple_files=True, key=DROPPED
    )
    try:
        if files:
            _dropped(files, who)
    except HuddleError as error:
        st.error(plain(error.sentence, 600), icon=":material/error:")
    kept_list()
    loads_list()
    toasts.show()
    redraw_when_done()


def _dropped(files: Sequence[UploadedFile], who: Identity) -> None:
    opened = _open(files)
    for sentence in opened.found.left_out:
        st.warning(plain(sentence, 300), icon=":material/folder_zip:")
    if not opened.found.sheets:
        return
    with page.open_reader() as session:
        kept = {one.name: one for one in kept_profiles(session)}
    profiles = {**built_in(), **{name: one.profile for name, one in kept.items()}}
    found = best(profiles.values(), opened.found.sheets)
    chosen = _whose(profiles, found)
    if chosen == BY_HAND:
        profile = matched_by_hand(opened.guesses)
        taken = match(profile, opened.found.sheets) if profile else None
    else:
        taken = match(profiles[chosen], opened.found.sheets)
        _looks_like(taken, kept.get(chosen))
    if taken is None or not taken.opened:
        if chosen != BY_HAND:
            st.warning("None of these files has the columns of that system.", icon=":material/help:")
        return
    answers = questions(taken, kept.get(taken.profile.profile))
    try_and_load(Ready(taken, answers, opened.ids), who)


def _open(files: Sequence[UploadedFile]) -> Opened:
    ids = tuple(one.file_id for one in files)
    before: Opened | None = st.session_state.get(STATE)
    if before is not None and before.ids == ids:
        return before
    found = sheets_of((one.name, one.getvalue()) for one in files)
    st.session_state[STATE] = opened = Opened(ids, found, guess(found.sheets))
    st.session_state.pop(WHOSE, None)
    return opened


def _whose(profiles: dict[str, Profile], found: Match | None) -> str:
    """Whose files these are: what Huddle thinks, and a person may say otherwise."""
    names = [*profiles, BY_HAND]
    first = found.profile.profile if found else BY_HAND
    if found is None:
        st.info(
            "This is no export that Huddle knows. Its best guesses are below, each with its reason: change what is wrong.",
            icon=":material/help:",
        )
    return st.selectbox(
        "Whose export is this?",
        names,
        index=names.index(first),
        key=WHOSE,
        format_func=lambda name: shown(profiles[name].title, 60) if name in profiles else name.capitalize(),
    )


def _looks_like(taken: Match, kept: Kept | None) -> None:
    kinds = ", ".join(dict.fromkeys(opened.table.table.replace("_", " ") for opened in taken.opened))
    if taken.opened:
        st.success(
            f"This looks like **{plain(taken.profile.title)}**: {plain(kinds)}.", icon=":material/check:"
        )
    if taken.profile.about:
        st.caption(plain(taken.profile.about, 300))
    for sentence in changes_of_shape(taken, kept.shape) if kept else []:
        st.warning(plain(sentence, 300), icon=":material/compare_arrows:")
    if taken.left_out:
        names = ", ".join(shown(sheet.shown, 40) for sheet in taken.left_out[:6])
        st.caption(f"Nothing for Huddle is in {plain(names, 300)}.")
