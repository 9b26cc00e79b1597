"""A practice with one patient who was sent links, for tests of the pages behind them."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from core import clock
from core.cards.models import Card
from core.connections.commands import connect
from core.links.history import add_step, follow
from core.links.models import Link
from core.links.rules import LinkKind, Step
from core.links.tokens import new_token
from core.patients.models import Patient
from core.practice.models import Location
from core.store.engine import transaction

PRACTICE, PHONE = "Maple Street Chiropractic", "+13035550100"
PAGE = "http://127.0.0.1:9/hosted/invoice/1"


def practice_with_patient(engine: Engine, *, base_url: str = "http://127.0.0.1:9/fortis") -> int:
    """One location, one patient linked to the processor's contact c1, one card of theirs. Returns the patient's id."""
    with transaction(engine) as session:
        fields = {"base_url": base_url, "user_id": "u", "location_id": "l"}
        keys = {"user_api_key": "k", "developer_id": "d"}
        made = connect(session, kind="fortis", name="Fortis", settings=fields, secrets=keys).id or 0
        own = {"connection_id": made, "external_id": "1", "content_hash": "x"}
        place = Location(**own, name=PRACTICE, time_zone="America/Denver", phone=PHONE)
        session.add(place)
        session.flush()
        patient = Patient(**own, location_id=place.id, first_name="Ana", last_name="Ruiz")
        session.add(patient)
        session.add(Card(**own, contact_ref="c1", brand="visa", last_four="1111"))
        session.flush()
        return patient.id or 0


def sent_link(engine: Engine, patient_id: int, kind: LinkKind, **also: Any) -> str:
    """A link of a kind that was made and sent; the token in its address."""
    now = clock.now()
    with transaction(engine) as session:
        patient = session.get_one(Patient, patient_id)
        values: dict[str, Any] = {
            "kind": kind,
            "key": f"key-{kind}-{uuid.uuid4().hex}",
            "form": f"form-{kind}-{uuid.uuid4().hex}",
            "patient_id": patient_id,
            "location_id": patient.location_id,
            "connection_id": patient.connection_id,
            "contact_ref": "c1",
            "created_at": now,
            "expires_at": now + timedelta(days=7),
            "what": "Payment for your plan",
        }
        if kind == LinkKind.CARD:
            values["card_ref"] = "1"
        else:
            values |= {"amount_cents": 14_900, "url": PAGE, "external_id": values["key"]}
        link = Link(**values | also)
        session.add(link)
        session.flush()
        add_step(session, link, Step.CREATED)
        add_step(session, link, Step.SENT, ref="text")
        follow(session, link)
        return new_token(session, link, channel="text")


def happened(engine: Engine, link_id: int, step: Step, **also: Any) -> None:
    """Something happened to a link."""
    with transaction(engine) as session:
        link = session.get_one(Link, link_id)
        add_step(session, link, step, **also)
        follow(session, link)
