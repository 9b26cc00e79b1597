"""The practice's own texts: kept in versions, refused when they say too much."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from core.errors import BadInput, NotAllowed, NotFound
from core.insurance.models import Coverage
from core.messages.commands import preview
from core.messages.templates import (
    Words,
    archive_template,
    letterhead,
    save_letterhead,
    save_template,
    template,
    template_for,
    templates,
    versions,
)
from core.store.engine import transaction
from tests.messages.clinic import Clinic, open_clinic


@pytest.fixture
def clinic(store: Engine) -> Clinic:
    return open_clinic(store)


def save(session: Session, clinic: Clinic, body: str, **also: str) -> Words:
    fields = {"name": "Gentle", "use": "pay link", "channel": "text", "purpose": "billing", **also}
    return save_template(session, clinic.manager, body=body, **fields)  # type: ignore[arg-type]


def test_every_version_stays_and_the_same_words_make_none(clinic: Clinic) -> None:
    with transaction(clinic.engine) as session:
        first = save(session, clinic, "Hi {{ first_name }}")
        assert save(session, clinic, "Hi {{ first_name }} ") == first
        second = save(session, clinic, "Hello {{ first_name }}")
        assert (first.number, second.number) == (1, 2)
        assert [v.body for v in versions(session, first.template_id)] == [
            "Hello {{ first_name }}",
            "Hi {{ first_name }}",
        ]
        assert template(session, first.template_id) == second


def test_an_archived_text_is_gone_from_the_list_and_comes_back_when_saved_again(clinic: Clinic) -> None:
    with transaction(clinic.engine) as session:
        words = save(session, clinic, "Hi")
        for _ in range(2):  # the second press of a double click
            archive_template(session, clinic.manager, template_id=words.template_id)
        assert words.name not in {each.name for each in templates(session)}
        with pytest.raises(NotFound, match="Choose another"):
            template(session, words.template_id)
        assert save(session, clinic, "Hi").number == 2


def test_a_practice_starts_with_a_text_for_each_use_and_channel(clinic: Clinic) -> None:
    with transaction(clinic.engine) as session:
        for use in ("invoice", "pay link", "new card", "reminder"):
            for channel in ("text", "email"):
                assert preview(session, template_for(session, use, channel), location_id=None).body
        assert len(templates(session)) == 14
        assert template_for(session, "other", "text").name == "Answer"


def test_an_insurer_of_the_practice_may_not_stand_in_a_text(clinic: Clinic) -> None:
    with transaction(clinic.engine) as session:
        session.add(
            Coverage(
                connection_id=1,
                external_id="C1",
                patient_id=clinic.patients[0],
                payer="Blue Ridge",
                kind="auto",
            )
        )
        session.flush()
        for channel, subject in (("text", ""), ("email", "Your bill")):
            with pytest.raises(BadInput, match="“Blue Ridge” may not stand in a message"):
                save(session, clinic, "blue ridge has not paid", channel=channel, subject=subject)
        with pytest.raises(BadInput, match="“Blue Ridge”"):
            save(session, clinic, "Hello", channel="email", subject="About BLUE RIDGE")


def test_the_desk_may_not_change_texts(clinic: Clinic) -> None:
    desk = clinic._replace(manager=clinic.desk)
    with pytest.raises(NotAllowed), transaction(clinic.engine) as session:
        save(session, desk, "Hi")
    with pytest.raises(NotAllowed), transaction(clinic.engine) as session:
        save_letterhead(session, clinic.desk, name="Ours")


def test_the_letterhead_signs_what_goes_out(clinic: Clinic) -> None:
    with transaction(clinic.engine) as session:
        save_letterhead(
            session, clinic.manager, name="Maple Chiro", phone="303 555 0100", signature="Dr. Ada"
        )
        save_letterhead(session, clinic.manager, name="Maple West", location_id=1)
        assert letterhead(session, None)["practice"] == "Maple Chiro"
        assert letterhead(session, None)["phone"] == "(303) 555-0100"
        assert letterhead(session, 1)["practice"] == "Maple West"
        mail = preview(session, template_for(session, "pay link", "email"), location_id=None)
    assert "Dr. Ada\nMaple Chiro · (303) 555-0100" in mail.body
    assert mail.subject == "A payment to Maple Chiro is open"
