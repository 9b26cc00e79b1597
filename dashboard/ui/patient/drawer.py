"""The patient card: the same in the drawer beside any list and at its own address, /patient?id=KEY."""

from datetime import timedelta
from typing import Any

import streamlit as st
from sqlmodel import Session, select

from core import clock
from core.audit.commands import record
from core.errors import NotFound
from core.findings.flags import Kind
from core.patient_card.read import patient_card
from core.patient_card.rows import PatientCard
from core.patients.models import Patient
from core.permissions import Identity, Permission, may, require
from dashboard.ui import page, press, toasts
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking.composer import composer
from dashboard.ui.components.blocks import Block
from dashboard.ui.components.component import own
from dashboard.ui.components.headline import sources
from dashboard.ui.inbox.on_card import texts
from dashboard.ui.patient import care as card_care
from dashboard.ui.patient import choices as card_choices
from dashboard.ui.patient import desk as card_desk
from dashboard.ui.patient import head as card_head
from dashboard.ui.patient import money as card_money
from dashboard.ui.patient import plans as card_plans
from dashboard.ui.patient import quick_stop
from dashboard.ui.patient.consent import consent_editor
from dashboard.ui.watch import watch
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import plain

_CARD = own("card")
DRAWER_WIDTH = 780  # pixels; the list stays in sight beside it on a 1366 wide screen
_FRESH = timedelta(seconds=2)
DRAWER = "drawer card"
OPEN = "open patient"  # session state: {"key", "id", "board"} of the row whose drawer is open
CLOSED = "closed patient"  # … whose drawer was closed last
OF_A_BOOKING = (Kind.BOOKING_CONFLICT, Kind.NOT_IN_EHR)
SEEN = "seen patient"  # the patient whose card the audit trail has already


def sections(card: PatientCard, may_see: MaySee, stop: quick_stop.Stop, first: str = "") -> list[Block]:
    """The parts of the card in their order, without those of money for a role that may not see amounts.

    first: the name of the part that comes before the others, for a list that is about it.
    """
    parts = [
        card_head.other_flags(card, may_see, stop),
        card_care.today(card, may_see),
        card_money.money(card, may_see) if may_see.money else None,
        card_care.plans_and_memberships(card, may_see),
        card_money.cards(card) if may_see.money else None,
        card_care.insurance(card, may_see),
        card_care.visits(card, may_see),
        card_care.timeline(card, may_see),
    ]
    return sorted((part for part in parts if part), key=lambda part: part["name"] != first)


def draw_top(
    card: PatientCard, may_see: MaySee, stop: quick_stop.Stop, *, key: str, who: Identity, named: bool = True
) -> None:
    """What is to be said first: the Quick Stop and the sum to collect. named: with the name above (a drawer has it in
    its title)."""
    _mount(
        card,
        key=key,
        head=card_head.title(card, may_see) | ({} if named else {"name": ""}),
        quick=card_head.quick_stop(card, may_see, stop),
        sum=card_head.collect(card) if may_see.money else None,
        keys=asking.offered_to(who),
    )


def draw_card(
    card: PatientCard,
    may_see: MaySee,
    stop: quick_stop.Stop,
    *,
    key: str,
    on_open: Any = None,
    first: str = "",
) -> None:
    """Mount the rest of the card. `open` in its answer is the key of the family member that was pressed."""
    _mount(
        card,
        key=key,
        on_open=on_open,
        head={"name": "", "sub": "", "lines": card_head.ways(card, may_see)},
        sections=sections(card, may_see, stop, first),
        sources=sources(card.sources, card.as_of),
    )


def _mount(card: PatientCard, *, key: str, on_open: Any = None, **parts: Any) -> None:
    _CARD(
        key=key,
        data={"patient": card.row.key, **parts},
        on_open_change=on_open or (lambda: None),
        on_decide_change=lambda: _decide(card.row.key, st.session_state[key].decide),
        on_undo_change=lambda: _undo(card.row.key, st.session_state[key].undo),
        on_task_change=lambda: quick_stop.act(st.session_state[key].task),
        on_ask_change=lambda: _ask(card.row.key, st.session_state[key].ask),
        on_promise_change=lambda: card_plans.promise(st.session_state[key].promise),
    )


def _decide(patient: int, answer: dict[str, Any] | None) -> None:
    """Of a task, of money of the ledger, of a plan that was ended early, or of a visit beyond a membership."""
    if answer and "task" in answer:
        quick_stop.close(patient, answer)
    elif answer and "desk" in answer:
        card_desk.decide(patient, answer)
    else:
        (card_plans.settle if answer and "plan" in answer else card_choices.decide)(answer)


def _undo(patient: int, answer: dict[str, Any] | None) -> None:
    if answer and str(answer.get("choice", "")).startswith("task:"):
        quick_stop.take_back(patient, answer)
        return
    if answer and str(answer.get("choice", "")).startswith("desk:"):
        card_desk.take_back(answer)
        return
    of_plan = answer is not None and isinstance(answer.get("choice"), str)
    (card_plans.take_back if of_plan else card_choices.undo)(answer)


