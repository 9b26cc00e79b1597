"""What is open to everyone, on a running dashboard: these addresses and no others, and what they tell nobody."""

import re
import statistics
import time

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core.links.models import Link
from core.links.rules import LinkKind
from core.links.tokens import new_token
from core.store.engine import transaction
from tests.security.conftest import METRICS_TOKEN
from tests.web.links_out import practice_with_patient, sent_link
from tests.web.running import Running

pytestmark = pytest.mark.xdist_group("security")  # one running dashboard for all
OPEN = ["/pay/x", "/card/x", "/stop/x", "/webhooks/fortis"]


@pytest.fixture(scope="module")
def patient_id(practice_store: Engine) -> int:
    return practice_with_patient(practice_store)


@pytest.mark.parametrize("path", OPEN)
def test_a_patients_address_needs_no_session_and_takes_none(dashboard: Running, path: str) -> None:
    with dashboard.visitor() as nobody:
        for headers in ({}, {"cookie": "sid=planted"}):
            answer = nobody.get(path, headers=headers)
            assert answer.status_code in {404, 405}
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/pay", "/pay/", "/pay/x/y", "/card/x/y", "/card/x/enter/z", "/card", "/stop/x/keep", "/webhooks", "/webhooks/a/b",
        "/pays/x", "/Pay/x", "//pay/x", "/pay/../patients", "/pay/%2e%2e/patients", "/webhooks/..%2fpatients", "/cards", "/invoices",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_is_shut(dashboard: Running, path: str) -> None:
    with dashboard.visitor() as nobody:
        answer = nobody.get(path)
    assert answer.status_code in {303, 404}, path
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/signin"), path


def test_no_address_of_a_patient_opens_anything_else(dashboard: Running) -> None:
    with dashboard.visitor() as nobody:
        nobody.get("/pay/x")
        assert nobody.get("/patients").headers["location"].startswith("/signin")


@pytest.mark.parametrize("path", OPEN[:3])
def test_the_pages_are_kept_by_nobody_and_listed_nowhere(dashboard: Running, path: str) -> None:
    with dashboard.visitor() as nobody:
        headers = nobody.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_post_without_origin_or_from_elsewhere_reaches_these_pages_alone(dashboard: Running) -> None:
    elsewhere = {"origin": "null", "sec-fetch-site": "cross-site"}
    with dashboard.visitor() as nobody:
        assert nobody.post("/stop/x", headers=elsewhere).status_code == 404
        assert nobody.post("/signin", headers=elsewhere).status_code == 403


def test_no_token_reaches_the_log_or_the_figures(
    dashboard: Running, practice_store: Engine, patient_id: int
) -> None:
    tokens = [sent_link(practice_store, patient_id, kind) for kind in (LinkKind.PAY, LinkKind.CARD)]
    with dashboard.visitor() as nobody:
        assert nobody.get(f"/pay/{tokens[0]}").status_code == 303
        assert nobody.get(f"/card/{tokens[1]}").status_code == 200
        assert nobody.post(f"/card/{tokens[1]}/enter").status_code == 503
        nobody.post(f"/card/{tokens[1]}/done", data={"ticket": "not a ticket"})
        nobody.get(f"/stop/{tokens[1]}")
        figures = nobody.get("/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"}).text
    for token in tokens:
        assert token not in dashboard.log
        assert token not in figures
        assert token[:12] not in dashboard.log


def test_a_guess_is_told_apart_by_nothing_not_even_by_time(
    dashboard: Running, practice_store: Engine, patient_id: int
) -> None:
    sent_link(practice_store, patient_id, LinkKind.PAY)
    with transaction(practice_store) as session:  # signed by us, but thrown away
        link = session.exec(select(Link).limit(1)).one()
        signed = new_token(session, link)
        session.rollback()
    guesses = {"short": "x", "like one": "A" * len(signed), "signed": signed}
    seconds: dict[str, list[float]] = {name: [] for name in guesses}
    texts = set()
    with dashboard.visitor() as nobody:
        for _ in range(12):
            for name, guess in guesses.items():
                began = time.perf_counter()
                answer = nobody.get(f"/pay/{guess}")
                seconds[name].append(time.perf_counter() - began)
                assert answer.status_code == 404
                texts.add(re.sub(r"\s+", " ", answer.text))
    assert len(texts) == 1
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print({name: f"{median * 1000:.1f} ms" for name, median in medians.items()})
    assert max(medians.values()) < 2.5 * min(medians.values())


def test_who_knocks_too_often_is_asked_to_wait(dashboard: Running) -> None:
    with httpx.Client(base_url=dashboard.base_url, headers={"x-forwarded-for": "203.0.113.9"}) as nobody:
        statuses = [nobody.get("/card/knocking").status_code for _ in range(42)]
    assert statuses[:40] == [404] * 40
    assert statuses[40:] == [429, 429]
