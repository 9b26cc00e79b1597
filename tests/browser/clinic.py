"""The whole clinic in a browser: the sandbox, a first sync, and the dashboard with its worker, joined by real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from core.settings import settings
from core.store.engine import open_store
from dashboard import demo
from tests.web.running import Running, free_port, run_dashboard

DESK = ("dana", demo.ACCOUNTS["dana"][2])


@dataclass(frozen=True)
class Clinic:
    """dashboard: the running server. control: what the sandbox says of itself. store: to look at, never to change."""

    dashboard: Running
    control: dict[str, Any]
    store: Engine

    def processor(self, path: str, **query: str) -> Any:
        """What the processor answers, signed in as the practice."""
        keys = self.control["fortis"]
        headers = {name.replace("_", "-"): keys[name] for name in ("user_id", "user_api_key", "developer_id")}
        answer = httpx.get(f"{keys['base_url']}{path}", headers=headers, params=query, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tell_sandbox(self, **wishes: Any) -> dict[str, Any]:
        """POST /control."""
        answer = httpx.post(self.control["pages"]["control"], json=wishes, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def run_clinic(folder: Path, monkeypatch: pytest.MonkeyPatch, *, patients: int = 64) -> Iterator[Clinic]:
    """Set up as `huddle demo` does, in a folder of its own; texts go out at any hour."""
    port, sandbox_port = free_port(), free_port()
    environment = {
        "HUDDLE_STORE": f"sqlite:///{folder / 'huddle.db'}",
        "HUDDLE_KEY_FILE": str(folder / "key.txt"),
        "HUDDLE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUDDLE_QUIET_FROM": "0",
        "HUDDLE_QUIET_UNTIL": "0",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    monkeypatch.setattr(demo, "FOLDER", folder)
    with demo.sandbox(sandbox_port, patients) as control:
        demo.fill(control, accounts=[DESK[0]])
        with run_dashboard(environment["HUDDLE_STORE"], port=port, HUDDLE_WORKER="true") as dashboard:
            store = open_store(environment["HUDDLE_STORE"])
            yield Clinic(dashboard, control, store)
            store.dispose()
    settings.cache_clear()