def _ask(patient: int, answer: dict[str, Any] | None) -> None:
    """The button beside a sentence: the form that mends it, filled in."""
    kind, about = (answer or {}).get("kind"), (answer or {}).get("about")
    pair = (str(about[0]), str(about[1])) if isinstance(about, list) and len(about) == 2 else None
    if kind in ("pay", "charge"):
        asking.ask(patient, kind, due=pair)
    elif kind == "card":
        asking.ask(patient, "card", card=pair and pair[1])
    elif kind == "invoice":
        asking.ask(patient, "invoice")


def read_card(key: int, who: Identity) -> PatientCard:
    """The card of a patient, written down in the audit trail once per opening. Raises NotFound, NotAllowed."""
    require(who.role, Permission.SEE_PATIENTS)
    with page.open_reader() as session:
        _require_location(session, key, who)
        card = patient_card(session, key, clock.now())
    if st.session_state.get(SEEN) != key:
        with page.acting(who) as (session, _):
            record(session, who=who, action="opened patient card", subject_kind="patient", subject_id=key)
        st.session_state[SEEN] = key
    return card


def _require_location(session: Session, key: int, who: Identity) -> None:
    """Someone who works at one location does not open patients of another. Raises NotFound."""
    at = session.exec(select(Patient.location_id).where(Patient.id == key)).first()
    if who.location_id is not None and at not in (None, who.location_id):
        raise NotFound("This patient belongs to another location.")


def open_from(board: str) -> None:
    """The row that was pressed on a board becomes the open drawer. For the board's on_open."""
    pressed = st.session_state[board].open
    if pressed:
        st.session_state[OPEN] = {**pressed, "board": board}


def open_patient(key: int, board: str) -> None:
    """The drawer of a patient (store id) that no row was pressed for."""
    st.session_state[OPEN] = {"key": key, "id": str(key), "board": board}


def forget(board: str) -> None:
    """No drawer of this board is open any more."""
    if _opened(board):
        _close()


def draw_found(board: str, who: Identity, may_see: MaySee) -> None:
    """The drawer of whoever was searched for. The page behind it watches for changes of the data by itself."""
    if row := _opened(board):
        _show(board, who, may_see, read_card(int(row["key"]), who), "")


def _opened(board: str) -> dict[str, Any] | None:
    pressed = st.session_state.get(OPEN)
    return pressed if pressed and pressed["board"] == board else None


def closed(board: str) -> dict[str, Any] | None:
    """The row of this board whose drawer was closed last: the keyboard goes back to it."""
    gone = st.session_state.get(CLOSED)
    return gone if gone and gone["board"] == board else None


def _close() -> None:
    st.session_state[CLOSED] = st.session_state.pop(OPEN, None)
    st.session_state.pop(SEEN, None)
    asking.leave()


def draw_drawer(board: str, who: Identity, may_see: MaySee, first: str = "") -> None:
    """The drawer of the open patient, if one is open. Drawn again at every refresh, so it stays where it is."""
    watch()
    row = _opened(board)
    if row:
        # read before the drawer opens: an open drawer without its card would still show the one before
        _show(board, who, may_see, read_card(int(row["key"]), who), first)


def _show(board: str, who: Identity, may_see: MaySee, card: PatientCard, first: str) -> None:
    """The drawer is called by the patient's name, as it was when it opened: another title would be another drawer, without
    what is being typed in this one."""
    row = _opened(board) or {}
    called = row.setdefault("called", {})
    name = called.setdefault(
        f"{card.row.key} {may_see.initials}", plain(card_head.name_of(card, may_see), 80)
    )
    drawn = st.dialog(name, position="right", width=DRAWER_WIDTH, on_dismiss=_close)(_drawer)
    drawn(board, who, may_see, card, first)


def _drawer(board: str, who: Identity, may_see: MaySee, card: PatientCard, first: str) -> None:
    row = _opened(board)
    if row is None:
        return
    press.refresh_what_changed()
    key = int(row["key"])
    if key != card.row.key:  # a family member was pressed: the drawer gets their name
        page.draw_again()
    if clock.now() - card.as_of > _FRESH:  # only the drawer runs again: what it was given is from before
        card = read_card(key, who)
    stop = quick_stop.read_stop(card, may_see)
    draw_top(card, may_see, stop, key=f"{DRAWER} top", who=who, named=False)
    composer(card, who, may_see)
    texts(key, who, may_see, card.time_zone)
    draw_card(card, may_see, stop, key=DRAWER, on_open=_open_family, first=first)
    consent_editor(key, who)
    if may(who.role, Permission.COLLECT) and any(flag.kind in OF_A_BOOKING for flag in card.row.flags):
        words = "Online booking: move it, call, or cancel and give the money back"
        st.page_link("../pages/booking.py", label=words, icon=":material/event_available:")
    st.link_button("Open on its own page", f"/patient?id={key}", icon=":material/open_in_new:")
    toasts.show()


def _open_family() -> None:
    key = st.session_state[DRAWER].open
    if key:
        st.session_state[OPEN] = {**st.session_state[OPEN], "key": key}
