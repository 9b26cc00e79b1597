"""The public addresses over real HTTP, with the same routes and middleware as the dashboard but without Streamlit.

with public_site(engine) as visitor:            # an httpx.Client that follows no redirect
    assert visitor.post("/webhooks/nobody").status_code == 404
"""

import contextlib
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from sqlalchemy import Engine
from starlette.applications import Starlette

from core.settings import settings
from dashboard.web import limits
from dashboard.web.routes import MIDDLEWARE, ON_ERROR, ROUTES
from data.sandbox.app import listen


@contextlib.contextmanager
def public_site(engine: Engine, **environment: str) -> Iterator[httpx.Client]:
    """A visitor of the public site of this store. environment: further settings, HUDDLE_PUBLIC_URL="…"."""
    url = engine.url.render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HUDDLE_STORE": url, **environment}.items():
            patch.setenv(name, value)
        settings.cache_clear()
        limits.forget()
        app = Starlette(routes=ROUTES, middleware=MIDDLEWARE, exception_handlers=ON_ERROR)  # type: ignore[arg-type]
        config = uvicorn.Config(app, log_level="warning", lifespan="off", server_header=False)
        listening = listen(0)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            base = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx.Client(base_url=base, timeout=20, trust_env=False) as visitor:
                yield visitor
        finally:
            server.should_exit = True
            thread.join(10)
    settings.cache_clear()
