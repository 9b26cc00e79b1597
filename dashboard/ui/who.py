"""Top right of every page: the practice, who is signed in, the sign-out button, and the idle watch behind it."""

import streamlit as st

from core.permissions import Identity
from core.settings import settings
from dashboard.ui.components.component import own
from dashboard.wording.text import shown

# Streamlit's own "running" sign sits where our bar is: let it hang just below
_RUNNING_BELOW = (
    "<style>[data-testid=stStatusWidget] { position: fixed !important; top: 3.9rem; right: 1rem }</style>"
)
# Streamlit's menu offers to record the screen, which shows patients, and names its maker
_OWN_MENU = (
    "<style>[data-testid=stMainMenuItem-recordScreencast], [data-testid=stMainMenuPopover] "
    "div:has(> div > .stMenuVersionCopyButton), [data-testid=stMainMenuPopover] div:has(> .stMenuVersionCopyButton) "
    "{ display: none !important } [data-testid=stTopNavSection][data-here] { background: var(--st-secondary-background-color, "
    "rgb(128 128 128 / 18%)); font-weight: 650; border-radius: 8px }</style>"
)
# Streamlit writes white on every primary button; the teal of the dark theme is too light for that
_INK_ON_TEAL = (
    "<style>[data-testid^=stBaseButton-primary]:not(:disabled) { color: #0b2726 !important }</style>"
)


def who_bar(identity: Identity, practice: str) -> None:
    """Draw it. The browser is told the idle limit once; how much is left it asks the server (GET /session)."""
    st.html(_RUNNING_BELOW + _OWN_MENU)
    if st.context.theme.type == "dark":
        st.html(_INK_ON_TEAL)
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
