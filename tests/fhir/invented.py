"""An invented practice in FHIR R4, in the manner of Synthea's exports: run it to write the NDJSON files to a folder.

`python -m tests.fhir.invented FOLDER`. People, places and numbers are made up here; the shape (uuid ids, one file a
kind, encounters that name providers by NPI) is what such exports look like.
"""

import json
import random
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

Json = dict[str, Any]
NPI = "http://hl7.org/fhir/sid/us-npi"
PLACES = "https://practice.example/places"
MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
GIVEN = ("Ada", "Bela", "Cleo", "Dario", "Elif", "Femi", "Greta", "Hugo", "Imke", "Jonas", "Kaya", "Leif")
FAMILY = ("Abara", "Brandt", "Castell", "Duval", "Engel", "Fontana", "Grube", "Hollis", "Ivers", "Jansen")
VISITS = (
    ("185349003", "Encounter for check up (procedure)"),
    ("185345009", "Encounter for symptom"),
    ("390906007", "Follow-up encounter"),
)
TODAY = date(2026, 11, 23)


class Invented:
    """A seeded practice; the same seed gives the same resources. patients, visits: how many of each."""

    def __init__(self, *, seed: int = 7, patients: int = 20, visits: int = 60, lasting: bool = True) -> None:
        self.random = random.Random(seed)  # noqa: S311 (invented people, no secret)
        self.stamped = "2026-11-20T08:00:00.000+00:00" if lasting else None
        self.places = [self._place(name) for name in ("Northside Chiropractic", "Riverside Chiropractic")]
        self.providers = [self._provider(number) for number in range(3)]
        self.patients = [self._patient(number) for number in range(patients)]
        self.encounters = [self._encounter(number) for number in range(visits)]

    def files(self) -> dict[str, list[Json]]:
        """The kinds that Synthea's exports hold, by file name."""
        return {
            "Encounter": self.encounters,
            "Location": self.places,
            "Observation": [self._observation(each) for each in self.encounters[:10]],
            "Patient": self.patients,
            "Practitioner": self.providers,
        }

    def money(self) -> dict[str, list[Json]]:
        """What a practice's own system may hold beside them."""
        child, parent, third = self.patients[0], self.patients[1], self.patients[2]
        return {
            "Account": [self._account(child, parent)],
            "Appointment": [self._appointment(0, third, "booked"), self._appointment(1, parent, "noshow")],
            "ChargeItem": [self._charge_item(third, "billable"), self._charge_item(third, "billed")],
            "Coverage": [self._coverage(third)],
            "Invoice": [self._invoice(third, "issued", 95.5), self._invoice(parent, "balanced", 149.1)],
            "PractitionerRole": [self._role()],
        }

    def _resource(self, kind: str, **fields: Any) -> Json:
        own = {"resourceType": kind, "id": str(uuid.UUID(int=self.random.getrandbits(128), version=4))}
        meta = {"meta": {"versionId": "1", "lastUpdated": self.stamped}} if self.stamped else {}
        return {**own, **meta, **fields}

    def _place(self, name: str) -> Json:
        made = self._resource("Location", status="active", name=name, mode="instance")
        made["identifier"] = [{"system": PLACES, "value": made["id"]}]
        made["telecom"] = [{"system": "phone", "value": "303-555-0140"}]
        made["address"] = {"line": ["12 Mill Lane"], "city": "Arvada", "state": "CO", "postalCode": "80002"}
        return made

    def _provider(self, number: int) -> Json:
        name = {"family": FAMILY[-number - 1], "given": [GIVEN[-number - 1]], "prefix": ["Dr."]}
        npi = {"system": NPI, "value": f"99999{number:05d}"}
        return self._resource("Practitioner", identifier=[npi], active=True, name=[name])

    def _patient(self, number: int) -> Json:
        born = date(1940, 1, 1) + timedelta(days=self.random.randrange(27_000))
        family, given = self.random.choice(FAMILY), self.random.choice(GIVEN)
        made = self._resource("Patient", birthDate=born.isoformat(), gender="unknown")
        made["identifier"] = [
            {"system": "https://practice.example", "value": made["id"]},
            {"type": MR, "system": "https://practice.example/mr", "value": f"MR-{number:05d}"},
        ]
        made["name"] = [
            {"use": "maiden", "family": "Before", "given": [given]},
            {"use": "official", "family": family, "given": [given, "M."], "prefix": ["Mx."]},
        ]
        made["telecom"] = [
            {"system": "phone", "value": "555-201-3344", "use": "home"},
            {"system": "phone", "value": f"720-555-{number:04d}", "use": "mobile"},
            {"system": "email", "value": f"{given}.{family}{number}@mail.example".lower()},
        ]
        made["communication"] = [{"language": {"text": "English"}}]
        return made

    def _encounter(self, number: int) -> Json:
        code, words = VISITS[number % len(VISITS)]
        start = datetime(2026, 11, 23, 15, 0, tzinfo=UTC) + timedelta(minutes=15 * (number % 24))
        start -= timedelta(days=7 * (number // 24))
        past = start.date() < TODAY
        npi = self.providers[number % 3]["identifier"][0]["value"]
        place, whose = self.places[number % 2], self.patients[number % len(self.patients)]
        return self._resource(
            "Encounter",
            status="finished" if past else "planned",
            **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}},
            type=[
                {
                    "coding": [{"system": "http://snomed.info/sct", "code": code, "display": words}],
                    "text": words,
                }
            ],
            subject={"reference": f"Patient/{whose['id']}"},
            participant=[{"individual": {"reference": f"Practitioner?identifier={NPI}|{npi}"}}],
            period={"start": _text(start), "end": _text(start + timedelta(minutes=20))},
            location=[{"location": {"reference": f"Location?identifier={PLACES}|{place['id']}"}}],
        )

    def _observation(self, encounter: Json) -> Json:
        code = {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]}
        about = {"reference": f"Encounter/{encounter['id']}"}
        return self._resource("Observation", status="final", code=code, encounter=about)

    def _appointment(self, number: int, whose: Json, status: str) -> Json:
        actors = [
            f"Patient/{whose['id']}",
            f"Practitioner/{self.providers[0]['id']}",
            f"Location/{self.places[0]['id']}",
        ]
        start = datetime(2026, 11, 23, 22, 0, tzinfo=UTC) + timedelta(minutes=30 * number)
        return self._resource(
            "Appointment",
            status=status,
            serviceType=[{"text": "Adjustment"}],
            start=_text(start),
            end=_text(start + timedelta(minutes=30)),
            participant=[{"actor": {"reference": actor}, "status": "accepted"} for actor in actors],
        )

    def _coverage(self, whose: Json) -> Json:
        code = "http://terminology.hl7.org/CodeSystem/"
        copay = {"coding": [{"system": f"{code}coverage-copay-type", "code": "copay"}]}
        return self._resource(
            "Coverage",
            status="active",
            type={"coding": [{"system": f"{code}v3-ActCode", "code": "EHCPOL"}]},
            beneficiary={"reference": f"Patient/{whose['id']}"},
            period={"start": "2026-01-01", "end": "2026-12-31"},
            payor=[{"display": "Mutual of Arvada"}],
            order=1,
            costToBeneficiary=[{"type": copay, "valueMoney": {"value": 25.0, "currency": "USD"}}],
        )

    def _account(self, child: Json, parent: Json) -> Json:
        return self._resource(
            "Account",
            status="active",
            subject=[{"reference": f"Patient/{child['id']}"}],
            guarantor=[{"party": {"reference": f"Patient/{parent['id']}"}}],
        )

    def _charge_item(self, whose: Json, status: str) -> Json:
        return self._resource(
            "ChargeItem",
            status=status,
            code={
                "coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "98941"}],
                "text": "Adjustment",
            },
            subject={"reference": f"Patient/{whose['id']}"},
            occurrenceDateTime="2026-11-16T20:00:00-07:00",
            priceOverride={"value": 65, "currency": "USD"},
        )

    def _invoice(self, whose: Json, status: str, dollars: float) -> Json:
        return self._resource(
            "Invoice",
            identifier=[{"value": f"I-{dollars}"}],
            status=status,
            subject={"reference": f"Patient/{whose['id']}"},
            date="2026-11-17",
            totalNet={"value": dollars, "currency": "USD"},
        )

    def _role(self) -> Json:
        return self._resource(
            "PractitionerRole",
            active=True,
            practitioner={"reference": f"Practitioner/{self.providers[1]['id']}"},
            location=[{"reference": f"Location/{self.places[1]['id']}"}],
        )


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def write(folder: Path, files: dict[str, list[Json]]) -> Path:
    """One NDJSON file a kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, resources in files.items():
        lines = (json.dumps(each) + "\n" for each in resources)
        (folder / f"{name}.ndjson").write_text("".join(lines))
    return folder


def bundle(resources: list[Json], kind: str = "collection") -> Json:
    """The same resources as one bundle."""
    named = [{"fullUrl": f"urn:uuid:{each['id']}"} if "id" in each else {} for each in resources]
    entries = [{**name, "resource": each} for name, each in zip(named, resources, strict=True)]
    if kind == "transaction":
        entries = [
            {**each, "request": {"method": "POST", "url": each["resource"]["resourceType"]}}
            for each in entries
        ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def everything(invented: Invented) -> Iterator[Json]:
    """Every resource, of whatever kind."""
    for resources in {**invented.files(), **invented.money()}.values():
        yield from resources


if __name__ == "__main__":
    made = Invented()
    write(Path(sys.argv[1]), {**made.files(), **made.money()})
