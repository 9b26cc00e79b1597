"""Syncing with Cliniko over real HTTP: the store equals it row for row, whatever the wire and the others do."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core import clock
from core.connections.models import ConnectionState
from core.connections.reports import quarantined
from core.integrations.cliniko import client as cliniko
from core.jobs.sync import sync_connection
from core.store.engine import reader
from data.sandbox.cliniko import records
from tests.cliniko.office import (
    NOW,
    connect_cliniko,
    errors,
    expected,
    held,
    invoice,
    link,
    local_day,
    patient,
    pid,
    practice,
    serve,
    stamp,
    stored,
    sync,
    visit,
)
from tests.jobs.connecting import state_of
from tests.sandbox.running import Sandbox


def change(sandbox: Sandbox, resource: str, its_id: str | int, **fields: object) -> None:
    sandbox.control({"cliniko": {"change": {"resource": resource, "id": str(its_id), "fields": fields}}})


def test_everything_comes_once_and_equals_cliniko(store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_cliniko(store, sandbox)
    assert errors(sync(store, connection_id, sandbox)) == []
    assert stored(store) == expected(sandbox)
    again = sync(store, connection_id, sandbox, full=True)
    assert (errors(again), sum(result.stored for result in again)) == ([], 0)


def test_what_each_record_says_is_in_its_row(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, sandbox)
    assert held(sqlite_store, "locations", "name", "time_zone") == {"1": ("Maple Street", "America/Denver")}
    assert held(sqlite_store, "providers", "name") == {"2": ("Dr Grace Lee",), "3": ("Old Hand",)}
    assert held(sqlite_store, "services", "code", "price_cents")["31"] == ("98940", 6_500)
    kinds = held(sqlite_store, "appointment_types", "minutes", "service_class", "price_cents")
    assert kinds == {"7": (15, "adjustment", 7_750), "8": (45, "class", None), "9": (30, None, None)}
    phones = held(sqlite_store, "patients", "mobile_phone", "text_consent", "location_id")
    assert phones[pid(0)] == ("+13035550142", None, 1)
    entries = held(sqlite_store, "ledger", "kind", "amount_cents", "posted_on")
    assert entries["9002/settled"][:2] == ("payment", 6_500)
    assert str(entries["9002/settled"][2]) == local_day(NOW - timedelta(days=3))
    assert "9003/settled" not in entries  # Closed: still owed unless the practice says otherwise
    assert entries["9004"][:2] == ("adjustment", 2_000)


def test_only_what_changed_is_read_again_and_moves_its_row(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, sandbox)
    sandbox.control({"advance": {"minutes": 30}})
    change(sandbox, "individual_appointments", 5000, cancelled_at=stamp(NOW))
    change(sandbox, "invoices", 9001, status=20, closed_at=stamp(NOW))
    change(sandbox, "patients", pid(3), archived_at=stamp(NOW))
    with clock.frozen(NOW + timedelta(minutes=30)):
        came = {r.resource: r for r in sync(sqlite_store, connection_id, sandbox)}
    assert came["individual_appointments"].stored == 1
    assert came["individual_appointments"].rows_in < 10
    assert (came["patients"].stored, came["invoices"].stored) == (1, 1)
    assert stored(sqlite_store) == expected(sandbox, NOW + timedelta(minutes=30))


def test_a_full_sync_finds_what_was_deleted(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, sandbox)
    for resource, its_id in (("invoices", "9002"), ("individual_appointments", "5003"), ("attendees", "81")):
        sandbox.control({"cliniko": {"delete": {"resource": resource, "id": its_id}}})
    sync(sqlite_store, connection_id, sandbox)
    assert "9002" in held(sqlite_store, "ledger")
    serve(sandbox, {"attendees": practice()["attendees"][:1]})  # one of two would be more than a fifth
    assert errors(sync(sqlite_store, connection_id, sandbox, full=True)) == []
    assert not {"9002", "9002/settled"} & set(held(sqlite_store, "ledger"))
    assert stored(sqlite_store) == expected(sandbox)


def test_a_merged_patient_hands_everything_over_and_later_visits_follow(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, sandbox)
    sandbox.control({"advance": {"minutes": 1}, "cliniko": {"merge": {"id": pid(1), "into": pid(4)}}})
    sandbox.control({"cliniko": {"merge": {"id": pid(4), "into": pid(5)}}})
    assert errors(sync(sqlite_store, connection_id, sandbox)) == []
    assert stored(sqlite_store) == expected(sandbox)
    new = visit(60, 1, NOW + timedelta(hours=5), changed=NOW + timedelta(minutes=2))
    serve(sandbox, {"individual_appointments": [new]})
    sync(sqlite_store, connection_id, sandbox)
    sync(sqlite_store, connection_id, sandbox, full=True)
    assert stored(sqlite_store) == expected(sandbox)
    assert pid(1) not in held(sqlite_store, "patients")


def test_a_class_that_moves_takes_its_attendees_along(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, sandbox)
    later = NOW + timedelta(days=2)
    sandbox.control({"advance": {"minutes": 30}})
    change(
        sandbox,
        "group_appointments",
        70,
        starts_at=stamp(later),
        ends_at=stamp(later + timedelta(minutes=45)),
    )
    assert errors(sync(sqlite_store, connection_id, sandbox)) == []
    assert held(sqlite_store, "appointments", "starts_at")["attendee/81"] == (later,)


def test_a_visit_in_progress_is_completed_once_it_is_over(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, sandbox)
    assert held(sqlite_store, "appointments", "status")["5025"] == ("arrived",)
    with clock.frozen(NOW + timedelta(hours=3)):
        sync(sqlite_store, connection_id, sandbox)
        assert held(sqlite_store, "appointments", "status")["5025"] == ("completed",)


def test_ids_may_come_as_numbers(sqlite_store: Engine, sandbox: Sandbox) -> None:
    sandbox.control({"cliniko": {"settings": {"number_ids": True}}})
    connection_id = connect_cliniko(sqlite_store, sandbox)
    assert errors(sync(sqlite_store, connection_id, sandbox)) == []
    assert stored(sqlite_store) == expected(sandbox)


def test_a_bad_record_waits_with_its_reason_and_keeps_no_notes(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    serve(
        sandbox,
        {
            "invoices": [invoice(50, 1, "65.0", 99), invoice(51, 1, "6.5.0", 10)],
            "individual_appointments": [visit(61, 777, NOW)],
            "patients": [patient(3, first_name=["no name"])],
        },
    )
    connection_id = connect_cliniko(sqlite_store, sandbox)
    assert errors(sync(sqlite_store, connection_id, sandbox)) == []
    with reader(sqlite_store) as session:
        bad = {row.external_id: row for row in quarantined(session)}
    assert "has the status 99 (New), which is not a known one" in bad["9050"].reason
    assert "total_amount is not an amount" in bad["9051"].reason
    assert bad["5061"].reason == f"patient_id {pid(777)} is not in patients"
    assert "notes" not in bad[pid(3)].raw
    serve(sandbox, {"patients": [patient(777, changed=NOW)]})
    sync(sqlite_store, connection_id, sandbox)
    assert "5061" in held(sqlite_store, "appointments")


PASSING = [  # one after another, each met by some list of one sync
    {"kind": "status", "status": 500, "times": 1},
    {"kind": "status", "status": 429, "times": 1, "retry_after": 0},
    {"kind": "reset", "times": 1},
    {"kind": "garbage", "times": 1},
    {"kind": "timeout_before", "times": 1, "match": {"path": "/v1/practitioners"}},
    {"kind": "half_page", "times": 1, "match": {"path": "/v1/patients"}},
    {"kind": "empty_page", "times": 2, "match": {"path": "/v1/invoices"}},
    {"kind": "repeated_page", "times": 1, "match": {"path": "/v1/individual"}},
    {"kind": "duplicate_ids", "times": 1, "match": {"path": "/v1/billable"}},
]


def test_passing_trouble_loses_and_doubles_nothing(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_cliniko(sqlite_store, sandbox)
    sandbox.control({"faults": [{**fault, "at": "cliniko"} for fault in PASSING]})
    assert errors(sync(sqlite_store, connection_id, sandbox, full=True)) == []
    assert stored(sqlite_store) == expected(sandbox)
    fired = [fault["fired"] for fault in sandbox.control({})["faults"]]
    assert all(fired)


LASTING = [
    ({"kind": "status", "status": 500}, "Cliniko is having trouble (status 500)."),
    ({"kind": "garbage"}, "Cliniko sent an answer that is not readable JSON."),
]


def test_lasting_trouble_is_one_sentence_and_the_next_sync_completes(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    for number, (fault, sentence) in enumerate(LASTING):
        connection_id = connect_cliniko(sqlite_store, sandbox, name=f"Cliniko {number}")
        sandbox.control({"clear": True, "faults": [{**fault, "at": "cliniko"}]})
        assert errors(sync(sqlite_store, connection_id, sandbox))[0] == sentence
        assert state_of(sqlite_store, connection_id) == ConnectionState.FAILING
        sandbox.control({"clear": True})
        assert errors(sync(sqlite_store, connection_id, sandbox)) == []
        assert state_of(sqlite_store, connection_id) == ConnectionState.CONNECTED


def test_a_page_that_points_elsewhere_is_refused(sqlite_store: Engine, sandbox: Sandbox) -> None:
    sandbox.control({"cliniko": {"settings": {"next_host": "https://evil.example"}}})
    connection_id = connect_cliniko(sqlite_store, sandbox)
    assert errors(sync(sqlite_store, connection_id, sandbox)) == [
        "Cliniko's answer points to another host for its next page; Huddle does not follow."
    ]


def test_more_changes_in_one_second_than_a_page_holds_all_come(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    same = NOW - timedelta(days=1)
    serve(sandbox, {"patients": [patient(n, changed=same) for n in range(200, 223)]})
    connection_id = connect_cliniko(sqlite_store, sandbox)
    assert errors(sync(sqlite_store, connection_id, sandbox)) == []
    assert stored(sqlite_store) == expected(sandbox)


def test_what_changes_or_goes_while_we_read_hides_nobody(sqlite_store: Engine, sandbox: Sandbox) -> None:
    serve(sandbox, {"patients": [patient(n) for n in range(12, 60)]})
    connection_id = connect_cliniko(sqlite_store, sandbox)
    meanwhile = iter(range(12, 60, 3))

    def said(sentence: str) -> None:
        if "patients" in sentence and (number := next(meanwhile, None)) is not None:
            sandbox.control({"advance": {"seconds": 1}})
            change(sandbox, "patients", pid(number), first_name="Changed")
            records.remove(sandbox.state, "patients", pid(number + 1))

    sync_connection(sqlite_store, connection_id, full=True, progress=said, wire={"sleep": lambda _s: None})
    here = set(held(sqlite_store, "patients"))
    assert {row["id"] for row in records.every(sandbox.state, "patients")} <= here
    sync(sqlite_store, connection_id, sandbox, full=True)
    assert (
        held(sqlite_store, "patients", "first_name", "last_name", "active") == expected(sandbox)["patients"]
    )


@pytest.mark.night
def test_twenty_thousand_patients_come_through_a_bad_wire_row_for_row(
    sqlite_store: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cliniko, "PAGE_SIZE", 100)
    many = 20_000
    at = NOW - timedelta(days=100)
    later = (at + timedelta(seconds=7 * n) for n in range(many * 5))
    serve(
        sandbox,
        {
            "patients": [patient(n, changed=next(later)) for n in range(many)],
            "individual_appointments": [
                visit(100 + n, n % many, NOW + timedelta(minutes=n), changed=next(later))
                for n in range(2 * many)
            ],
            "invoices": [
                invoice(100 + n, n % many, f"{n % 90 + 1}.5", (10, 20)[n % 2], changed=next(later))
                for n in range(many)
            ],
        },
    )
    bad = [
        {"kind": kind, "at": "cliniko", "probability": 0.02, "seed": seed}
        for seed, kind in enumerate(
            ("status", "garbage", "reset", "half_page", "empty_page", "duplicate_ids")
        )
    ]
    connection_id = connect_cliniko(sqlite_store, sandbox)
    for _again in range(5):  # a list may fail five times in a row; the next sync goes on from there
        sandbox.control({"clear": True, "faults": bad})
        if not errors(sync(sqlite_store, connection_id, sandbox)):
            break
    sandbox.control({"clear": True})
    assert errors(sync(sqlite_store, connection_id, sandbox, full=True)) == []
    assert stored(sqlite_store) == expected(sandbox)


def test_links_of_a_record_are_read_to_their_last_part() -> None:
    assert link("patients", 5)["links"]["self"].endswith("/patients/5")
