"""Cash Practice's report files, imported like practice files: for a practice that has no key yet."""

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core import clock
from core.blasts.conditions import Condition, conditions
from core.cards.models import Card
from core.connections.commands import connect
from core.connections.models import Connection, Kind
from core.connections.reports import sources
from core.errors import BadInput
from core.jobs.practice_files.load import import_folder
from core.jobs.practice_files.result import ImportResult
from core.jobs.sync import sync_by_name, sync_connection
from core.patients.models import ProcessorContact
from core.payments.models import Payment, Recurring
from core.store.base import table_of
from core.store.engine import reader, transaction
from tests.a_practice import FILES, with_cell, write_practice

POSTED = (
    "Status,Amount,Sch-ID,Order-ID,Date & Clerk,Clerk,Client,Customer ID,TPS ID,Card Last Four,Card Expiration,Payment Details,Group\n"
    'Accepted,"$1,149.00",77,9001,11/02/2026 05:12 AM,Dana,"Müller, Zoë",501,P1,****4242,10/26,,Chiropractic\n'
    'Declined,149.00,77,9002,11/16/2026 05:12 AM,Dana,"Müller, Zoë",501,P1,Visa ****4242,10/26,51: INSUFFICIENT FUNDS,\n'
    'Past Due,60.00,78,9003,11/20/2026,Dana,"Brown, Ben",502,,,,,\n'
    'Refunded,20.00,,9004,11/18/2026 01:00 PM,Max,"Brown, Ben",502,,1881,01/27,,\n'
    'Accepted,much,,9005,11/18/2026 01:00 PM,Max,"Brown, Ben",502,,1881,01/27,,\n'
)
DEBITS = (
    "Sch-ID,Patient Name,Patient ID,Third-Party ID,Amount,Frequency,Next Payment,Status,Last Four,Expires,Bank Last Four\n"
    "77,Zoë Müller,501,P1,149.00,Monthly,12/02/2026,Active,4242,10/26,\n"
    "78,Ben Brown,502,,60.00,Bi-Weekly,12/04/2026,Paused,,,6789\n"
    "79,Ben Brown,502,,60.00,Sometimes,12/04/2026,Active,,,6789\n"
)
EXPIRED = (
    "Client Name,Customer ID,TPS ID,Card Type,Card Last Four,Card Expiration,Email\n"
    "Zoë Müller,501,P1,Visa,4242,10/26,zoe@example.com\n"
)
NO_CARDS = {
    "cards": FILES["cards"].splitlines()[0] + "\n",
    "memberships": with_cell("memberships", "card_id", ""),
    "plans": with_cell("plans", "card_id", ""),
    **{name: FILES[name].splitlines()[0] + "\n" for name in ("recurrings", "payments")},
}


@pytest.fixture
def folder(tmp_path: Path, sqlite_store: Engine) -> Path:
    """Practice files loaded, and a folder with the three reports under names people give them."""
    import_folder(sqlite_store, write_practice(tmp_path / "ehr", **NO_CARDS))
    found = tmp_path / "reports"
    found.mkdir()
    for name, text in (("Posted Payments 2026-11-22", POSTED), ("auto-debit report", DEBITS), ("Expired_Default_Credit_Cards", EXPIRED)):  # fmt: skip
        (found / f"{name}.csv").write_text(text, encoding="utf-8")
    return found


def load(store: Engine, folder: Path) -> ImportResult:
    result = import_folder(store, folder)
    assert result.errors == []
    return result


def held(store: Engine, model: Any, *names: str) -> dict[str, tuple[Any, ...]]:
    """What the reports' connection holds: external id → columns."""
    table, connection = table_of(model), table_of(Connection)
    mine = select(connection.c.id).where(connection.c.name == "Cash Practice reports")
    query = select(table.c.external_id, *(table.c[name] for name in names)).where(
        table.c.connection_id.in_(mine)
    )
    with reader(store) as session:
        return {row[0]: tuple(row[1:]) for row in session.execute(query)}


def test_every_row_is_stored_or_in_quarantine(sqlite_store: Engine, folder: Path) -> None:
    result = load(sqlite_store, folder)
    assert {name: counts[:4] for name, counts in result.files.items()} == {
        "posted_payments": (5, 3, 0, 2),
        "auto_debits": (3, 2, 0, 1),
        "expired_default_credit_cards": (1, 1, 0, 0),
    }
    assert [(entry.file, entry.line, entry.column) for entry in result.quarantine] == [
        ("posted_payments", 4, "Status"),
        ("posted_payments", 6, "Amount"),
        ("auto_debits", 4, "Frequency"),
    ]
    assert (
        result.quarantine[0].reason
        == "Status “Past Due” is a reminder nobody has collected yet, not a payment"
    )
    assert result.unknown_columns["posted_payments"] == ("Clerk", "Group")


def test_money_words_and_cards_are_read(sqlite_store: Engine, folder: Path) -> None:
    load(sqlite_store, folder)
    assert held(sqlite_store, Payment, "amount_cents", "status", "reason_code", "refund_ref", "recurring_ref") == {
        "9001": (114_900, "approved", None, None, "77"),
        "9002": (14_900, "declined", "51: INSUFFICIENT FUNDS", None, "77"),
        "9004": (2_000, "approved", None, "unknown", None),
    }  # fmt: skip
    debits = held(sqlite_store, Recurring, "status", "interval", "interval_unit", "card_ref")
    assert debits == {"77": ("active", 1, "month", "501-4242"), "78": ("on_hold", 2, "week", "502-6789")}
    cards = held(sqlite_store, Card, "kind", "expires_on", "is_default", "brand")
    assert cards["501-4242"][1].isoformat() == "2026-10-31"
    assert (cards["501-4242"][0], cards["501-4242"][2:]) == ("card", (True, "Visa"))
    assert cards["502-6789"] == ("bank", None, False, None)


