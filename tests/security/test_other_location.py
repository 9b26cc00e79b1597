"""Every command, asked by somebody of another location about what is not theirs: refused, and nothing changed.

A command that is added without a row here fails the test. INSIDE: what is given things that were looked up and checked
before. WHOLE_PRACTICE: what belongs to no location, and why.
"""

import ast
import inspect
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import core.tables  # noqa: F401
from core import clock
from core.errors import NotAllowed, NotFound
from core.messages.models import Channel, Purpose
from core.messages.templates import Words
from core.permissions import Identity, Role
from core.settings import ROOT
from core.staff.models import Staff
from core.store.engine import open_store, transaction
from tests.conftest import fresh_sqlite
from tests.security.two_locations import NOW, fill

WORDS = Words(0, 0, 1, "Card", "card_link", Channel.TEXT, Purpose.BILLING, "", "Hello.")

INSIDE = {
    "blasts.commands.askable", "blasts.commands.make_blast", "blasts.batches.make_batch",
    "invoices.commands.write_invoice", "links.new_link.make_link", "links.new_link.made_by_form",
    "links.new_link.audit", "links.new_link.stepped", "links.outgoing.put_out", "links.commands.end_at_processor",
    "links.sending.card_link_for", "matching.commands.audit_link", "messages.commands.queue",
    "tasks.commands.bring_back", "tasks.history.change", "tasks.history.note_step", "staff.authority.confirm",
    "postings.commands.require_clerk", "charges.receipts.send_copy",
}  # fmt: skip
WHOLE_PRACTICE = {
    "booking.commands.switch_booking": "one switch", "booking.commands.save_booking_rules": "one set of rules",
    "booking.commands.offer_type": "types are the practice's", "booking.commands.save_type": "types are the practice's",
    "booking.commands.assign_providers": "types are the practice's", "booking.commands.turn_type": "a type",
    "booking.commands.online_type_of": "a type", "booking.commands.provider_of": "providers work anywhere",
    "connections.by_hand.ask_for_sync": "a connection", "connections.by_hand.ask_for_files": "a connection",
    "connections.try_out.take": "a connection", "connections.try_out.keep": "a connection",
    "connections.losses.answer_loss": "rows of a connection",
    "jobs.practice_files.demo_data.throw_demo_away": "the practice's demo data",
    "staff.second_step.turn_on": "one's own", "staff.second_step.turn_off": "one's own",
    "staff.passkeys.to_add": "one's own", "staff.passkeys.add_passkey": "one's own",
    "staff.passkeys.remove_passkey": "one's own", "staff.step_up.require_proof": "one's own session",
    "staff.step_up.prove": "one's own session",
    "inbox.commands.try_again": "a webhook of a connection", "jobs.ehr_exports.undo.undo_load": "a load of files",
    "matching.moved.take_moved_ids": "a list for every location", "messages.registration.record_registration": "one gateway",
    "patients.search.find_patients": "shows only theirs", "patients.reports.patients_called": "shows only theirs",
    "reports.audit.audit_trail": "shows only what their own people did",
    "matching.work_list.work_list": "shows only what is theirs", "reports.links.link_ledger": "shows only theirs",
    "reports.links.link_totals": "shows only theirs", "reports.team.team": "shows only theirs",
    "messages.commands.send_test": "to oneself", "messages.templates.save_template": "texts are the practice's",
    "messages.templates.archive_template": "texts are the practice's",
    "own_exports.commands.save_profile": "a way to read files", "own_exports.commands.forget_profile": "as above",
    "own_exports.commands.profile_from_file": "as above",
    "postings.commands.start_from": "posting by a connection",
    "postings.commands.turn_on": "posting by a connection", "postings.commands.turn_off": "posting by a connection",
}  # fmt: skip


@cache
def found_commands() -> dict[str, Callable[..., Any]]:
    """Whatever takes a session and whoever acts, by the name of its module and its own."""
    found = {}
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                given = [argument.arg for argument in node.args.args]
                if given[:1] == ["session"] and given[1:2] in (["actor"], ["who"]):
                    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                    found[f"{module.removeprefix('core.')}.{node.name}"] = getattr(
                        import_module(module), node.name
                    )
    return found


