"""Twelve ways to lie to a webhook, for each source: none is believed and none changes anything (RELIABILITY 15)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import func, select

from core import clock
from core.inbox.doors import Delivery, Unknown, take_in, verify
from core.inbox.models import InboxEvent
from core.store.engine import transaction
from tests.security.forging import SOURCES, Sent, Source, other_scheme, without_secret
from tests.web.outside import public_site

Forge = Callable[[Sent, Source], Sent]


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, sqlite_store: Engine) -> Source:
    for (
        name,
        make,
    ) in SOURCES.items():  # both are set up, so that one's secret can be tried at the other's door
        if name != request.param:
            make(sqlite_store)
    return SOURCES[request.param](sqlite_store)


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    with public_site(sqlite_store) as outside:
        yield outside


def _stored(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.exec(select(func.count()).select_from(InboxEvent)).one()


def test_the_true_delivery_is_taken(sqlite_store: Engine, visitor: httpx.Client, source: Source) -> None:
    assert source.make(visitor, source.secret).post(visitor).status_code == 200
    assert _stored(sqlite_store) == 1


def _cut(sent: Sent, source: Source) -> Sent:
    return sent.with_header(source.proof, sent.headers[source.proof][:-5])


FORGERIES: dict[str, Forge] = {
    "no header": lambda sent, source: sent.with_header(source.proof, None),
    "an empty header": lambda sent, source: sent.with_header(source.proof, ""),
    "another scheme": lambda sent, source: other_scheme(sent, source.secret),
    "cut off": _cut,
    "not ASCII": lambda sent, source: sent.with_header(source.proof, "Basic Zoë:ключ".encode()),
    "not base64": lambda sent, source: sent.with_header(source.proof, "Basic !!!===!!!"),
    "a very long one": lambda sent, source: sent.with_header(source.proof, "Basic " + "QQ" * 4000),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_proof_is_refused(
    sqlite_store: Engine, visitor: httpx.Client, source: Source, how: str
) -> None:
    sent = FORGERIES[how](source.make(visitor, source.secret), source)
    assert sent.post(visitor).status_code == 401
    assert _stored(sqlite_store) == 0


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_wrong_or_empty_secret_is_refused(
    sqlite_store: Engine, visitor: httpx.Client, source: Source, secret: str
) -> None:
    using = (source.secret[0], secret) if source.name == "fortis" else secret
    assert source.make(visitor, using).post(visitor).status_code == 401
    assert _stored(sqlite_store) == 0


def test_the_secret_of_the_other_source_is_refused(
    sqlite_store: Engine, visitor: httpx.Client, source: Source
) -> None:
    other = SOURCES["sms" if source.name == "fortis" else "fortis"](sqlite_store).secret
    using = ("huddle", other) if source.name == "fortis" else other[1]
    assert source.make(visitor, using).post(visitor).status_code == 401
    assert _stored(sqlite_store) == 0


def test_a_source_without_a_secret_is_not_there(
    sqlite_store: Engine, visitor: httpx.Client, source: Source
) -> None:
    sent = source.make(visitor, source.secret)
    without_secret(sqlite_store)
    assert sent.post(visitor).status_code == 404
    assert visitor.post("/webhooks/nobody", content=sent.body, headers=sent.headers).status_code == 404


def test_while_the_secret_is_changed_both_pass_and_a_day_later_the_new_one_alone(
    sqlite_store: Engine, visitor: httpx.Client, source: Source
) -> None:
    newer = source.rotate(sqlite_store)
    for secret in (source.secret, newer):
        assert source.make(visitor, secret).post(visitor).status_code == 200
    sent = source.make(visitor, source.secret)
    address = f"{str(visitor.base_url).rstrip('/')}/webhooks/{source.name}"
    tomorrow = clock.frozen(clock.now() + timedelta(days=1, seconds=1))
    with tomorrow, transaction(sqlite_store) as session, pytest.raises(Unknown):
        verify(session, source.name, Delivery(sent.headers, sent.body, address))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_sent_again_earlier_or_later_it_is_still_one_event(
    sqlite_store: Engine, visitor: httpx.Client, source: Source, seconds: int
) -> None:
    """Neither source says when it sent: what keeps an old delivery from counting again is that it is known."""
    sent = source.make(visitor, source.secret)
    assert sent.post(visitor).status_code == 200
    address = f"{str(visitor.base_url).rstrip('/')}/webhooks/{source.name}"
    with clock.frozen(clock.now() + timedelta(seconds=seconds)), transaction(sqlite_store) as session:
        take_in(session, verify(session, source.name, Delivery(sent.headers, sent.body, address)))
    assert _stored(sqlite_store) == 1


def test_the_same_words_written_differently_are_one_event_or_refused(
    sqlite_store: Engine, visitor: httpx.Client, source: Source
) -> None:
    sent = source.make(visitor, source.secret)
    sent.post(visitor)
    if source.name == "fortis":  # nothing signs the body: it is read, and means the same
        spaced = replace(sent, body=sent.body.replace(b":", b" :  ").replace(b",", b" ,\n"))
        assert spaced.post(visitor).status_code == 200
    else:  # the fields are signed, in an order of their own
        turned = replace(sent, body=b"&".join(reversed(sent.body.split(b"&"))))
        assert turned.post(visitor).status_code == 200
        assert replace(sent, body=sent.body + b"&Extra=1").post(visitor).status_code == 401
    assert _stored(sqlite_store) == 1


def test_a_delivery_for_another_address_is_refused(
    sqlite_store: Engine, visitor: httpx.Client, source: Source
) -> None:
    sent = source.make(visitor, source.secret)
    other = "sms" if source.name == "fortis" else "fortis"
    assert replace(sent, source=other).post(visitor).status_code == 401
    assert _stored(sqlite_store) == 0