def test_the_same_reports_again_change_nothing(sqlite_store: Engine, folder: Path) -> None:
    load(sqlite_store, folder)
    again = load(sqlite_store, folder)
    assert {name: counts.stored for name, counts in again.files.items()} == dict.fromkeys(again.files, 0)
    assert all(c.rows == c.stored + c.unchanged + c.quarantined for c in again.files.values())


def test_an_older_export_never_wins(sqlite_store: Engine, folder: Path) -> None:
    report = folder / "Posted Payments 2026-11-22.csv"
    load(sqlite_store, folder)
    report.write_text(POSTED.replace('Accepted,"$1,149.00"', 'Pending,"$1,149.00"'), encoding="utf-8")
    os.utime(report, (1_600_000_000, 1_600_000_000))
    assert load(sqlite_store, folder).files["posted_payments"].stored == 0
    assert held(sqlite_store, Payment, "status")["9001"] == ("approved",)


def test_who_is_known_by_the_ehr_s_id_is_linked_and_found(sqlite_store: Engine, folder: Path) -> None:
    load(sqlite_store, folder)
    assert held(sqlite_store, ProcessorContact, "link_state")["501"] == ("linked",)
    with reader(sqlite_store) as session:
        found = conditions(session, location_id=None, as_of=clock.now())
    assert [each.patient for each in found[Condition.EXPIRED]] == ["Zoë Müller"]


def test_a_report_is_known_by_its_header_too(sqlite_store: Engine, tmp_path: Path) -> None:
    import_folder(sqlite_store, write_practice(tmp_path / "ehr"))
    (tmp_path / "export (3).csv").write_text(DEBITS.replace(",", ";"), encoding="utf-8")
    assert load(sqlite_store, tmp_path).files["auto_debits"].rows == 3


def test_of_two_exports_the_newer_one_counts(sqlite_store: Engine, folder: Path) -> None:
    old = folder / "Posted Payments 2026-10-01.csv"
    old.write_text(POSTED, encoding="utf-8")
    os.utime(old, (1_600_000_000, 1_600_000_000))
    words = f"{old.name} was left out: Posted Payments 2026-11-22.csv is newer."
    assert words in load(sqlite_store, folder).notes


def test_a_whole_card_number_is_refused_and_masked(sqlite_store: Engine, folder: Path) -> None:
    text = EXPIRED.replace("Visa,4242", "Visa,4111111111111111")
    (folder / "Expired_Default_Credit_Cards.csv").write_text(text, encoding="utf-8")
    result = load(sqlite_store, folder)
    (entry,) = [each for each in result.quarantine if each.file == "expired_default_credit_cards"]
    assert (entry.column, "4111111111111111" in str(result.as_json())) == ("Card Last Four", False)


def test_without_a_column_it_cannot_do_without_it_says_which(sqlite_store: Engine, folder: Path) -> None:
    (folder / "auto-debit report.csv").write_text("Sch-ID,Amount\n77,149.00\n", encoding="utf-8")
    result = import_folder(sqlite_store, folder)
    assert result.errors == ["auto-debit report.csv has no column Customer ID and no column Frequency."]
    assert result.files["posted_payments"].stored == 3


def test_before_the_practice_s_own_files_nothing_can_be_told(sqlite_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "posted payments.csv").write_text(POSTED, encoding="utf-8")
    errors = import_folder(sqlite_store, tmp_path).errors
    assert errors == ["posted payments.csv: load locations.csv first, so that its times can be told."]


def test_beside_a_connected_cash_practice_reports_are_left_out(sqlite_store: Engine, folder: Path) -> None:
    with transaction(sqlite_store) as session:
        connect(session, kind=Kind.CASH_PRACTICE, name="CP", settings={}, secrets={"api_key": "k"})
    result = load(sqlite_store, folder)
    assert (result.files, len(result.notes)) == ({}, 1)
    assert result.notes[0].endswith("left out, as CP is connected and tells the same itself.")


def test_reports_never_sync_by_themselves_and_say_how_old_they_are(
    sqlite_store: Engine, folder: Path
) -> None:
    load(sqlite_store, folder)
    with reader(sqlite_store) as session:
        source = next(
            each for each in sources(session, now=clock.now()) if each.name == "Cash Practice reports"
        )
    assert (source.sentence, source.stale) == ("Cash Practice reports: synced just now. Paused.", False)
    with pytest.raises(BadInput, match="paused"):
        sync_by_name(sqlite_store, "Cash Practice reports")
    with transaction(sqlite_store) as session:
        session.get_one(Connection, source.id).state = "connected"
    with pytest.raises(BadInput, match="Import newer ones, or connect Cash Practice with its key"):
        sync_connection(sqlite_store, source.id)


def test_a_watched_folder_reads_a_report_once(sqlite_store: Engine, tmp_path: Path) -> None:
    ehr = write_practice(tmp_path / "ehr")
    (ehr / "posted payments.csv").write_text(POSTED, encoding="utf-8")
    with transaction(sqlite_store) as session:
        connect(session, kind="practice_files", name="EHR", settings={"folder": str(ehr)}, secrets={})
    first = {result.resource: result for result in sync_by_name(sqlite_store, "EHR")}
    again = {result.resource: result for result in sync_by_name(sqlite_store, "EHR")}
    assert (first["posted_payments"].stored, again["posted_payments"].unchanged) == (3, 3)
