"""One processor record in the drawer: patients beside it, fact by fact, and the decision."""

from collections.abc import Callable
from datetime import date

import streamlit as st
from sqlmodel import Session

from core import clock
from core.matching import commands as linking
from core.matching.asides import set_aside, undo_decision
from core.matching.rules import Compared, Verdict
from core.matching.work_list import RecordSideBySide, SideBySide, search_patients
from core.permissions import Identity
from dashboard.ui import page, press, undo_line
from dashboard.ui.linking import board as linking_board
from dashboard.ui.note import note
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import day_month, phone_words, plain

PLACE, SEARCH = "link record", "linking search"
OPEN, CLOSED = "open record", "closed record"
_MARKS = {
    Verdict.AGREES: ":material/check_circle:\u00a0agrees",
    Verdict.DIFFERS: ":material/cancel:\u00a0differs",
    Verdict.UNKNOWN: ":material/help:\u00a0unknown",
}


def record(found: RecordSideBySide, who: Identity, place: LocalDay, may_see: MaySee) -> None:
    """The evidence and the buttons. Y links the first proposal, X says no to it, O sets the record aside."""
    press.refresh_what_changed()
    one = found.record
    note(plain(f"{one.connection} · {linking_board.rests(one.resting, place)}", 200))
    if one.aside:
        st.info("Set aside as not a patient of yours.", icon=":material/person_off:")
        st.button("Bring it back", icon=":material/undo:", type="primary", on_click=_decide, args=(found, may_see, "is waiting again", _back(one.contact_id), False))  # fmt: skip
        return
    for number, beside in enumerate(found.patients):
        with st.container(border=True):
            _beside(beside, one.connection, may_see)
            if beside.proposal_id is not None:
                _decision(found, beside, may_see, first=number == 0)
            elif beside.shared_alone:
                _family(found, beside, may_see)
    if not found.patients:
        note("No patient has the same name with the same e-mail, mobile or birth date.")
    _search(found, who, may_see)
    st.button(
        "Not a patient of ours", icon=":material/person_off:", shortcut="O", on_click=_decide,
        args=(found, may_see, "is set aside as not a patient", _aside(one.contact_id)),
    )  # fmt: skip
    press.say_error(PLACE)


def _beside(beside: SideBySide, connection: str, may_see: MaySee) -> None:
    """A table of four facts: there, here, and whether they agree."""
    nbsp = "\u00a0"
    rows = "\n".join(
        f"| {fact.what.capitalize().replace(' ', nbsp)} | {_said(fact, fact.theirs, may_see)} | {_said(fact, fact.ours, may_see)} "
        f"| {_MARKS[fact.verdict]} |"
        for fact in beside.facts
    )
    st.markdown(f"| What | {plain(connection, 40)} | In the EHR | Compared |\n|---|---|---|---|\n{rows}")


def _said(fact: Compared, value: str | date | None, may_see: MaySee) -> str:
    if value is None:
        return "–"
    if isinstance(value, date):
        return f"{day_month(value)} {value.year}" if not may_see.initials else "•••"
    if may_see.initials:
        return plain(linking_board.said_name(value, may_see)) if fact.what == "name" else "•••"
    # markdown would make a link of an e-mail address: a joiner before the @ keeps it text
    return plain(phone_words(value) if fact.what == "mobile" else value, 60).replace("@", "\u2060@")


def _decision(found: RecordSideBySide, beside: SideBySide, may_see: MaySee, *, first: bool) -> None:
    proposal = beside.proposal_id or 0
    with st.container(horizontal=True):
        st.button(
            "Same person: link", key=f"accept {proposal}", type="primary" if first else "secondary",
            icon=":material/link:", shortcut="Y" if first else None, on_click=_decide,
            args=(found, may_see, "is linked", lambda session, who: linking.accept_link(session, who, proposal_id=proposal)),
        )  # fmt: skip
        st.button(
            "Somebody else", key=f"reject {proposal}", icon=":material/link_off:",
            shortcut="X" if first else None, on_click=_decide,
            args=(found, may_see, "keeps waiting; that patient is not proposed again", lambda session, who: linking.reject_link(session, who, proposal_id=proposal)),
        )  # fmt: skip


def _family(found: RecordSideBySide, beside: SideBySide, may_see: MaySee) -> None:
    """Somebody with the same e-mail or phone and another name: a person may say that it is the same one all the same."""
    note(
        ":material/family_restroom: Perhaps family: they share an e-mail or phone, which alone never links. "
        "Link only if you know that it is one person."
    )
    st.button(
        "One person all the same", key=f"same {beside.patient_id}", icon=":material/link:", on_click=_decide,
        args=(found, may_see, "is linked", _by_hand(found.record.contact_id, beside.patient_id)),
    )  # fmt: skip


def _search(found: RecordSideBySide, who: Identity, may_see: MaySee) -> None:
    """Any patient by name or last four of the mobile, with the same evidence beside."""
    words = st.text_input(
        "Or search for the patient", key=SEARCH, placeholder="Name, or last four of the mobile", type="search",
        icon=":material/search:", live="200ms", max_chars=60,
    )  # fmt: skip
    if not words.strip():
        return
    with page.open_reader() as session:
        hits = search_patients(session, who, found.record.contact_id, words)
    if not hits:
        note("Nobody is called that.")
    for hit in hits:
        agreed = [fact.what for fact in hit.facts if fact.verdict == Verdict.AGREES]
        differ = [fact.what for fact in hit.facts if fact.verdict == Verdict.DIFFERS]
        words = ", ".join([*(f"{what} agrees" for what in agreed), *(f"{what} differs" for what in differ)])
        name = linking_board.said_name(hit.patient, may_see)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(name, 60)}** :small[{plain(words, 120) or 'nothing to compare'}]")
            st.button("Link", key=f"link {hit.patient_id}", icon=":material/link:", on_click=_decide, args=(found, may_see, "is linked", _by_hand(found.record.contact_id, hit.patient_id)))  # fmt: skip


def _by_hand(contact_id: int, patient_id: int) -> Callable[[Session, Identity], None]:
    return lambda session, who: linking.link_by_hand(
        session, who, contact_id=contact_id, patient_id=patient_id
    )


def _aside(contact_id: int) -> Callable[[Session, Identity], None]:
    return lambda session, who: set_aside(session, who, contact_id=contact_id)


def _back(contact_id: int) -> Callable[[Session, Identity], None]:
    return lambda session, who: undo_decision(session, who, contact_id=contact_id)


def _decide(
    found: RecordSideBySide,
    may_see: MaySee,
    words: str,
    act: Callable[[Session, Identity], None],
    undoable: bool = True,
) -> None:
    """Take the decision, close the drawer, and offer to take it back.

    Closed already: the second press of a double click, which would take back one decision more or offer a second undo.
    """
    if OPEN not in st.session_state:
        return

    def done(session: Session, who: Identity) -> bool:
        act(session, who)
        return True

    if not press.run(PLACE, done):
        return
    st.session_state[CLOSED] = {**(st.session_state.pop(OPEN, None) or {}), "at": clock.now().timestamp()}
    st.session_state.pop(SEARCH, None)
    if undoable:
        back = _back(found.record.contact_id)
        undo_line.offer(
            f"{linking_board.name_of(found.record, may_see)} {words}.",
            lambda: press.run(PLACE, back, "Taken back."),
        )
    else:
        undo_line.forget()
