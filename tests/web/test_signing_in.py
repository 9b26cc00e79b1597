"""From the password to a session: what is asked before one, of whom, and that nothing before the end makes one."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import httpx
import pyotp
import pytest
from sqlalchemy import Engine, update
from sqlmodel import select

from core import clock
from core.audit.commands import record
from core.errors import NotAllowed, NotFound
from core.permissions import Identity, Role
from core.secrets import open_sealed
from core.staff import commands, reports
from core.staff.invitations import GOOD_FOR, invite, invited
from core.staff.models import Invitation, Staff, StaffSession
from core.staff.second_step import is_on
from core.staff.sign_in import WRONG_PER_ACCOUNT, begin_attempt
from core.store.engine import reader, transaction
from tests.web.outside import public_site
from tests.web.running import PASSWORD, cheap_hash, staff_with_role

OWN = "four calm herons wading"


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    with public_site(sqlite_store, HUDDLE_SECOND_STEP="managers") as outside:
        yield outside


def sign_in(visitor: httpx.Client, username: str, password: str = PASSWORD) -> httpx.Response:
    visitor.cookies.delete("sid")
    return visitor.post("/signin", data={"username": username, "password": password, "next": "/plans"})


def hidden(answer: httpx.Response) -> dict[str, str]:
    """What the last form of the page sends along."""
    form = answer.text.rpartition("<form")[2]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def who(engine: Engine, staff: Staff) -> Identity:
    """The person, with a session of theirs."""
    with transaction(engine) as session:
        token = commands.start_session(session, session.get_one(Staff, staff.id))
        session.flush()
        found = reports.look_up(session, token)
    assert found is not None
    return found


def sessions(engine: Engine) -> int:
    with reader(engine) as session:
        return len(session.exec(select(StaffSession)).all())


@pytest.mark.parametrize("role", [Role.OWNER, Role.OFFICE_MANAGER])
def test_who_can_do_almost_everything_sets_a_second_step_up_before_getting_in(
    sqlite_store: Engine, visitor: httpx.Client, role: str
) -> None:
    staff = staff_with_role(sqlite_store, role, "ana")
    answer = sign_in(visitor, "ana")
    assert (answer.status_code, "sid" in answer.cookies, sessions(sqlite_store)) == (200, False, 0)
    assert "Set up your second step" in answer.text
    form = hidden(answer)
    wrong = visitor.post("/signin", data={**form, "code": "000000"})
    assert (wrong.status_code, sessions(sqlite_store)) == (401, 0)
    assert hidden(wrong)["sealed"] == form["sealed"], "the picture that was scanned still counts"
    app = pyotp.TOTP(open_sealed(form["sealed"]))
    done = visitor.post("/signin", data={**form, "code": app.now()})
    assert (done.status_code, "sid" in done.cookies) == (200, True)
    assert len(re.findall(r"\b[a-z0-9]{5}-[a-z0-9]{5}-[a-z0-9]{5}\n", done.text)) == 10
    assert visitor.get("/session").status_code == 200
    with reader(sqlite_store) as session:
        assert is_on(session, staff.id or 0)
    assert "Second step" in sign_in(visitor, "ana").text
    again = visitor.post("/signin", data={**form, "code": app.now()})
    assert again.status_code == 403, "whoever has one shows it, and sets up no other with the password"


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROVIDER])
def test_of_the_others_none_is_demanded(sqlite_store: Engine, visitor: httpx.Client, role: str) -> None:
    staff_with_role(sqlite_store, role, "dana")
    assert sign_in(visitor, "dana").status_code == 303


def test_a_password_somebody_else_chose_is_replaced_before_getting_in(
    sqlite_store: Engine, visitor: httpx.Client
) -> None:
    owner = who(sqlite_store, staff_with_role(sqlite_store, Role.OWNER, "olga"))
    dana = staff_with_role(sqlite_store, Role.FRONT_DESK, "dana")
    with transaction(sqlite_store) as session:
        person = session.get_one(Staff, dana.id)
        commands.change_password(session, owner, person, password_hash=cheap_hash("given by somebody else"))
    before = sessions(sqlite_store)
    answer = sign_in(visitor, "dana", "given by somebody else")
    assert (answer.status_code, "sid" in answer.cookies, sessions(sqlite_store)) == (200, False, before)
    form = hidden(answer)
    for new, again in [(OWN, PASSWORD), ("password1234", "password1234"), ("given by somebody else",) * 2]:
        refused = visitor.post("/signin", data={**form, "password": new, "again": again})
        assert (refused.status_code, "sid" in refused.cookies) == (401, False), new
    done = visitor.post("/signin", data={**form, "password": OWN, "again": OWN})
    assert (done.status_code, "sid" in done.cookies) == (303, True)
    assert visitor.post("/signin", data={**form, "password": OWN, "again": OWN}).status_code == 403
    assert sign_in(visitor, "dana", "given by somebody else").status_code == 401
    assert sign_in(visitor, "dana", OWN).status_code == 303


def test_one_stage_proves_no_other(sqlite_store: Engine, visitor: httpx.Client) -> None:
    staff_with_role(sqlite_store, Role.OWNER, "ana")
    form = hidden(sign_in(visitor, "ana"))
    for stage in ("code", "password", "nonsense"):
        sent = {"begun": form["begun"], "stage": stage, "code": "000000", "password": OWN, "again": OWN}
        assert visitor.post("/signin", data=sent).status_code == 403, stage
    assert sessions(sqlite_store) == 0


def test_an_invitation_lets_choose_a_password_once(sqlite_store: Engine, visitor: httpx.Client) -> None:
    owner = who(sqlite_store, staff_with_role(sqlite_store, Role.OWNER, "olga"))
    with transaction(sqlite_store) as session:
        dana = commands.add_staff(
            session, owner, username="dana", display_name="Dana", role="front desk", password_hash="!"
        )
        former = invite(session, owner, dana)
        token = invite(session, owner, dana)
    assert visitor.get(f"/welcome/{former}").status_code == 404, "a newer link ends the older"
    assert "Welcome, Dana" in visitor.get(f"/welcome/{token}").text
    easy = visitor.post(f"/welcome/{token}", data={"password": "password1234", "again": "password1234"})
    assert (easy.status_code, "easy to guess" in easy.text) == (400, True)
    done = visitor.post(f"/welcome/{token}", data={"password": OWN, "again": OWN})
    assert (done.status_code, done.headers["location"]) == (303, "/signin?why=chosen")
    assert visitor.post(f"/welcome/{token}", data={"password": OWN, "again": OWN}).status_code == 404
    assert sign_in(visitor, "dana", OWN).status_code == 303
    with reader(sqlite_store) as session:
        assert token not in "".join(row.digest for row in session.exec(select(Invitation)))


def test_an_invitation_ends_by_itself_and_with_the_account(sqlite_store: Engine) -> None:
    owner = who(sqlite_store, staff_with_role(sqlite_store, Role.OWNER, "olga"))
    dana = staff_with_role(sqlite_store, Role.FRONT_DESK, "dana")
    with transaction(sqlite_store) as session:
        token = invite(session, owner, session.get_one(Staff, dana.id))
        assert invited(session, token) is not None
        commands.disable(session, owner, session.get_one(Staff, dana.id))
        assert invited(session, token) is None
        with pytest.raises(NotAllowed, match="disabled"):
            invite(session, owner, session.get_one(Staff, dana.id))
        commands.enable(session, owner, session.get_one(Staff, dana.id))
        session.execute(update(Invitation).values(expires_at=clock.now() - timedelta(seconds=1)))
        assert invited(session, token) is None
    assert timedelta(days=3) == GOOD_FOR


def test_before_an_export_a_session_that_is_open_for_long_says_again_who_it_is(
    sqlite_store: Engine,
) -> None:
    staff_with_role(sqlite_store, Role.OFFICE_MANAGER, "max")
    with public_site(sqlite_store) as office:  # its second step is not what is tried here
        assert sign_in(office, "max").status_code == 303
        assert office.get("/export/cards.csv").status_code == 200
        with transaction(sqlite_store) as session:
            session.execute(update(StaffSession).values(proved_at=clock.now() - timedelta(minutes=11)))
        asked = office.get("/export/cards.csv?location=")
        assert asked.headers["location"] == "/confirm?next=%2Fexport%2Fcards.csv%3Flocation%3D"
        form = hidden(office.get(asked.headers["location"]))
        assert office.post("/confirm", data={**form, "password": "wrong wrong wrong"}).status_code == 401
        assert office.get("/export/cards.csv").status_code == 303
        done = office.post("/confirm", data={**form, "password": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "/export/cards.csv?location=")
        assert office.get("/export/cards.csv").status_code == 200


@pytest.mark.parametrize("path", ["/export/day.csv?initials=1", "/export/overview.csv?chart=collected"])
def test_the_day_and_a_chart_leave_only_with_whoever_said_again_who_they_are(
    sqlite_store: Engine, path: str
) -> None:
    staff_with_role(sqlite_store, Role.OWNER, "olga")
    with public_site(sqlite_store) as office:
        assert sign_in(office, "olga").status_code == 303
        with transaction(sqlite_store) as session:
            session.execute(update(StaffSession).values(proved_at=clock.now() - timedelta(minutes=11)))
        asked = office.get(path)
        assert (asked.status_code, asked.headers["location"]) == (
            303,
            f"/confirm?next={quote(path, safe='')}",
        )
        assert office.get("/print/day").status_code == 200


def test_wrong_tries_from_elsewhere_do_not_keep_a_person_from_confirming(sqlite_store: Engine) -> None:
    staff_with_role(sqlite_store, Role.OFFICE_MANAGER, "max")
    with public_site(sqlite_store) as office:
        assert sign_in(office, "max").status_code == 303
        with transaction(sqlite_store) as session:
            for _ in range(WRONG_PER_ACCOUNT):
                begin_attempt(session, username="max", address="203.0.113.9")
        form = hidden(office.get("/confirm?next=/plans"))
        assert office.post("/confirm", data={**form, "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("change", ["password", "disabled and enabled"])
def test_an_open_invitation_ends_with_the_password_or_the_account(sqlite_store: Engine, change: str) -> None:
    owner = who(sqlite_store, staff_with_role(sqlite_store, Role.OWNER, "olga"))
    dana = staff_with_role(sqlite_store, Role.FRONT_DESK, "dana")
    with transaction(sqlite_store) as session:
        person = session.get_one(Staff, dana.id)
        token = invite(session, owner, person)
        if change == "password":
            commands.change_password(session, owner, person, password_hash="x")
        else:
            commands.disable(session, owner, person)
            commands.enable(session, owner, person)
        assert invited(session, token) is None


def test_who_manages_the_team_ends_one_sign_in_of_a_person(sqlite_store: Engine) -> None:
    owner = who(sqlite_store, staff_with_role(sqlite_store, Role.OWNER, "olga"))
    dana = staff_with_role(sqlite_store, Role.FRONT_DESK, "dana")
    here, there = who(sqlite_store, dana), who(sqlite_store, dana)
    with transaction(sqlite_store) as session:
        person = session.get_one(Staff, dana.id)
        commands.end_session_of(session, owner, person, here.session_id)
        assert reports.look_up_id(session, here.session_id) is None
        assert reports.look_up_id(session, there.session_id) is not None
        with pytest.raises(NotAllowed):
            commands.end_session_of(session, there, session.get_one(Staff, owner.staff_id), owner.session_id)
        commands.end_session_of(session, owner, session.get_one(Staff, owner.staff_id), there.session_id)
        assert reports.look_up_id(session, there.session_id) is not None, "it is not the owner's own"
        other = Identity(9, 9, "x", "X", "owner", practice_id=2)
        with pytest.raises(NotFound):
            commands.end_session_of(session, other, person, there.session_id)


def test_who_was_only_away_comes_back_to_where_they_were(sqlite_store: Engine, visitor: httpx.Client) -> None:
    staff_with_role(sqlite_store, Role.FRONT_DESK, "dana")
    for why, wanted, back in [
        ("idle", "/patient?id=12", "/signin?why=idle&next=%2Fpatient%3Fid%3D12"),
        ("idle", "//evil.example", "/signin?why=idle&next=%2F"),
        ("out", "/patient?id=12", "/signin?why=out"),
    ]:
        sign_in(visitor, "dana")
        answer = visitor.post("/signout", data={"why": why, "next": wanted})
        assert answer.headers["location"] == back


def test_the_audit_is_taken_along_safely_and_that_is_written_down(sqlite_store: Engine) -> None:
    staff_with_role(sqlite_store, Role.OFFICE_MANAGER, "max")
    dana = who(sqlite_store, staff_with_role(sqlite_store, Role.FRONT_DESK, "=dana"))
    with transaction(sqlite_store) as session:
        record(session, who=dana, action="opened patient card", subject_kind="patient", subject_id=7)
    day = clock.now().date()
    days = f"from={day - timedelta(days=2)}&to={day + timedelta(days=2)}"
    with public_site(sqlite_store) as office:
        assert sign_in(office, "max").status_code == 303
        told = office.get(f"/export/audit.csv?{days}&what=opened")
        assert "'=dana,opened patient card,patient 7,7," in told.text
        assert "exported the audit" in office.get(f"/export/audit.csv?{days}&who=max").text
        assert office.get("/export/audit.csv?from=yesterday").status_code == 400
        assert "patient 7" in office.get(f"/export/audit.csv?{days}&patients=7").text
        assert "patient 7" not in office.get(f"/export/audit.csv?{days}&patients=8").text
        for by_name in ("patient=Ana", "patients=Ana", "patients="):
            assert office.get(f"/export/audit.csv?{days}&{by_name}").status_code == 400
        sign_in(office, "=dana")
        assert office.get(f"/export/audit.csv?{days}").status_code == 403
