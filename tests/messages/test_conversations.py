"""What patients text back becomes a conversation: read, answered, made a task of; unknown numbers matched or left."""

import dataclasses
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core.audit.models import AuditEntry
from core.errors import BadInput, MayNotSend, NotAllowed, NotFound
from core.inbox.texts import _apply_inbound
from core.messages.answering import (
    answer,
    answer_words,
    answers_offered,
    leave,
    match,
    opened,
    read,
    take,
    unread,
)
from core.messages.conversations import (
    Conversation,
    Show,
    conversations,
    last_text_id,
    lines,
    of_patient,
    unread_count,
)
from core.messages.models import InboundMessage
from core.patients.models import Patient
from core.permissions import Identity, Role
from core.practice.models import Location
from core.store.engine import reader, transaction
from core.tasks.by_hand import task_of_text
from core.tasks.models import Task
from tests.messages.clinic import Clinic, open_clinic, texted
from tests.sandbox.running import Sandbox

MINE, STRANGER = "+13035551000", "+13035557777"


def wrote(clinic: Clinic, words: str, number: str = MINE, sid: str = "") -> str:
    """A text that came in, as the gateway tells it."""
    with transaction(clinic.engine) as session:
        sid = sid or f"SM-{len(session.exec(select(InboundMessage)).all())}"
        _apply_inbound(session, {"MessageSid": sid, "From": number, "To": "+13035550199", "Body": words})
    return sid


def listed(clinic: Clinic, show: Show = Show.ALL, search: str = "") -> list[Conversation]:
    with reader(clinic.engine) as session:
        return conversations(session, clinic.desk, show, search=search)


def waiting(clinic: Clinic) -> int:
    with reader(clinic.engine) as session:
        return unread_count(session, clinic.desk)


def test_a_text_waits_until_somebody_has_read_it(clinic: Clinic) -> None:
    wrote(clinic, "Can I come at 5?")
    wrote(clinic, "Hello?")
    [found] = listed(clinic, Show.UNREAD)
    assert (found.words, found.unread, [one.name for one in found.people]) == ("Hello?", 2, ["Zoë Number 0"])
    assert waiting(clinic) == 1
    with transaction(clinic.engine) as session:
        assert read(session, clinic.desk, number=MINE) == 2
    assert (listed(clinic, Show.UNREAD), waiting(clinic), len(listed(clinic))) == ([], 0, 1)
    with transaction(clinic.engine) as session:
        unread(session, clinic.desk, number=MINE)
    assert waiting(clinic) == 1


def test_what_a_machine_has_answered_waits_for_nobody(clinic: Clinic) -> None:
    wrote(clinic, "HELP")
    assert (waiting(clinic), len(listed(clinic))) == (0, 1)


def test_an_answer_goes_out_stands_in_the_conversation_and_counts_as_reading(
    clinic: Clinic, sandbox: Sandbox
) -> None:
    wrote(clinic, "Can I come at 5?")
    with transaction(clinic.engine) as session:
        answer(session, clinic.desk, number=MINE, patient_id=clinic.patients[0], words=" Yes, see you then. ")
    clinic.work()
    assert [one.body for one in texted(sandbox)] == ["Yes, see you then."]
    with reader(clinic.engine) as session:
        told = lines(session, clinic.desk, MINE)
    assert [(one.ours, one.words) for one in told] == [
        (False, "Can I come at 5?"),
        (True, "Yes, see you then."),
    ]
    assert waiting(clinic) == 0


@pytest.mark.parametrize("words", ["", "   ", "x" * 481, "Dear {{ name }}"])
def test_an_answer_that_cannot_go_out_says_what_to_change(clinic: Clinic, words: str) -> None:
    wrote(clinic, "Hi")
    with transaction(clinic.engine) as session, pytest.raises(BadInput):
        answer(session, clinic.desk, number=MINE, patient_id=clinic.patients[0], words=words)


def test_nobody_is_answered_who_said_stop(clinic: Clinic) -> None:
    wrote(clinic, "STOP")
    with transaction(clinic.engine) as session, pytest.raises(MayNotSend):
        answer(session, clinic.desk, number=MINE, patient_id=clinic.patients[0], words="Sorry to hear.")


def test_a_template_is_filled_in_for_whoever_wrote(clinic: Clinic) -> None:
    wrote(clinic, "Hi")
    with transaction(clinic.engine) as session:
        answer(session, clinic.desk, number=MINE, patient_id=clinic.patients[0], words="Hello")
        offered = answers_offered(session)
        assert [one.name for one in offered] == ["Answer"]
        said = answer_words(session, offered[0], clinic.patients[0])
    assert (
        said
        == "Hi Zoë, Maple Street: thank you for your message. We will call you today. Reply STOP to opt out."
    )


def test_an_unknown_number_is_matched_or_left_and_a_new_text_of_it_waits_again(clinic: Clinic) -> None:
    wrote(clinic, "Who is this?", STRANGER)
    assert (listed(clinic)[0].people, waiting(clinic)) == ((), 1)
    with transaction(clinic.engine) as session, pytest.raises(NotFound, match="whose it is"):
        answer(session, clinic.desk, number=STRANGER, patient_id=clinic.patients[0], words="Hello")
    with transaction(clinic.engine) as session:
        leave(session, clinic.desk, number=STRANGER)
    assert waiting(clinic) == 0
    wrote(clinic, "It is Zoë, on my new phone", STRANGER)
    assert waiting(clinic) == 1
    with transaction(clinic.engine) as session:
        match(session, clinic.desk, number=STRANGER, patient_id=clinic.patients[0])
    assert [one.name for one in listed(clinic)[0].people] == ["Zoë Number 0"]
    with reader(clinic.engine) as session:
        assert [one.number for one in of_patient(session, clinic.desk, clinic.patients[0])] == [STRANGER]


