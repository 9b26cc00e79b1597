"""A card number, oddly written, at the doors where words come in: refused or masked, and never in the store."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, select

from core.errors import BadInput
from core.integrations.practice_files import cells
from core.messages.models import Channel, Purpose
from core.messages.templates import Use, save_letterhead, save_template
from core.permissions import Role
from core.staff.commands import add_staff
from core.staff.models import Preference
from core.staff.preferences import keep_preference
from core.store.engine import reader, transaction
from tests.messages.clinic import Clinic, open_clinic

CARD = "4242424242424242"
ODD = [
    "4242.4242.4242.4242",
    "4242/4242/4242/4242",
    "4242_4242_4242_4242",
    "4242:4242:4242:4242",
    "4242·4242·4242·4242",
    "4242    4242    4242    4242",
    "4242\u200b4242\u200b4242\u200b4242",
    "42\u00ad42\u00ad4242\u00ad4242\u00ad4242",
    "4242\u22124242\u22124242\u22124242",
    "\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12\uff14\uff12",
]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    from core.store.engine import open_store
    from tests.conftest import fresh_sqlite

    return open_clinic(open_store(fresh_sqlite(tmp_path_factory.mktemp("doors"))))


def in_letterhead(session: Session, clinic: Clinic, card: str) -> None:
    save_letterhead(session, clinic.manager, name=f"Maple {card}")


def in_signature(session: Session, clinic: Clinic, card: str) -> None:
    save_letterhead(session, clinic.manager, name="Maple", signature=card)


def in_template_name(session: Session, clinic: Clinic, card: str) -> None:
    text = {"use": next(iter(Use)), "channel": Channel.TEXT, "purpose": Purpose.BILLING, "body": "Hello."}
    save_template(session, clinic.manager, name=card, **text)


def in_template(session: Session, clinic: Clinic, card: str) -> None:
    text = {"use": next(iter(Use)), "channel": Channel.TEXT, "purpose": Purpose.BILLING}
    save_template(session, clinic.manager, name="Card", body=f"Your card {card}.", **text)


def in_staff_name(session: Session, clinic: Clinic, card: str) -> None:
    add_staff(session, None, username="eve", display_name=card, role=Role.PROVIDER, password_hash="x")


@pytest.mark.parametrize("card", ODD)
@pytest.mark.parametrize("door", [in_letterhead, in_signature, in_template_name, in_template, in_staff_name])
def test_it_is_refused_in_a_kind_sentence(
    clinic: Clinic, door: Callable[[Session, Clinic, str], None], card: str
) -> None:
    with pytest.raises(BadInput, match="card number"), transaction(clinic.engine) as session:
        door(session, clinic, card)


@pytest.mark.parametrize("card", ODD)
def test_a_file_s_words_may_not_hold_one_but_an_id_of_a_source_stays_an_id(card: str) -> None:
    for read in (cells.name, cells.text, cells.card_id):
        with pytest.raises(cells.BadCell, match="card number"):
            read(f"Ana {card}")
    assert cells.identifier(CARD) == CARD


def test_what_was_searched_for_is_remembered_without_it(clinic: Clinic) -> None:
    with transaction(clinic.engine) as session:
        keep_preference(session, clinic.desk.staff_id, "patients", search=ODD[0], columns=["card"])
    with reader(clinic.engine) as session:
        kept = session.exec(select(Preference.value)).one()
    assert kept == '{"columns": ["card"], "search": "[card number ending 4242]"}'