@pytest.fixture(scope="module")
def first_filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SimpleNamespace]:
    """The two locations in a file, to be copied, and the ids of their rows."""
    engine = open_store(fresh_sqlite(tmp_path_factory.mktemp("two-locations")))
    made = fill(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return Path(engine.url.database or ""), made


@pytest.fixture
def here(first_filled: tuple[Path, SimpleNamespace], tmp_path: Path) -> Iterator[SimpleNamespace]:
    """Two locations; at the first one of everything, by id. sqlite_store: where they are, nobody else's."""
    template, made = first_filled
    engine = open_store(f"sqlite:///{shutil.copy(template, tmp_path / 'here.db')}")
    yield SimpleNamespace(sqlite_store=engine, **vars(made))
    engine.dispose()


A_DAY = {"first_on": date(2026, 7, 1), "last_on": date(2026, 7, 2)}
DAY = {"patient_id": "patient", "as_of": NOW}
CASES: dict[str, dict[str, Any]] = {
    **{f"blasts.batches.{name}_batch": {"batch_id": "batch"} for name in ("undo", "stop", "pause", "resume")},
    **{f"blasts.{name}": {"batch_id": "batch"} for name in ("commands.undo_blast", "commands.void_unsent")},
    **{f"blasts.results.{name}": {"batch_id": "batch"} for name in ("results", "export_results", "batch_of")},
    "blasts.in_doubt.settle_by_hand": {"message_id": "message", "arrived": True},
    "booking.changing.cancel_at_desk": {"booking_id": "booking", "reason": "ill", "back": None},
    "booking.changing.move_at_desk": {"booking_id": "booking", "starts_at": NOW, "provider_id": "provider", "location_id": "first"},
    "booking.changing.at_desk": {"booking_id": "booking"},
    "booking.changing.refund_at_desk": {"booking_id": "booking", "back": 1, "reason": "ill"},
    "booking.changing.let_rest": {"booking_id": "booking"},
    "booking.commands.save_hours": {"provider_id": "provider", "location_id": "first", "stretches": []},
    "booking.commands.add_day_off": {**A_DAY, "location_id": "first"},
    "booking.commands.remove_day_off": {"day_off_id": "day_off"},
    "booking.commands.set_prepay": {"patient_id": "patient", "must_prepay": True},
    "booking.persons.confirm_patient": {"booking_id": "booking", "patient_id": "patient"},
    "booking.persons.say_new": {"booking_id": "booking"},
    "charges.commands.record_authorization": {
        "patient_id": "patient", "card_ref": "K1", "wording": "yes", "scope": "missed", "cap_cents": 1,
        "signed": "signed form", "signed_by": "Ana",
    },
    "charges.commands.end_authorization": {"authorization_id": "authorization"},
    "charges.commands.charge_card": {"authorization_id": "authorization", "due": ("plan", "N1"), "form": "f"},
    "charges.reports.chargeable_cards": DAY,
    "charges.reports.authorizations_of": {"patient_id": "patient", "today": date(2026, 6, 1)},
    "charges.reports.charges_of": {"patient_id": "patient"},
    "connections.clerk_keys.set_clerk_key": {"staff_id": "staff", "connection_id": "pays", "key": "k" * 20},
    "invoices.commands.create_invoice": {"patient_id": "patient", "choices": (), "form": "f"},
    "invoices.paper.preview_paper": {"patient_id": "patient", "choices": ()},
    "invoices.reports.propose_lines": DAY,
    **{
        f"{name}": {"link_id": "link"}
        for name in (
            "invoices.paper.paper_of", "links.commands.copy_link", "links.commands.void", "links.commands.undo_void",
            "links.commands.reopen", "links.commands.resend_by_processor", "links.new_link.link_for",
        )
    },
    "invoices.replacing.replace_link": {"link_id": "link", "form": "f"},
    "links.card_links.create_card_link": {"patient_id": "patient", "form": "f"},
    "links.channels.ways_of": {"link_id": "link", "as_of": NOW},
    "links.commands.detach_payment": {"link_id": "link", "payment_id": "payment"},
    "links.declined.declined_of": {"patient_id": "patient"},
    **{
        f"links.declined.{name}": {"declined_id": "declined", "form": "f"}
        for name in ("rerun", "resend", "request_payment")
    },
    "links.declined.put_off": {"declined_id": "declined", "on": date(2026, 6, 2), "form": "f"},
    "links.pay_links.missing_of": DAY,
    "links.pay_links.create_pay_link": {"patient_id": "patient", "due": ("plan", "N1"), "form": "f"},
    "links.sending.send_link": {"link_id": "link", "channel": "text"},
    "links.sending.preview_link_message": {"link_id": "link", "channel": "text"},
    **{
        f"matching.{name}": {"contact_id": "contact"}
        for name in ("asides.set_aside", "asides.undo_decision", "commands.unlink", "commands.contact_of")
    },
    "matching.commands.accept_link": {"proposal_id": "proposal"},
    "matching.commands.reject_link": {"proposal_id": "proposal"},
    "matching.commands.link_by_hand": {"contact_id": "free", "patient_id": "patient"},
    "matching.work_list.side_by_side": {"contact_id": "contact", "as_of": NOW},
    "memberships.commands.choose": {
        "membership_id": "member", "appointment_id": "visit", "kind": "charge", "reason": "asked",
    },
    "memberships.commands.undo_choice": {"choice_id": "choice"},
    "messages.commands.send_message": {"patient_id": "patient", "words": WORDS},
    "messages.consent.note_consent": {
        "patient_id": "patient", "channel": Channel.TEXT, "purpose": Purpose.BILLING, "given": True, "source": "phone",
    },
    "messages.consent.opt_out": {"patient_id": "patient", "channel": Channel.TEXT, "source": "phone"},
    "messages.templates.save_letterhead": {"name": "Ours", "location_id": "first"},
    "patients.reports.patient_of": {"patient_id": "patient"},
    "plans.commands.promise_to_pay": {
        "plan_id": "plan", "amount_cents": 1, "due_on": date(2026, 6, 2), "said_by": "Ana",
    },
    "plans.commands.withdraw_promise": {"promise_id": "promise"},
    "plans.commands.settle_plan": {"plan_id": "plan", "decision": "waive", "why": "moved"},
    "plans.commands.undo_settlement": {"plan_id": "plan"},
    "postings.commands.retry": {"posting_id": "posting"},
    "postings.commands.clear": {"posting_id": "posting", "reason": "by hand"},
    "postings.commands.retry_many": {"payment_ids": ["payment"]},
    "postings.commands.clear_many": {"payment_ids": ["payment"], "reason": "by hand"},
    "postings.commands.take_up": {"payment_id": "payment"},
    "staff.commands.add_staff": {
        "username": "eve", "display_name": "Eve", "role": Role.OWNER, "password_hash": "x", "location_id": "first",
    },
    "staff.team.staff_of": {"staff_id": "staff"},
    "staff.team.change_role": {"staff_id": "staff", "role": Role.OWNER},
    "staff.team.change_place": {"staff_id": "staff", "location_id": "second"},
    "staff.team.set_week": {"staff_id": "staff", "week": []},
    "tasks.desk_answers.answer_match": {"patient_id": "patient", "entry_id": 1, "answer": "yes"},
    "tasks.desk_answers.take_answer_back": {"patient_id": "patient", "match_id": 1},
    **{f"messages.answering.{name}": {"number": "+13035550177"} for name in ("opened", "read", "unread", "leave")},
    "messages.answering.take": {"number": "+13035550177", "staff_id": None},
    "messages.answering.match": {"number": "+13035550177", "patient_id": "patient"},
    "messages.answering.answer": {"number": "+13035550177", "patient_id": "patient", "words": "Hello"},
    "tasks.by_hand.task_of_text": {"patient_id": "patient", "words": "call", "text_id": "SM177"},
    "tasks.commands.take": {"task_ids": ["task"]},
    "tasks.commands.assign": {"task_ids": ["task"], "staff_id": "other"},
    "tasks.commands.snooze": {"task_ids": ["task"], "until": "tomorrow", "day": None},
    "tasks.commands.close": {"task_ids": ["task"], "reason": "done", "words": "done"},
    "tasks.commands.reopen": {"task_ids": ["task"]},
    "tasks.commands.note": {"task_id": "task", "words": "called"},
    "tasks.commands.take_back": {"step_ids": ["step"]},
}  # fmt: skip
NOTHING_SHOWN = {  # reads that answer as if it were not there
    "matching.work_list.search_patients": {"contact_id": "free", "words": "Ana"},
    "messages.conversations.unread_count": {},
    "messages.conversations.conversations": {},
    "messages.conversations.lines": {"number": "+13035550177"},
    "messages.conversations.of_patient": {"patient_id": "patient"},
    "reports.links.links_of_patient": DAY,
    "reports.links.link_story": {"link_id": "link", "as_of": NOW},
    "reports.links.payments_on": {"link_id": "link"},
}
WITH_ROW = {
    f"staff.commands.{name}": also
    for name, also in (
        ("change_password", {"password_hash": "y"}), ("disable", {}), ("enable", {}), ("end_session_of", {"session_id": 1}),
    )
} | {"staff.invitations.invite": {}}  # fmt: skip


def omar(here: SimpleNamespace) -> Identity:
    """An owner of the second location alone: whatever is refused is refused for the place, not for the role."""
    return Identity(1, here.other, "omar", "Omar", Role.OWNER, location_id=here.second)


def filled(here: SimpleNamespace, given: dict[str, Any]) -> dict[str, Any]:
    def value(one: Any) -> Any:
        if isinstance(one, list):
            return [value(each) for each in one]
        return getattr(here, one, one) if isinstance(one, str) and one in vars(here) else one

    return {name: value(one) for name, one in given.items()}


def test_every_command_stands_in_one_of_these_tables() -> None:
    rows = [*INSIDE, *WHOLE_PRACTICE, *CASES, *NOTHING_SHOWN, *WITH_ROW]
    assert len(rows) == len(set(rows))
    assert sorted(rows) == sorted(found_commands())


@pytest.mark.parametrize("name", CASES)
def test_nobody_of_another_location_gets_through(here: SimpleNamespace, name: str) -> None:
    command = found_commands()[name]
    known = inspect.signature(command).parameters
    given = {key: one for key, one in filled(here, CASES[name]).items() if key in known}
    with clock.frozen(NOW), pytest.raises((NotFound, NotAllowed)), transaction(here.sqlite_store) as session:
        command(session, omar(here), **given)


@pytest.mark.parametrize("name", WITH_ROW)
def test_nobody_of_another_location_changes_an_account(here: SimpleNamespace, name: str) -> None:
    with pytest.raises((NotFound, NotAllowed)), transaction(here.sqlite_store) as session:
        found_commands()[name](session, omar(here), session.get_one(Staff, here.staff), **WITH_ROW[name])


@pytest.mark.parametrize("name", NOTHING_SHOWN)
def test_what_is_not_theirs_is_not_shown(here: SimpleNamespace, name: str) -> None:
    command = found_commands()[name]
    given = filled(here, NOTHING_SHOWN[name])
    with transaction(here.sqlite_store) as session:
        assert not command(session, omar(here), **given)
        if "payments" not in name:  # nothing was paid on the link
            assert command(session, replace(omar(here), location_id=None), **given)


def test_what_holds_for_every_location_is_not_for_somebody_of_one(here: SimpleNamespace) -> None:
    commands = found_commands()
    for name, given in (
        ("messages.templates.save_letterhead", {"name": "Ours"}),
        ("booking.commands.add_day_off", A_DAY),
        ("matching.moved.take_moved_ids", {"connection_id": 2, "pairs": [("P1", "c1")]}),
        ("messages.registration.record_registration", {"state": "approved"}),
    ):
        with (
            pytest.raises(NotAllowed, match="your own location only"),
            transaction(here.sqlite_store) as session,
        ):
            commands[name](session, omar(here), **given)
