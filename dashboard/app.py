"""The one process: dashboard, sign-in, health and worker on one port. Started by `huddle serve`.

Streamlit runs this file as the script behind every page, and imports it for `app`.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # `streamlit run` puts only this file's folder on the path
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

if __name__ == "__main__":
    from dashboard.shell import main

    main()
else:
    from core.logs import catch_unforeseen, configure
    from dashboard.presses import keep_every_press
    from dashboard.web.connections import watch_connections
    from dashboard.web.lifespan import lifespan
    from dashboard.web.routes import MIDDLEWARE, ON_ERROR, ROUTES

    os.umask(0o077)  # what this process makes is for this user alone
    configure()
    catch_unforeseen()
    watch_connections()
    keep_every_press()
    app = st.App(
        Path(__file__).resolve(),
        routes=ROUTES,
        middleware=MIDDLEWARE,
        lifespan=lifespan,
        exception_handlers=ON_ERROR,
    )
