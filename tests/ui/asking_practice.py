"""A practice that can ask its patients for cards: everybody agreed, has a phone of their own and is known at Fortis."""

from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from core.connections.commands import connect
from core.patients.models import Patient, ProcessorContact
from core.store.engine import transaction
from tests.browser.practice import practice_store

PUBLIC = "https://huddle.example"
SMS = {"base_url": "http://127.0.0.1:9", "account_sid": "AC1", "from_number": "+13035550100"}
FORTIS = {"base_url": "http://127.0.0.1:9/fortis", "user_id": "u", "location_id": "l"}


def asking_practice(folder: Path, *, texts: bool = True) -> Engine:
    """As `practice_store`, connected to a processor (and, unless not wanted, a text gateway) that nobody calls."""
    engine = practice_store(folder)
    with transaction(engine) as session:
        keys = {"user_api_key": "k", "developer_id": "d"}
        fortis = connect(session, kind="fortis", name="Fortis", settings=FORTIS, secrets=keys).id or 0
        if texts:
            connect(session, kind="sms", name="Texts", settings=SMS, secrets={"auth_token": "t"})
        for number, patient in enumerate(session.exec(select(Patient).order_by(Patient.id))):  # type: ignore[arg-type]
            phone = f"+1303555{1000 + number}"
            patient.mobile_phone, patient.mobile_last_four, patient.text_consent = phone, phone[-4:], True
            session.add(patient)
            session.add(
                ProcessorContact(
                    connection_id=fortis, external_id=f"c{number}", content_hash="x", patient_id=patient.id
                )
            )
    return engine