def test_mine_are_those_i_took_and_search_finds_by_name(clinic: Clinic) -> None:
    wrote(clinic, "Hi")
    wrote(clinic, "Hello", STRANGER)
    with transaction(clinic.engine) as session:
        take(session, clinic.desk, number=MINE, staff_id=clinic.desk.staff_id)
    assert [one.number for one in listed(clinic, Show.MINE)] == [MINE]
    assert [one.number for one in listed(clinic, search="zoe number")] == [MINE]
    with transaction(clinic.engine) as session:
        take(session, clinic.desk, number=MINE, staff_id=None)
    assert listed(clinic, Show.MINE) == []


def test_a_text_becomes_one_task_however_often_it_is_pressed(clinic: Clinic) -> None:
    wrote(clinic, "Please call me")
    with transaction(clinic.engine) as session:
        text_id = last_text_id(session, MINE)
        made = task_of_text(session, clinic.desk, patient_id=clinic.patients[0], words="Wrote: Please call me", text_id=text_id)  # fmt: skip
        assert (made.state, made.owner_id, made.sentence) == ("working", clinic.desk.staff_id, "Wrote: Please call me")  # fmt: skip
    with transaction(clinic.engine) as session, pytest.raises(BadInput, match="already"):
        task_of_text(session, clinic.desk, patient_id=clinic.patients[0], words="again", text_id=text_id)
    with reader(clinic.engine) as session:
        assert len(session.exec(select(Task)).all()) == 1


def test_a_provider_reads_nothing_and_another_location_works_on_nothing(clinic: Clinic) -> None:
    wrote(clinic, "Hi")
    provider = dataclasses.replace(clinic.desk, role=Role.PROVIDER)
    with reader(clinic.engine) as session, pytest.raises(NotAllowed):
        conversations(session, provider)
    elsewhere = dataclasses.replace(clinic.desk, location_id=999)
    with transaction(clinic.engine) as session:
        assert conversations(session, elsewhere) == []
        assert lines(session, elsewhere, MINE) == []
        for act in (read, unread, leave):
            with pytest.raises(NotFound):
                act(session, elsewhere, number=MINE)


FAMILY = [{"mobile_phone": MINE, "first_name": name} for name in ("Ana", "Ben")]


def second_place(clinic: Clinic) -> Identity:
    """Somebody at a second location, where none of the patients is."""
    with transaction(clinic.engine) as session:
        first = session.exec(select(Location)).one()
        place = Location(connection_id=first.connection_id, external_id="L2", name="Oak", time_zone=first.time_zone)  # fmt: skip
        session.add(place)
        session.flush()
        return dataclasses.replace(clinic.desk, location_id=place.id)


def test_the_texts_of_a_family_are_seen_and_worked_on_at_the_place_of_one_of_them_only(store: Engine) -> None:
    clinic = open_clinic(store, FAMILY)
    elsewhere = second_place(clinic)
    wrote(clinic, "Ana and Ben are late")
    acts = [opened, read, unread, leave, partial(take, staff_id=1), partial(match, patient_id=clinic.patients[0])]  # fmt: skip
    with transaction(store) as session:
        assert (conversations(session, elsewhere), unread_count(session, elsewhere)) == ([], 0)
        assert lines(session, elsewhere, MINE) == []
        for act in acts:
            with pytest.raises(NotFound, match="Nothing came from this number"):
                act(session, elsewhere, number=MINE)
    with transaction(store) as session:
        session.get_one(Patient, clinic.patients[1]).location_id = elsewhere.location_id
    with transaction(store) as session:
        assert [one.number for one in conversations(session, elsewhere)] == [MINE]
        assert (unread_count(session, elsewhere), len(lines(session, elsewhere, MINE))) == (1, 1)
        assert read(session, elsewhere, number=MINE) == 1


def test_a_number_of_nobody_is_everybodys_until_somebody_says_whose_it_is(clinic: Clinic) -> None:
    elsewhere = second_place(clinic)
    wrote(clinic, "Who is this?", STRANGER)
    with reader(clinic.engine) as session:
        assert (len(conversations(session, elsewhere)), unread_count(session, elsewhere)) == (1, 1)
    with transaction(clinic.engine) as session:
        match(session, clinic.desk, number=STRANGER, patient_id=clinic.patients[0])
    with reader(clinic.engine) as session:
        assert (conversations(session, elsewhere), unread_count(session, elsewhere)) == ([], 0)


def test_an_answer_goes_to_no_other_number_than_the_one_that_wrote(clinic: Clinic, sandbox: Sandbox) -> None:
    wrote(clinic, "It is Zoë, on my new phone", STRANGER)
    with transaction(clinic.engine) as session:
        match(session, clinic.desk, number=STRANGER, patient_id=clinic.patients[0])
    with transaction(clinic.engine) as session, pytest.raises(MayNotSend, match="Another mobile is on file"):
        answer(session, clinic.desk, number=STRANGER, patient_id=clinic.patients[0], words="Hello")
    assert clinic.messages() == []


def test_who_opened_a_conversation_stands_in_the_audit(clinic: Clinic) -> None:
    sid = wrote(clinic, "Can I come at 5?")
    with transaction(clinic.engine) as session:
        opened(session, clinic.desk, number=MINE)
    with reader(clinic.engine) as session:
        [entry] = session.exec(select(AuditEntry).where(AuditEntry.action == "opened texts")).all()
        assert (entry.staff_id, entry.subject_id) == (clinic.desk.staff_id, sid)
