"""DOMAIN §3, never ask for: the same money through every way of asking there is, with the reason said each time."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.blasts.commands import askable as blast_askable
from core.blasts.conditions import Candidate
from core.connections.models import Connection, ConnectionState, Kind
from core.errors import BadInput
from core.invoices.commands import create_invoice
from core.invoices.reports import propose_lines
from core.invoices.rules import Choice
from core.links.may_try import require_may_try
from core.links.models import Link
from core.links.pay_links import create_pay_link, missing_of, no_longer_asked
from core.links.rules import LinkKind
from core.payments.models import Payment
from core.permissions import Identity
from core.plans.commands import promise_to_pay
from core.reports.arrears import arrears
from core.reports.morning import patients
from core.settings import settings
from core.store.engine import reader, transaction
from tests.plans.made import NOON, key_of, monthly, paid, plan, someone
from tests.reports.practice import load

FEE = {"entry_id": "G1", "patient_id": "P1", "posted_on": "2026-04-01", "kind": "charge", "part": "patient", "amount": "200.00"}  # fmt: skip
CASH = {**FEE, "entry_id": "G2", "posted_on": "2026-04-03", "kind": "payment"}
DECLINED = paid("Y4", "2026-04-01", "200.00", status="declined", reason_code="1616")
GOOD = [paid(f"Y{n}", f"2026-0{n}-01", "200.00") for n in (1, 2, 3)]
RETRY = {
    "recurring_id": "R1", "patient_id": "P1", "plan_id": "N1", "amount": "200.00", "interval": "1",
    "interval_unit": "month", "next_run_on": "2026-04-20", "status": "active",
}  # fmt: skip


def pending(where: str) -> dict[str, str]:
    return paid("Y5", "2026-04-10", "200.00", status="pending", method="bank", plan_id=where)


def promise(session: Session, who: Identity, engine: Engine) -> None:
    promise_to_pay(
        session,
        who,
        plan_id=key_of(engine),
        amount_cents=200_00,
        due_on=NOON.date() + timedelta(5),
        said_by="Ana",
    )


def link(session: Session, who: Identity, engine: Engine) -> None:
    create_pay_link(session, who, patient_id=1, due=("instalment", "N1-04"), form="first")


# files beside the plan, what somebody does then, and a word of the reason that every way gives
HELD = {
    "on its way, for the plan": ({"payments": [pending("N1")]}, None, "on its way"),
    "on its way, for nothing named": ({"payments": [pending("")]}, None, "on its way"),
    "promised": ({}, promise, "Promised by Apr 20"),
    "tried again by itself": ({"recurrings": [RETRY]}, None, "tries this again by itself"),
    "disputed": ({"payments": [{**DECLINED, "payment_id": "Y6", "status": "charged_back"}]}, None, "disput"),
    "refused by the payer at the bank": (
        {"payments": [{**DECLINED, "payment_id": "Y6", "status": "returned", "reason_code": "R10"}]}, None, "disput",
    ),
    "maybe paid at the desk": ({"ledger": [FEE, CASH]}, None, "may have paid it"),
    "linked": ({}, link, "open payment link"),
}  # fmt: skip


@pytest.fixture(params=HELD)
def case(
    request: pytest.FixtureRequest, sqlite_store: Engine, tmp_path: Path
) -> Iterator[tuple[Engine, Identity, str]]:
    files, done, why = HELD[request.param]
    payments = [*GOOD, DECLINED, *files.get("payments", [])]
    rest = {name: rows for name, rows in files.items() if name != "payments"}
    load(
        sqlite_store,
        tmp_path,
        plans=[plan()],
        instalments=monthly(),
        **{"payments": payments, "ledger": [FEE], **rest},
    )
    who = someone(sqlite_store, "owner")
    with pytest.MonkeyPatch.context() as patch, clock.frozen(NOON):
        patch.setenv("HUDDLE_PUBLIC_URL", "https://huddle.example")
        settings.cache_clear()
        with transaction(sqlite_store) as session:
            session.add(Connection(practice_id=1, kind=Kind.FORTIS, name="Fortis", state=ConnectionState.CONNECTED, created_at=NOON))  # fmt: skip
            session.flush()
            if done is not None:
                done(session, who, sqlite_store)
        yield sqlite_store, who, why
    settings.cache_clear()


def test_no_way_of_asking_asks_for_it_and_each_says_why(case: tuple[Engine, Identity, str]) -> None:
    engine, who, why = case
    with reader(engine) as session:
        [row] = patients(session, location_id=None, as_of=NOON).rows
        [plan_row] = arrears(session, location_id=None, as_of=NOON).rows
        offered = missing_of(session, who, 1, NOON)
        blast = blast_askable(session, who, [Candidate(1, "Ana Ruiz", "")], kind=LinkKind.PAY, as_of=NOON)
    assert (row.collect_now_cents, row.arrears_cents, row.missing_cents) == (0, 200_00, 200_00)
    for words in (row.say, plan_row.advice):
        assert "Ask for $" not in words
        assert "Collect $" not in words
    assert (plan_row.ask_cents, row.balance.why_not_yet.count("Not asked for: $200")) == (0, 1)
    assert [(one.kind, bool(one.hold)) for one in offered] == [("instalment", True), ("plan", True)]
    assert all(why in one.hold for one in offered)
    assert list(blast.unable) == [1]
    for due in (("instalment", "N1-04"), ("plan", "N1")):
        refused(engine, lambda session, due=due: create_pay_link(session, who, patient_id=1, due=due, form=f"f {due}", second=True), why)  # fmt: skip
    refused(engine, again, why)


def again(session: Session) -> None:
    """The declined draft charged once more."""
    declined = session.exec(select(Payment).where(Payment.external_id == "Y4")).one()
    require_may_try(session, declined, charges=True)


def refused(engine: Engine, press: Callable[[Session], object], why: str) -> None:
    with pytest.raises(BadInput, match=why), transaction(engine) as session:
        press(session)


def test_no_invoice_asks_for_it_either(case: tuple[Engine, Identity, str]) -> None:
    engine, who, why = case
    with reader(engine) as session:
        charges = propose_lines(session, who, 1, NOON).charges
        open_link = session.exec(select(Link)).first()
    if open_link is not None:
        refused(
            engine,
            lambda session: create_invoice(session, who, patient_id=1, choices=[Choice(1)], form="i"),
            why,
        )
    elif charges:
        choices = [Choice(one.entry_id) for one in charges]
        refused(
            engine, lambda session: create_invoice(session, who, patient_id=1, choices=choices, form="i"), why
        )
    else:
        assert "desk" in why or "may have paid" in why or "on its way" in why


def test_what_was_asked_for_before_is_neither_sent_nor_reminded_of(
    case: tuple[Engine, Identity, str],
) -> None:
    """A link from yesterday, for money that must not be asked for since."""
    engine, _, why = case
    with transaction(engine) as session:
        place = session.exec(select(Connection.id).where(col(Connection.kind) == Kind.FORTIS)).one()
        if session.exec(select(Link)).first() is not None:
            return  # the link that asks already is the one that goes on
        old = Link(
            kind=LinkKind.PAY, key="k", form="old", patient_id=1, amount_cents=200_00, due_kind="instalment",
            due_ref="N1-04", connection_id=place, created_at=NOON - timedelta(days=1), state="sent",
        )  # fmt: skip
        session.add(old)
        session.flush()
        found = no_longer_asked(session, old, NOON)
        assert found is not None
        assert why in found.sentence


def test_what_nothing_stands_against_can_be_asked_for_in_every_way(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(
        sqlite_store,
        tmp_path,
        plans=[plan()],
        instalments=monthly(),
        payments=[*GOOD, DECLINED],
        ledger=[FEE],
    )
    who = someone(sqlite_store, "owner")
    with clock.frozen(NOON):
        with reader(sqlite_store) as session:
            [row] = patients(session, location_id=None, as_of=NOON).rows
            assert row.collect_now_cents == 200_00
            assert [one.hold for one in missing_of(session, who, 1, NOON)] == ["", ""]
        with transaction(sqlite_store) as session:
            again(session)


def test_a_debt_that_was_tried_four_times_is_not_tried_again(sqlite_store: Engine, tmp_path: Path) -> None:
    tries = [{**DECLINED, "payment_id": f"Z{n}", "happened_at": f"2026-04-0{n}T10:00"} for n in (2, 3, 4)]
    load(sqlite_store, tmp_path, plans=[plan()], instalments=monthly(), payments=[*GOOD, DECLINED, *tries])
    with clock.frozen(NOON):
        refused(sqlite_store, again, "tried 4 times already")
        with reader(sqlite_store) as session:
            [row] = patients(session, location_id=None, as_of=NOON).rows
    assert "it was tried 4 times already" in row.missing_payments[0].sentence


@pytest.mark.parametrize(("tries", "refuses"), [(2, False), (3, True)])
def test_a_bank_account_without_money_is_tried_twice_more(
    sqlite_store: Engine, tmp_path: Path, tries: int, refuses: bool
) -> None:
    back = [
        {**DECLINED, "payment_id": "Y4" if n == 1 else f"Z{n}", "status": "returned", "reason_code": "R01", "method": "bank", "happened_at": f"2026-04-0{n}T10:00"}
        for n in range(1, tries + 1)
    ]  # fmt: skip
    load(sqlite_store, tmp_path, plans=[plan()], instalments=monthly(), payments=[*GOOD, *back])
    with clock.frozen(NOON):
        if refuses:
            refused(sqlite_store, again, "tried 3 times already")
        else:
            with transaction(sqlite_store) as session:
                again(session)


def test_a_draft_that_was_paid_at_the_desk_since_is_not_charged_again(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    desk = {**CASH, "plan_id": "N1"}
    load(
        sqlite_store,
        tmp_path,
        plans=[plan()],
        instalments=monthly(),
        payments=[*GOOD, DECLINED],
        ledger=[desk],
    )
    with clock.frozen(NOON):
        refused(sqlite_store, again, "paid by now")
