"""Top right of every page: the practice, who is signed in, the sign-out button, and the idle watch behind it."""

from core.settings import settings
from core.staff.reports import Identity
from dashboard.ui.component import own
from dashboard.ui.text import shown


def who_bar(identity: Identity, practice: str) -> None:
    """Draw it. The browser is told the idle limit once; how much is left it asks the server (GET /session)."""
    own("who")(
        key="who",
        height=0,
        data={
            "practice": shown(practice, 40),
            "person": shown(identity.display_name, 40),
            "role": identity.role,
            "idle_seconds": settings().idle_minutes * 60,
        },
    )
