"""Deciding about a visit beyond a membership: who, what it changes everywhere, and taking it back."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core.audit.models import AuditEntry
from core.errors import BadInput, NotAllowed, NotFound
from core.memberships.choices import ChoiceKind
from core.memberships.commands import choose, undo_choice
from core.memberships.models import MembershipChoice
from core.patient_card.read import patient_card
from core.permissions import Identity
from core.reports.morning import morning
from core.store.engine import reader, transaction
from core.store.version import data_version
from tests.memberships.booked import AS_OF, BENEFITS, NOVEMBER, booked, hired, key_of, load_member, said

FIVE = booked(*NOVEMBER[:5], today="2026-11-26")
ON_THE_DAY = AS_OF + timedelta(days=4, hours=21)  # 8:00 in Denver on the 26th


def decide(
    engine: Engine, who: Identity, visit: str = "A4", kind: ChoiceKind = ChoiceKind.DROP_IN, **more: str
) -> int:
    about = key_of(engine, visit)
    with transaction(engine) as session:
        given = {"reason": "asked for it"} | more
        made = choose(session, who, membership_id=1, appointment_id=about, kind=kind, as_of=AS_OF, **given)
        return made.id or 0


def written(session: Session) -> list[tuple[str, str, dict]]:
    found = session.exec(select(AuditEntry).where(AuditEntry.subject_kind == "patient"))
    return [(row.who, row.action, json.loads(row.detail)) for row in found]


def test_a_choice_is_recorded_with_who_and_why_and_can_be_taken_back(store: Engine, tmp_path: Path) -> None:
    load_member(store, tmp_path / "files")
    who = hired(store)
    before = said(store)
    key = decide(store, who, reason="  asked   for it ")
    assert said(store) == [("OVER_SCHEDULED", 1, ("A5",)), ("DECIDED", 1, ("A5",))]
    with transaction(store) as session:
        made = session.get_one(MembershipChoice, key)
        assert (made.chosen_by, made.reason, made.cents) == ("Dana Desk", "asked for it", 5500)
        undo_choice(session, who, choice_id=key)
        assert [action for _, action, _ in written(session)] == [
            "decided about a visit beyond a membership",
            "took back a choice about a membership",
        ]
        assert written(session)[0][0] == "dana"
        assert "asked" not in str(written(session)[0][2])
    assert said(store) == before


def test_every_kind_can_be_chosen_one_after_the_other(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files")
    who = hired(sqlite_store)
    for kind in ChoiceKind:
        key = decide(sqlite_store, who, kind=kind)
        assert ("DECIDED" in [state for state, _, _ in said(sqlite_store)]) is True
        with transaction(sqlite_store) as session:
            undo_choice(session, who, choice_id=key)


def test_the_morning_and_the_patient_card_show_what_was_decided(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files", appointments=FIVE)
    who = hired(sqlite_store)

    def on_the_day() -> tuple[list[str], int]:
        with reader(sqlite_store) as session:
            (row,) = morning(session, location_id=None, day=None, as_of=ON_THE_DAY).rows
        kinds = [flag.kind for flag in row.about.flags if flag.kind in ("OVER_SCHEDULED", "DECIDED")]
        return kinds, row.about.collect_now_cents

    assert on_the_day() == (["OVER_SCHEDULED"], 5500)
    key = decide(sqlite_store, who)
    assert on_the_day() == (["DECIDED"], 5500)
    with reader(sqlite_store) as session:
        (panel,) = patient_card(session, 1, AS_OF).memberships
    assert [(one.kind, one.stands, one.chosen_by) for one in panel.choices] == [
        ("drop_in", "HOLDS", "Dana Desk")
    ]
    assert panel.over == ()
    with reader(sqlite_store) as session:
        words = [moment.words for moment in patient_card(session, 1, AS_OF).timeline]
    assert "Decided for Nov 26: charge as a drop-in (Dana Desk)" in words
    with transaction(sqlite_store) as session:
        undo_choice(session, who, choice_id=key)
    decide(sqlite_store, who, kind=ChoiceKind.EXTRA)
    assert on_the_day() == (["DECIDED"], 0)


def test_the_card_offers_the_four_choices_for_each_visit_that_is_over(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load_member(sqlite_store, tmp_path / "files")
    with reader(sqlite_store) as session:
        (panel,) = patient_card(session, 1, AS_OF).memberships
    assert [(one.appointment_id, one.words) for one in panel.over] == [
        ("A4", "visit 5 of 4"),
        ("A5", "visit 6 of 4"),
    ]
    assert [[offer.kind for offer in one.offers] for one in panel.over] == [list(ChoiceKind)] * 2


def test_a_role_that_may_not_collect_decides_nothing(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files")
    who = hired(sqlite_store, "provider")
    with pytest.raises(NotAllowed):
        decide(sqlite_store, who)
    with transaction(sqlite_store) as session, pytest.raises(NotAllowed):
        undo_choice(session, who, choice_id=1)


@pytest.mark.parametrize(
    ("reason", "says"),
    [("  ", "Write why"), ("x" * 201, "within 200"), ("card 4242 4242 4242 4242", "card number")],
)
def test_a_reason_is_needed_short_and_without_a_card_number(
    sqlite_store: Engine, tmp_path: Path, reason: str, says: str
) -> None:
    load_member(sqlite_store, tmp_path / "files")
    with pytest.raises(BadInput, match=says):
        decide(sqlite_store, hired(sqlite_store), reason=reason)


def test_what_is_not_over_or_not_possible_is_refused_with_the_reason(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load_member(sqlite_store, tmp_path / "files", membership_benefits=BENEFITS[:1])
    who = hired(sqlite_store)
    with pytest.raises(BadInput, match="not beyond the membership"):
        decide(sqlite_store, who, "A3")
    with pytest.raises(BadInput, match="There is no plan with more"):
        decide(sqlite_store, who, kind=ChoiceKind.UPGRADE)
    decide(sqlite_store, who)
    with pytest.raises(BadInput, match="not beyond the membership any more"):
        decide(sqlite_store, who)


def test_nobody_decides_for_another_location_or_about_what_is_not_there(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load_member(sqlite_store, tmp_path / "files")
    who = hired(sqlite_store)
    elsewhere = Identity(1, who.staff_id, "dana", "Dana Desk", "front desk", location_id=99)
    with pytest.raises(NotFound, match="another location"):
        decide(sqlite_store, elsewhere)
    with transaction(sqlite_store) as session, pytest.raises(NotFound):
        undo_choice(session, who, choice_id=77)


def test_a_choice_is_taken_back_once(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files")
    who = hired(sqlite_store)
    key = decide(sqlite_store, who)
    with transaction(sqlite_store) as session:
        undo_choice(session, who, choice_id=key)
    with transaction(sqlite_store) as session, pytest.raises(BadInput, match="taken back already"):
        undo_choice(session, who, choice_id=key)


def test_what_was_asked_for_and_not_done_is_replaced_by_the_next_choice(
    store: Engine, tmp_path: Path
) -> None:
    load_member(store, tmp_path / "files", appointments=FIVE)
    who = hired(store)
    decide(store, who, kind=ChoiceKind.MOVE)
    assert said(store, ON_THE_DAY)[0] == ("OVER_SCHEDULED", 1, ("A4",))
    with transaction(store) as session:
        again = {"membership_id": 1, "appointment_id": key_of(store, "A4"), "kind": ChoiceKind.DROP_IN}
        choose(session, who, reason="came anyway", as_of=ON_THE_DAY, **again)
    with reader(store) as session:
        found = session.exec(select(MembershipChoice).order_by(MembershipChoice.id)).all()
        assert [(one.kind, one.undone_by) for one in found] == [("move", "Dana Desk"), ("drop_in", "")]


def test_the_ehr_that_shows_the_visit_moved_settles_the_request(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files", *NOVEMBER[:5])
    decide(sqlite_store, hired(sqlite_store), kind=ChoiceKind.MOVE)
    moved = booked(*NOVEMBER[:4], "2026-12-02")
    load_member(sqlite_store, tmp_path / "again", appointments=moved)
    assert [state for state, _, _ in said(sqlite_store)] == ["USED_UP"]


def test_a_choice_and_its_undoing_refresh_open_pages(sqlite_store: Engine, tmp_path: Path) -> None:
    load_member(sqlite_store, tmp_path / "files")
    who = hired(sqlite_store)

    def version() -> int:
        with reader(sqlite_store) as session:
            return data_version(session)

    before = version()
    key = decide(sqlite_store, who)
    middle = version()
    with transaction(sqlite_store) as session:
        undo_choice(session, who, choice_id=key)
    assert before < middle < version()
    assert isinstance(AS_OF, datetime)
