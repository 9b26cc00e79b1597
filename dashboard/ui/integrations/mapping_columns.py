"""Our columns on the left, theirs on the right with three examples: a guess with its reason, and a person decides."""

import streamlit as st

from core.errors import BadInput
from core.integrations.ehr_exports.drafting import MatchedFile, drafted
from core.integrations.ehr_exports.guessing import Guess, SheetGuess, Theirs, match_as
from core.integrations.ehr_exports.profile import Profile
from core.integrations.ehr_exports.slots import WANTED, Slot
from core.integrations.ehr_exports.spellings import word
from core.integrations.ehr_exports.words import CHOICES, COMMON, NOT_A_VISIT
from dashboard.wording.text import plain, shown

NOT_THERE, LEAVE_OUT, ASK = "— not there —", "Leave this file out", "— choose —"
WORDS = {
    "true": "active", "false": "not active", "no_show": "no-show", "not a visit": "not a visit",
}  # fmt: skip


def matched_by_hand(guesses: list[SheetGuess]) -> Profile | None:
    """The profile of what is matched on the screen; None while something is missing, which is said."""
    if not guesses:
        st.warning("No file has a line that names its columns.", icon=":material/help:")
        return None
    name = st.text_input("Name this source", key="source name", placeholder="for example: our old system")
    files = [_file(number, one) for number, one in enumerate(guesses)]
    without = _without_status(files)
    try:
        return drafted(name, name.strip(), files, without)
    except BadInput as missing:
        st.info(plain(missing.sentence, 300), icon=":material/edit:")
        return None


def _file(number: int, one: SheetGuess) -> MatchedFile:
    label = shown(one.sheet.shown, 60)
    with st.container(border=True):
        st.markdown(f"**{plain(one.sheet.shown, 60)}**")
        kinds = ["", *WANTED]
        file = st.selectbox(
            f"What is in {label}?",
            kinds,
            index=kinds.index(one.file),
            key=f"kind of {number}",
            format_func=lambda kind: WANTED[kind].label if kind else LEAVE_OUT,
            help=one.why or None,
        )
        if not file:
            return MatchedFile(one.sheet.shown, "", one.names)
        guessed = one.columns if file == one.file else match_as(one, file)
        columns = {
            slot.name: _slot(number, file, slot, one, guessed.get(slot.name)) for slot in WANTED[file].slots
        }
        columns = {slot: column for slot, column in columns.items() if column}
        words = _words(number, file, one, columns)
        unread = [name for name in one.names if name not in columns.values()]
        if unread:
            st.caption(f"Not read and never stored: {plain(', '.join(unread), 300)}.")
    return MatchedFile(one.sheet.shown, file, one.names, columns, words)


def _slot(number: int, file: str, slot: Slot, one: SheetGuess, found: Guess | None) -> str:
    options = [NOT_THERE, *one.names]
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        column = st.selectbox(
            slot.label,
            options,
            index=options.index(found.column) if found else 0,
            key=f"{number} {file} {slot.name}",
        )
    their = next((each for each in one.theirs if each.name == column), None)
    with right:
        if their is not None:
            st.caption(
                _examples(their) + (f" · {plain(found.why, 160)}" if found and found.column == column else "")
            )
    return column if their is not None else ""


def _examples(their: Theirs) -> str:
    shown_ones = " · ".join(shown(example, 28) for example in their.examples)
    # a word joiner after the sign: an address in markdown becomes a link by itself
    return plain(shown_ones, 120).replace("@", "@\u2060") if shown_ones else "nothing in it"


def _words(number: int, file: str, one: SheetGuess, columns: dict[str, str]) -> dict[str, str]:
    """Their words, each with how often it is met, and what it means here."""
    slot = next((each for each in WANTED[file].slots if each.words and columns.get(each.name)), None)
    their = next((each for each in one.theirs if slot and each.name == columns[slot.name]), None)
    if slot is None or their is None or slot.words is None:
        return {}
    st.markdown(f"What the words in **{plain(their.name, 40)}** mean:")
    choices = [ASK, *CHOICES[slot.words], *([NOT_A_VISIT] if file == "appointments" else [])]
    words: dict[str, str] = {}
    for theirs, count in their.words.items():
        known = COMMON[slot.words].get(word(theirs), ASK)
        ours = st.selectbox(
            f"“{shown(theirs, 40)}” ({count:,})",
            choices,
            index=choices.index(known) if known in choices else 0,
            key=f"{number} {file} word {theirs}",
            format_func=lambda choice: str(WORDS.get(choice, choice)),
        )
        if ours != ASK:
            words[theirs] = ours
    if not their.words:
        st.caption("Too many different words to match: choose another column, or leave it out.")
    return words


def _without_status(files: list[MatchedFile]) -> dict[str, str]:
    """What visits are of a file that has no status."""
    if not any(one.file == "appointments" and not one.columns.get("status") for one in files):
        return {}
    choices = [ASK, "completed", "scheduled", "no_show", "cancelled"]
    past = st.selectbox("The visits have no status. What is one in the past?", choices, key="no status past",
                        format_func=lambda choice: str(WORDS.get(choice, choice)))  # fmt: skip
    return {"past": "" if past == ASK else past, "future": "scheduled"}
