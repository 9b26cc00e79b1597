"""What the outbox promises to whoever puts something into it."""

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.connections.commands import connect
from core.connections.models import Connection
from core.errors import BadInput
from core.jobs.outbox.send_and_settle import GIVE_UP_AFTER, work_outbox
from core.jobs.outbox.senders import SENDERS
from core.outbox import commands as outbox
from core.outbox.models import OutboxRow
from core.outbox.reports import standing
from core.outbox.sender import Later, Outcome, Outgoing, Refused, Sender, Settled, Unknown, always_wanted
from core.store.engine import reader, transaction

GATEWAY = {
    "base_url": "http://127.0.0.1:9",
    "account_sid": "AC1",
    "from_number": "+13035550100",
    "per_second": "0",
}


def a_row(engine: Engine, **also: object) -> str:
    """A row by a text gateway; its key."""
    with transaction(engine) as session:
        if session.get(Connection, 1) is None:
            connect(session, kind="sms", name="texts", settings=GATEWAY, secrets={"auth_token": "t"})
        return outbox.put(session, kind="text", payload={"to": "+1"}, connection_id=1, **also).id  # type: ignore[arg-type]


def the_row(engine: Engine) -> OutboxRow:
    with reader(engine) as session:
        found = session.exec(select(OutboxRow)).one()
        session.expunge_all()
        return found


def sending(
    engine: Engine, *outcomes: Outcome, look_up: Outcome | None = None
) -> tuple[dict[str, Sender], list[str]]:
    """A sender that answers this, in this order; and the keys it was given."""
    keys, answers = [], iter(outcomes)

    def send(_client: object, row: Outgoing) -> Outcome:
        keys.append(row.key)
        with transaction(engine) as session:  # waits for ever if the outbox held the store while it calls
            session.add(Connection(kind="fortis", name=f"call {len(keys)}", created_at=clock.now()))
        return next(answers)

    return {
        "text": dataclasses.replace(
            SENDERS["text"],
            send=send,
            look_up=None if look_up is None else lambda _client, _row: look_up,
            carry_over=lambda _session, _rows: None,
            still_wanted=always_wanted,
        )
    }, keys


def test_a_row_keeps_its_key_through_every_attempt_and_no_transaction_is_open_while_it_goes(
    store: Engine,
) -> None:
    key = a_row(store)
    senders, keys = sending(store, Later("busy", 5.0), Settled({"sid": "SM1"}))
    work_outbox(store, senders=senders)
    assert (the_row(store).state, the_row(store).reason) == ("waiting", "busy")
    with clock.frozen(clock.now() + timedelta(seconds=6)):
        work_outbox(store, senders=senders)
    assert keys == [key, key]
    assert (the_row(store).state, outbox.result_of(the_row(store))) == ("settled", {"sid": "SM1"})


def test_what_was_refused_or_settled_is_never_sent_again(store: Engine) -> None:
    a_row(store)
    senders, keys = sending(store, Refused("no", "21614"))
    for days in range(3):
        with clock.frozen(clock.now() + timedelta(days=days)):
            work_outbox(store, senders=senders)
    assert len(keys) == 1
    assert (the_row(store).state, outbox.result_of(the_row(store))) == ("refused", {"code": "21614"})


def test_a_row_in_doubt_is_not_touched_before_the_settle_window_and_then_looked_up(store: Engine) -> None:
    a_row(store)
    senders, keys = sending(store, Unknown("no answer"), look_up=Settled({"sid": "SM1"}))
    work_outbox(store, senders=senders)
    for minutes, state in ((9, "unknown"), (11, "settled")):
        with clock.frozen(clock.now() + timedelta(minutes=minutes)):
            work_outbox(store, senders=senders)
        assert the_row(store).state == state
    assert len(keys) == 1


def test_a_sender_that_breaks_down_leaves_its_row_in_doubt(store: Engine) -> None:
    a_row(store)
    senders, keys = sending(store)  # the iterator is empty: an error nobody foresaw
    work_outbox(store, senders=senders)
    assert (the_row(store).state, len(keys)) == ("unknown", 1)


def test_after_a_day_of_trying_it_is_given_up_with_the_reason(store: Engine) -> None:
    a_row(store)
    senders, _ = sending(store, Later("The gateway cannot be reached."))
    with clock.frozen(clock.now() + GIVE_UP_AFTER + timedelta(minutes=1)):
        work_outbox(store, senders=senders)
    assert the_row(store).reason == "Given up after a day: The gateway cannot be reached."


def test_a_doubt_older_than_23_hours_is_a_person_s_to_settle(store: Engine) -> None:
    a_row(store)
    senders, keys = sending(store, Unknown("no answer"), look_up=Later("not there", 0.0))
    work_outbox(store, senders=senders)
    with clock.frozen(clock.now() + timedelta(hours=24)):
        work_outbox(store, senders=senders)
    assert (the_row(store).state, len(keys)) == ("unknown", 1)
    assert "more than 23 hours ago" in the_row(store).reason


def test_a_rolled_back_change_puts_nothing_out(store: Engine) -> None:
    a_row(store)

    def fails(session: Session) -> None:
        outbox.put(session, kind="text", payload={"to": "+2"}, connection_id=1)
        session.flush()
        raise BadInput("no")

    with pytest.raises(BadInput), transaction(store) as session:
        fails(session)
    assert outbox.payload_of(the_row(store)) == {"to": "+1"}


def test_a_card_number_never_goes_out_but_a_machine_s_key_may_look_like_one(store: Engine) -> None:
    a_row(store)
    with transaction(store) as session:
        for payload in ({"text": "4242 4242 4242 4242"}, {"text": "card:4242424242424242"}):
            with pytest.raises(BadInput, match="card number"):
                outbox.put(session, kind="text", payload=payload, connection_id=1)
        for payload in (
            {"url": "https://x.example/4242424242424242"},
            {"key": "4242424242424242abcdefab42424242"},
        ):
            outbox.put(session, kind="text", payload=payload, connection_id=1)


def test_how_the_way_out_stands_is_told_with_the_reason(store: Engine) -> None:
    a_row(store)
    senders, _ = sending(store, Later("The gateway cannot be reached.", 60.0))
    work_outbox(store, senders=senders)
    a_row(store, not_before=clock.now() + timedelta(days=3))
    with reader(store) as session:
        (told,) = standing(session, now=clock.now())
    assert (told.name, told.waiting, told.in_doubt, told.reason) == (
        "texts",
        1,
        0,
        "The gateway cannot be reached.",
    )
