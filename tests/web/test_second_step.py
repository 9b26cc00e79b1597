"""The second step at sign-in: only with a fresh code, each code once, and no session before it."""

import re
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core.errors import BadInput
from core.permissions import Identity
from core.staff import commands
from core.staff.models import RecoveryCode, SignInAttempt, Staff, StaffSession
from core.staff.rules import DayTimes
from core.staff.second_step import codes_left, is_on, new_secret, reset, takes, turn_off, turn_on
from core.staff.team import set_week
from core.store.engine import reader, transaction
from dashboard.web import signing_in
from dashboard.web.signing_in import Stage
from tests.web.outside import public_site
from tests.web.running import PASSWORD, staff_with_role


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    with public_site(sqlite_store) as outside:
        yield outside


class Ana:
    """An owner with an app. codes: for recovery."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.secret = engine, new_secret()
        staff = staff_with_role(engine, "owner", "ana")
        self.who = Identity(1, staff.id or 0, "ana", "Ana", "owner")
        app = pyotp.TOTP(self.secret)
        with transaction(engine) as session:
            self.codes = turn_on(session, self.who, secret=self.secret, code=app.now())

    def next_code(self) -> str:
        """As if half a minute had gone by since the last one that was taken."""
        from core.staff.models import SecondStep

        with transaction(self.engine) as session:
            session.get_one(SecondStep, self.who.staff_id).last_step -= 10
        return pyotp.TOTP(self.secret).now()


@pytest.fixture
def ana(sqlite_store: Engine) -> Ana:
    return Ana(sqlite_store)


def password(visitor: httpx.Client) -> str:
    """What goes on from the right password."""
    answer = visitor.post("/signin", data={"username": "ana", "password": PASSWORD, "next": "/plans"})
    assert (answer.status_code, "sid" in answer.cookies) == (200, False)
    found = re.search(r'name="begun" value="([^"]+)"', answer.text)
    assert found is not None
    return found[1]


def give(visitor: httpx.Client, begun: str, code: str) -> httpx.Response:
    return visitor.post("/signin", data={"begun": begun, "code": code, "next": "/plans"})


def sessions(engine: Engine) -> int:
    with reader(engine) as session:
        return len(session.exec(select(StaffSession)).all())


def test_without_it_the_password_is_enough(sqlite_store: Engine, visitor: httpx.Client) -> None:
    staff_with_role(sqlite_store, "owner", "ben")
    assert visitor.post("/signin", data={"username": "ben", "password": PASSWORD}).status_code == 303


def test_with_it_a_code_lets_in_and_only_once(ana: Ana, visitor: httpx.Client) -> None:
    begun = password(visitor)
    assert sessions(ana.engine) == 0
    assert give(visitor, begun, "000000").status_code == 401
    code = ana.next_code()
    answer = give(visitor, begun, code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/plans")
    assert "sid" in answer.cookies
    assert give(visitor, password(visitor), code).status_code == 401
    assert sessions(ana.engine) == 1


def test_a_recovery_code_works_once_however_it_is_typed(ana: Ana, visitor: httpx.Client) -> None:
    code = ana.codes[0]
    assert give(visitor, password(visitor), code.upper().replace("-", " ")).status_code == 303
    assert give(visitor, password(visitor), code).status_code == 401
    with reader(ana.engine) as session:
        assert codes_left(session, ana.who.staff_id) == len(ana.codes) - 1
        assert code.replace("-", "") not in "".join(session.exec(select(RecoveryCode.digest)))


def test_codes_cannot_be_guessed_for_long(ana: Ana, visitor: httpx.Client) -> None:
    begun = password(visitor)
    answers = [give(visitor, begun, f"{number:06}").status_code for number in range(12)]
    assert set(answers[:8]) == {401}
    assert answers[-1] == 429


@pytest.mark.parametrize("change", ["person", "end", "mark", "nonsense"])
def test_what_the_password_began_cannot_be_forged(ana: Ana, visitor: httpx.Client, change: str) -> None:
    staff_id, attempt, until, mark = password(visitor).split(".")
    forged = {
        "person": f"{int(staff_id) + 1}.{attempt}.{until}.{mark}",
        "end": f"{staff_id}.{attempt}.{int(until) + 60}.{mark}",
        "mark": f"{staff_id}.{attempt}.{until}.{mark[:-1]}{'0' if mark[-1] != '0' else '1'}",
        "nonsense": "é.1.1.x",
    }[change]
    assert give(visitor, forged, ana.next_code()).status_code == 403
    assert sessions(ana.engine) == 0


def test_it_ends_after_five_minutes_and_with_a_new_password(
    ana: Ana, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = password(visitor)
    with transaction(ana.engine) as session:
        commands.change_password(session, None, session.get_one(Staff, ana.who.staff_id), password_hash="x")
    assert give(visitor, begun, ana.next_code()).status_code == 403
    monkeypatch.setattr(signing_in, "STEP_SECONDS", -1)
    assert (
        give(visitor, signing_in._begun(Stage.CODE, ana.who.staff_id, 1, "x"), ana.next_code()).status_code
        == 403
    )


def test_it_is_turned_off_with_a_code_or_at_the_machine(ana: Ana) -> None:
    with pytest.raises(BadInput, match="not right"), transaction(ana.engine) as session:
        turn_off(session, ana.who, code="000000")
    with transaction(ana.engine) as session:
        turn_off(session, ana.who, code=ana.codes[1])
        assert not is_on(session, ana.who.staff_id)
        with pytest.raises(BadInput, match="no second step"):
            reset(session, "ana")
        with pytest.raises(BadInput, match="not right"):
            turn_on(session, ana.who, secret=ana.secret, code="12345")


def test_of_two_who_give_the_same_code_one_is_let_in(store: Engine) -> None:
    ana = Ana(store)
    code = ana.next_code()
    with transaction(store) as session:
        assert takes(session, ana.who.staff_id, code)
    with transaction(store) as session:
        assert not takes(session, ana.who.staff_id, code)


def test_a_wrong_code_is_wrong_at_any_hour_and_makes_no_browser_known(
    ana: Ana, visitor: httpx.Client
) -> None:
    staff_with_role(ana.engine, "owner", "olga")
    begun = password(visitor)
    with transaction(ana.engine) as session:
        set_week(session, None, staff_id=ana.who.staff_id, week=[DayTimes(day, "none") for day in range(7)])
    assert give(visitor, begun, "000000").status_code == 401
    with reader(ana.engine) as session:
        assert not any(session.exec(select(SignInAttempt.succeeded)))
    assert give(visitor, begun, ana.next_code()).status_code == 403
    assert sessions(ana.engine) == 0
