"""Blasts: who gets it, who not and why; one a form; undo, pause, stop (RELIABILITY 18, 19)."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.blasts.audience import Audience, Blast, Wanted, check
from core.blasts.batches import make_batch, pause_batch, resume_batch, stop_batch, undo_batch
from core.blasts.progress import progress
from core.errors import BadInput, NotAllowed
from core.jobs.outbox.send_messages import carry_over
from core.jobs.outbox.senders import SENDERS
from core.messages.commands import Carried, send_message
from core.messages.consent import stop_address
from core.messages.models import Batch, Channel
from core.outbox.commands import claim, payload_of
from core.outbox.models import OutboxKind, OutboxRow
from core.patients.models import Patient
from core.store.engine import reader, transaction
from tests.messages.clinic import Clinic, connect_wires, open_clinic, texted, words
from tests.sandbox.running import Sandbox

NOW = timedelta(0)


@pytest.fixture
def family(sqlite_store: Engine, sandbox: Sandbox) -> Clinic:
    """Ana and Ben share a phone; Cy never agreed; Di said no; Ed has a landline abroad; Flo has nothing; Gil is fine."""
    connect_wires(sqlite_store, sandbox)
    shared = "+13035550111"
    return open_clinic(
        sqlite_store,
        [
            {"first_name": "Ana", "mobile_phone": shared},
            {"first_name": "Ben", "mobile_phone": shared},
            {"first_name": "Cy", "text_consent": None},
            {"first_name": "Di", "text_consent": False},
            {"first_name": "Ed", "mobile_phone": "+442071838750"},
            {"first_name": "Flo", "mobile_phone": None},
            {"first_name": "Gil"},
        ],
    )


def wanted(clinic: Clinic) -> list[Wanted]:
    return [Wanted(patient_id, {"amount": "$20.00"}) for patient_id in clinic.patients]


def blast(
    clinic: Clinic, form: str = "form", undo: timedelta = NOW, typed_count: int | None = None, **also: Any
) -> Batch:
    chosen = words(clinic.engine, body="Hi {{ first_name }}, {{ amount }} is open at {{ practice }}.")
    given: dict[str, Any] = {"name": "Open payments", "words": chosen, "wanted": wanted(clinic), **also}
    with transaction(clinic.engine) as session:
        at = given.pop("at", None)
        return make_batch(
            session, clinic.manager, Blast(**given), form=form, at=at, typed_count=typed_count, undo=undo
        )


def audience(clinic: Clinic) -> Audience:
    with reader(clinic.engine) as session:
        return check(session, wanted(clinic), channel=Channel.TEXT, purpose="billing")


def test_the_check_lists_everyone_with_the_reason(family: Clinic) -> None:
    found = audience(family)
    assert [person.first_name for person in found.goes] == ["Ana", "Gil"]
    assert {person.first_name: person.reason for person in found.left_out} == {
        "Ben": "Someone else with the same phone already gets this.",
        "Cy": "Has not agreed to texts about billing.",
        "Di": "Said no to texts about billing.",
        "Ed": "+44 20 7183 8750 is a landline and cannot get texts. Ask for a mobile number.",
        "Flo": "There is no mobile number on file.",
    }


def test_the_blast_goes_to_these_and_keeps_the_others_with_the_reason(
    family: Clinic, sandbox: Sandbox
) -> None:
    made = blast(family)
    family.work()
    assert sorted(text.body for text in texted(sandbox)) == [
        "Hi Ana, $20.00 is open at Maple Street.",
        "Hi Gil, $20.00 is open at Maple Street.",
    ]
    with reader(family.engine) as session:
        shown = progress(session, made.id or 0)
    assert (shown.state, shown.count, shown.left_out, shown.open) == ("done", 2, 5, 0)
    assert shown.by_state == {"sent": 2, "skipped": 5}


def test_a_blast_once_a_day_for_a_week_ends_at_the_cap(family: Clinic, sandbox: Sandbox) -> None:
    for day in range(3):
        blast(family, form=str(day))
    family.work()
    assert {person.reason for person in audience(family).left_out} >= {
        "Already got 3 messages in the last 7 days."
    }
    with pytest.raises(BadInput, match="Nobody is left"):
        blast(family, form="once more")
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert len(audience(family).goes) == 2


def test_the_same_form_makes_one_blast_however_often_it_is_pressed(family: Clinic, sandbox: Sandbox) -> None:
    made: list[int | None] = []
    presses = [threading.Thread(target=lambda: made.append(blast(family).id)) for _ in range(6)]
    for press in presses:
        press.start()
    for press in presses:
        press.join()
    assert len(set(made)) == 1
    family.work()
    assert len(texted(sandbox)) == 2


def test_above_fifty_the_number_is_typed(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store, [{} for _ in range(51)])
    for typed in (None, 50, 510):
        with pytest.raises(BadInput, match="Type 51 to confirm"):
            blast(clinic, typed_count=typed)
    assert clinic.messages() == []
    assert blast(clinic, typed_count=51).count == 51


def test_the_desk_may_not_send_blasts(family: Clinic) -> None:
    with pytest.raises(NotAllowed):
        blast(family._replace(manager=family.desk))


def test_undone_in_time_nothing_goes_out(family: Clinic, sandbox: Sandbox) -> None:
    made = blast(family, undo=timedelta(seconds=30))
    family.work()
    with transaction(family.engine) as session:
        undo_batch(session, family.manager, batch_id=made.id or 0)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        family.work()
    assert texted(sandbox) == []
    assert {message.reason for message in family.messages() if message.to_address} == {
        "Undone before it went out."
    }
    with transaction(family.engine) as session:  # pressed twice
        undo_batch(session, family.manager, batch_id=made.id or 0)
        assert stop_batch(session, family.manager, batch_id=made.id or 0) == 0
    with pytest.raises(BadInput, match="stopped already"), transaction(family.engine) as session:
        pause_batch(session, family.manager, batch_id=made.id or 0)


def test_paused_it_waits_and_resumed_it_goes_on(family: Clinic, sandbox: Sandbox) -> None:
    made = blast(family)
    with transaction(family.engine) as session:
        pause_batch(session, family.manager, batch_id=made.id or 0)
    family.work()
    assert texted(sandbox) == []
    with transaction(family.engine) as session:
        resume_batch(session, family.manager, batch_id=made.id or 0)
    family.work()
    assert len(texted(sandbox)) == 2


def test_stopped_in_the_middle_the_rest_stays_here(family: Clinic, sandbox: Sandbox) -> None:
    made = blast(family)
    with transaction(family.engine) as session:
        take_one(session)
        assert stop_batch(session, family.manager, batch_id=made.id or 0) == 1
    family.work()
    reasons = Counter(message.reason for message in family.messages() if message.to_address)
    assert reasons["The blast was stopped before this went out."] == 1
    assert texted(sandbox) == []


def take_one(session: Session) -> list[OutboxRow]:
    """What the worker does when it begins to send."""
    row = session.exec(select(OutboxRow)).first()
    assert row is not None
    taken, _ = claim(
        session,
        now=clock.now(),
        limit=1,
        kinds=["text"],
        connection_id=row.connection_id,
        still_wanted=lambda *_: {},
    )
    return taken


def test_one_sent_by_hand_does_not_wait_for_the_blast(family: Clinic, sandbox: Sandbox) -> None:
    blast(family)
    chosen = words(family.engine, body="See you soon, {{ first_name }}.")
    with transaction(family.engine) as session:
        send_message(session, family.desk, family.patients[6], words=chosen, link=None)
    family.work()
    assert texted(sandbox)[0].body == "See you soon, Gil."


def test_each_person_gets_a_link_of_their_own(family: Clinic, sandbox: Sandbox) -> None:
    def link(_session: Session, patient: Patient, _channel: str) -> Carried:
        return Carried("card", patient.id, f"https://huddle.example/card/{patient.id}")

    chosen = words(family.engine, use="new card", body="{{ first_name }}: {{ link }}")
    blast(family, words=chosen, make_link=link)
    family.work()
    last, first = family.patients[6], family.patients[0]
    assert {text.body for text in texted(sandbox)} == {
        f"Ana: https://huddle.example/card/{first}",
        f"Gil: https://huddle.example/card/{last}",
    }


def test_a_field_that_one_patient_lacks_stops_the_blast_before_anything_is_made(family: Clinic) -> None:
    with pytest.raises(BadInput, match="needs the last four"):
        blast(family, words=words(family.engine, body="Card {{ last_four }}"))
    with reader(family.engine) as session:
        assert session.exec(select(Batch)).all() == []


def test_who_made_paused_and_stopped_a_blast_is_written_down(family: Clinic) -> None:
    made = blast(family)
    with transaction(family.engine) as session:
        pause_batch(session, family.manager, batch_id=made.id or 0)
        stop_batch(session, family.manager, batch_id=made.id or 0)
    with reader(family.engine) as session:
        told = [(e.who, e.action) for e in session.exec(select(AuditEntry)) if e.subject_kind == "batch"]
    assert told == [("office", "made a blast"), ("office", "paused a blast"), ("office", "stopped a blast")]


@pytest.mark.parametrize("races", [100, pytest.param(1000, marks=pytest.mark.night)])
def test_opting_out_and_sending_race_and_no_claim_after_the_opt_out_takes_the_row(
    sqlite_store: Engine, sandbox: Sandbox, record_property: Callable[[str, object], None], races: int
) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store, [{} for _ in range(races)])
    blast(clinic, typed_count=races)
    stopped: set[str] = set()
    begun, one_is_taken = threading.Event(), threading.Event()

    def opt_everybody_out() -> None:
        for number in reversed(range(races)):
            if number == 0:  # the two meet, however the machine shares its time
                one_is_taken.wait(60)
            address = f"+1303555{number + 1000}"
            with transaction(sqlite_store) as session:
                stop_address(session, Channel.TEXT, address, "STOP by text")
            stopped.add(address)
            begun.set()

    out = threading.Thread(target=opt_everybody_out)
    out.start()
    assert begun.wait(60)
    taken: list[str] = []
    wrong: list[str] = []
    while out.is_alive() or len(taken) + len(stopped) < races:
        before = set(stopped)
        found = claim_some(clinic)
        wrong += [address for address in found if address in before]
        taken += found
        if taken:
            one_is_taken.set()
    out.join()
    record_property("reached", f"{len(wrong)} of {races:,} races sent after the opt-out")
    assert wrong == []
    assert 0 < len(taken) < races, "the two met"
    assert Counter(message.state for message in clinic.messages())["skipped"] == races - len(taken)


def claim_some(clinic: Clinic) -> list[str]:
    """Phones of what the worker would begin to send now."""
    with transaction(clinic.engine) as session:
        taken, cancelled = claim(
            session,
            now=clock.now(),
            limit=3,
            kinds=["text"],
            connection_id=session.exec(select(OutboxRow.connection_id)).first(),
            still_wanted=SENDERS[OutboxKind.TEXT].still_wanted,
        )
        carry_over(session, cancelled)
        return [payload_of(row)["to"] for row in taken]
