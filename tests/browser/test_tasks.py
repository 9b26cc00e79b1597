"""A decline at the processor is a task, a Quick Stop line and a task in Genesis within one sync; a payment closes all three.
Then the page by mouse and keys, and for everybody's eyes."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from core import clock
from core.connections.commands import connect
from core.jobs.outbox.send_and_settle import work_outbox
from core.settings import ROOT
from core.store.engine import reader, transaction
from tests.browser.clinic import DESK, Clinic, run_clinic
from tests.browser.conftest import Window
from tests.browser.practice import ZONE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser tasks")]
ROWS = "tr.visit:visible"
A_PLAN_THAT_IS_PAID = """
    SELECT recurring.external_id, recurring.card_ref, plan.external_id, patient.id, patient.external_id, patient.last_name, recurring.amount_cents
    FROM recurring JOIN plan ON plan.id = recurring.plan_id JOIN patient ON patient.id = plan.patient_id
    JOIN connection ON connection.id = recurring.connection_id AND connection.kind = 'fortis'
    JOIN card ON card.external_id = recurring.card_ref AND card.active AND card.expires_on > date('now', '+200 days')
    WHERE recurring.status = 'active' AND plan.status = 'active' AND plan.payer_id IS NULL
      AND patient.id NOT IN (SELECT patient_id FROM task WHERE kind = 'payment')
      AND NOT EXISTS (SELECT 1 FROM payment WHERE payment.plan_id = plan.id AND payment.status <> 'approved')
    ORDER BY recurring.id LIMIT 1
"""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with (
        pytest.MonkeyPatch.context() as patch,
        run_clinic(tmp_path_factory.mktemp("tasks"), patch) as running,
    ):
        keys = running.control["genesis"]
        settings = {"base_url": keys["base_url"], "cp_id": keys["cp_id"]}
        with transaction(running.store) as session:
            if session.execute(text("SELECT 1 FROM connection WHERE kind = 'genesis'")).first() is None:
                connect(
                    session,
                    kind="genesis",
                    name="Genesis",
                    settings=settings,
                    secrets={"cp_mkey": keys["cp_mkey"]},
                )
        yield running


def sync() -> None:
    """As a person would on the command line, against the same store as the dashboard; and what is due goes out."""
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "sync"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def draft(clinic: Clinic, recurring: str, days_ago: int, *, declines: str = "") -> None:
    """The plan's draft ran so many days ago; declines: the card that does. Others may be due on the same day."""
    day = (clock.today(ZONE) - timedelta(days=days_ago)).isoformat()
    if declines:
        clinic.tell_sandbox(decline={"token_id": declines, "reason_code_id": 1616, "times": 1})
    clinic.tell_sandbox(change={"resource": "recurrings", "id": recurring, "fields": {"next_run_date": day}})
    ran = clinic.tell_sandbox(run_drafts=True)
    assert "run_drafts" in ran or ran, ran


def due(clinic: Clinic, plan: str, cents: int, days_ago: int) -> None:
    """The EHR's export has an instalment that was due that day."""
    day = (clock.today(ZONE) - timedelta(days=days_ago)).isoformat()
    with (Path(clinic.control["ehr_files"]) / "instalments.csv").open(
        "a", newline="", encoding="utf-8"
    ) as file:
        csv.writer(file, lineterminator="\n").writerow(["I-late", plan, day, f"{cents / 100:.2f}", ""])


def one_row(clinic: Clinic, sql: str, **values: Any) -> Any:
    with reader(clinic.store) as session:
        return session.execute(text(sql), values).first()


def in_genesis(clinic: Clinic, patient: str) -> list[tuple[str, str]]:
    """What Genesis answers of a patient's payment tasks: status and why closed. Waits for what is under way."""
    work_outbox(clinic.store)
    keys = clinic.control["genesis"]
    headers = {"CP-ID": keys["cp_id"], "CP-MKey": keys["cp_mkey"]}
    answer = httpx.get(
        f"{keys['base_url']}/v1/tasks", headers=headers, params={"Size": 1000}, timeout=20
    ).json()
    return [
        (task["Status"], task.get("Closed_Reason") or "")
        for task in answer["Tasks"]
        if task["PATIENT_ID"] == patient and task["Type"] == "payment"
    ]


