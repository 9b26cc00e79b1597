"""Guessing is slowed down, and nobody can be kept out for ever (RELIABILITY 21)."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from core import clock
from core.errors import TooManyAttempts
from core.staff import commands, reports
from core.staff.models import SignInAttempt, Staff
from core.staff.sign_in import (
    WINDOW,
    WRONG_PER_ACCOUNT,
    WRONG_PER_ADDRESS,
    admit,
    begin_attempt,
)


@pytest.fixture
def dana(session: Session) -> Staff:
    return commands.add_staff(
        session, None, username="dana", display_name="", role="owner", password_hash="x"
    )


def guess(session: Session, times: int, username: str = "dana", address: str = "10.0.0.9") -> None:
    for _ in range(times):
        begin_attempt(session, username=username, address=address)


@pytest.mark.parametrize("username", ["dana", "nobody"])
def test_the_eleventh_wrong_password_has_to_wait(session: Session, dana: Staff, username: str) -> None:
    guess(session, WRONG_PER_ACCOUNT, username)
    with pytest.raises(TooManyAttempts, match="Wait 15 minutes") as refused:
        begin_attempt(session, username=username, address="10.0.0.10")
    assert refused.value.retry_after == pytest.approx(900, abs=5)


def test_waiting_helps_and_refused_tries_do_not_count(session: Session, dana: Staff) -> None:
    start = clock.now()
    guess(session, WRONG_PER_ACCOUNT)
    with clock.frozen(start + WINDOW / 2), pytest.raises(TooManyAttempts):
        guess(session, 1)
    with clock.frozen(start + WINDOW + timedelta(seconds=5)):
        guess(session, WRONG_PER_ACCOUNT)


def test_one_address_guessing_at_many_names_has_to_wait(session: Session) -> None:
    for number in range(WRONG_PER_ADDRESS):
        guess(session, 1, f"name{number}")
    with pytest.raises(TooManyAttempts):
        guess(session, 1, "yet.another")
    guess(session, 1, "yet.another", address="10.0.0.11")


def test_an_attacker_cannot_keep_a_known_browser_out(session: Session, dana: Staff) -> None:
    attempt = begin_attempt(session, username="dana", address="10.0.0.1", device="her browser")
    admit(session, attempt.id or 0, dana.id or 0, device="her browser")
    guess(session, WRONG_PER_ACCOUNT)
    begin_attempt(session, username="dana", address="10.0.0.9", device="her browser")
    with pytest.raises(TooManyAttempts):
        begin_attempt(session, username="dana", address="10.0.0.9", device="invented")


def test_a_known_browser_is_slowed_down_too(session: Session, dana: Staff) -> None:
    attempt = begin_attempt(session, username="dana", address="a", device="her browser")
    admit(session, attempt.id or 0, dana.id or 0, device="her browser")
    for _ in range(WRONG_PER_ACCOUNT):
        begin_attempt(session, username="dana", address="a", device="her browser")
    with pytest.raises(TooManyAttempts):
        begin_attempt(session, username="dana", address="a", device="her browser")


def test_an_attacker_elsewhere_cannot_keep_out_who_signs_in_from_where_they_have_before(
    session: Session, dana: Staff
) -> None:
    attempt = begin_attempt(session, username="dana", address="10.0.0.1")
    admit(session, attempt.id or 0, dana.id or 0, device="a browser since thrown away")
    guess(session, WRONG_PER_ACCOUNT)
    begin_attempt(session, username="dana", address="10.0.0.1", device="new browser")


def test_people_behind_one_address_do_not_wait_for_each_other_s_mistakes(
    session: Session, dana: Staff
) -> None:
    ben = commands.add_staff(session, None, username="ben", display_name="", role="owner", password_hash="x")
    for person in (dana, ben):
        attempt = begin_attempt(session, username=person.username, address="clinic", device="the desk's")
        admit(session, attempt.id or 0, person.id or 0, device="the desk's")
    for number in range(WRONG_PER_ADDRESS):
        guess(session, 1, f"name{number}", address="clinic")
    for _ in range(WRONG_PER_ACCOUNT):
        begin_attempt(session, username="ben", address="clinic", device="the desk's")
    begin_attempt(session, username="dana", address="clinic", device="the desk's")


def test_a_right_password_no_longer_counts_as_wrong(session: Session, dana: Staff) -> None:
    for _ in range(WRONG_PER_ACCOUNT + 5):
        attempt = begin_attempt(session, username="dana", address="a", device="")
        token = admit(session, attempt.id or 0, dana.id or 0, device="b")
    session.flush()
    assert reports.look_up(session, token) is not None


def test_a_password_typed_into_the_name_box_is_not_kept(session: Session, dana: Staff) -> None:
    guess(session, 1, "hunter2-and-more")
    guess(session, 1, "Dana")
    names = [row.username for row in session.exec(select(SignInAttempt))]
    assert names[0].startswith("unknown:")
    assert "hunter" not in names[0]
    assert names[1] == "dana"
