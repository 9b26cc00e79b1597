"""The owner's overview: what came in, what is late, what will fail. Each chart with its sentence and its patients."""

import streamlit as st

from core.permissions import Identity
from dashboard.ui import page
from dashboard.ui.overview.behind import draw_behind
from dashboard.ui.overview.filters import Chosen, filter_bar
from dashboard.ui.overview.panels import READY, aside, charts_follow, draw_panels
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.reads import freshness, overview_report
from dashboard.wording.text import plain


@page.body(60)
def overview() -> None:
    """The whole page, drawn again by itself; a refresh keeps the choices, the open drawer and every chart's place."""
    _overview(page.identity())


def _overview(who: Identity) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = filter_bar(who)
        st.space("stretch")
        may_see = sight_with_switch(who)
    _charts(chosen, who)
    draw_behind(who, may_see, chosen.place.key if chosen.place else None)


def _charts(chosen: Chosen, who: Identity) -> None:
    aside(" · ".join(one["words"] for one in freshness()))
    found = overview_report(who, chosen.place and chosen.place.key, chosen.period, chosen.custom)
    if found.progress.sentence:
        st.info(plain(found.progress.sentence, 200), icon=":material/hourglass_top:")
    if found.progress.first_day is not None:
        draw_panels(found, chosen, who)


overview()
if not st.session_state.get(READY):
    charts_follow()