def opened(browse: Callable[..., Window], clinic: Clinic, path: str, **shape: object) -> Window:
    window = browse(clinic.dashboard, **shape)
    window.page.set_default_timeout(90_000)  # the worker, the sandbox and the browser share two cores
    window.sign_in(*DESK, path=path)
    window.settle()
    return window


def test_a_decline_is_three_things_within_one_sync_and_a_payment_closes_them(
    clinic: Clinic, browse: Callable[..., Window], shot: Any
) -> None:
    recurring, card, plan, key, patient, name, cents = one_row(clinic, A_PLAN_THAT_IS_PAID)
    due(clinic, plan, cents, 3)
    draft(clinic, recurring, 3, declines=card)
    sync()
    window = opened(browse, clinic, "/tasks")
    page = window.page
    page.locator(ROWS, has_text=name).filter(has_text="not enough funds").wait_for()
    page.goto(f"{clinic.dashboard.base_url}/patient?id={key}")
    line = page.locator(".quick .flag", has_text="not enough funds")
    line.wait_for()
    assert line.get_by_role("button", name="Take").is_visible()
    shot(window, "quick-stop")
    assert in_genesis(clinic, patient) == [("open", "")]

    draft(clinic, recurring, 1)
    sync()
    page.goto(f"{clinic.dashboard.base_url}/patient?id={key}")
    page.locator(".head h2").wait_for()
    window.settle()
    assert line.count() == 0
    page.goto(f"{clinic.dashboard.base_url}/tasks")
    page.locator("button[data-id=closed]").click()
    window.settle()
    page.locator(ROWS, has_text=name).filter(has_text="Paid $").wait_for()
    [(status, why)] = in_genesis(clinic, patient)
    assert (status, why.startswith("paid: Paid $")) == ("closed", True)


def test_ticked_tasks_are_closed_together_and_undo_brings_them_back(
    clinic: Clinic, browse: Callable[..., Window], shot: Any
) -> None:
    window = opened(browse, clinic, "/tasks")
    page = window.page
    number = page.locator("button[data-id=open]")
    before = number.inner_text()
    page.locator(ROWS).first.wait_for()
    page.locator("tr.visit .who button").first.focus()
    page.keyboard.press("x")
    window.settle()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    window.settle()
    page.get_by_text("2 tasks ticked").wait_for()
    page.get_by_role("button", name="Done").first.click()
    page.get_by_text("Waived", exact=True).click()
    window.settle()
    page.locator("[data-testid=stPopoverBody]").get_by_role("button", name="Close").click()
    window.settle()
    page.get_by_text("Tick rows to work on several").wait_for()
    assert number.inner_text() != before
    page.get_by_role("button", name="Undo").click()
    expect(number).to_have_text(before, use_inner_text=True)
    shot(window, "tasks")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.night)])
def test_nothing_keeps_anybody_from_working_on_tasks(
    clinic: Clinic, browse: Callable[..., Window], shot: Any, theme: str
) -> None:
    window = opened(browse, clinic, "/tasks", theme=theme)
    page = window.page
    page.locator(ROWS).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = serious(window)
    page.locator("tr.visit .who button").first.click()
    page.locator(".quick .flag").first.wait_for()
    window.settle()
    page.locator(".quick").get_by_role("button", name="Done").first.click()
    shot(window, f"drawer-{theme}")
    assert [*found, *serious(window)] == []
    assert window.elsewhere == []


def serious(window: Window) -> list[str]:
    violations = Axe().run(window.page).response["violations"]
    return [
        f"{one['id']} {json.dumps(one['nodes'][0]['target'])} {one['nodes'][0]['failureSummary'][:200]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]
