"""Connecting a system: what to do there on the left, the fields on the right; tried out with a real call, then saved."""

import uuid
from typing import NamedTuple

import streamlit as st

from core import clock
from core.connections.commands import OPTIONAL_SECRETS, SECRETS, SETTINGS
from core.connections.fields import label_of
from core.connections.models import SENDING_ONLY, Kind
from core.connections.postbacks import have_it_report
from core.connections.tiles import known_fields, tiles
from core.connections.try_out import NotAccepted, Typed, freed_words, keep, take, try_out
from core.errors import HuddleError
from core.jobs.background import sync_now
from core.permissions import Identity, Permission, require
from core.staff.reports import staff_list
from dashboard.ui import page, press
from dashboard.ui.components.steps import draw_steps
from dashboard.ui.integrations.guides import GUIDES, Field, Guide
from dashboard.ui.integrations.places import SAID, back, go
from dashboard.ui.note import note
from dashboard.wording.text import plain

FORM = (
    "connection form"  # session state: a mark that changes when a form is done with, and its fields with it
)


class Known(NamedTuple):
    """What is set already. masked: the secrets' last four characters; a secret is never sent to the screen."""

    name: str
    settings: dict[str, str]
    masked: dict[str, str]


def connection_form(kind: Kind, who: Identity, connection_id: int | None = None) -> None:
    """The whole part of the page: steps, fields, try, save. Raises NotAllowed, NotFound."""
    require(who.role, Permission.MANAGE_CONNECTIONS)
    guide, known = GUIDES[kind], _known(kind, connection_id)
    back()
    st.subheader(f"Change {plain(known.name)}" if connection_id else f"Connect {guide.name}")
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.markdown(f"**{guide.heading}**")
        draw_steps(guide.steps, label=guide.heading, key=f"steps {kind}")
        outcome = st.container()  # beside the fields, so that they stay where they are
    with right, st.container(border=True):
        tried = _form(kind, guide, known, who, connection_id)
    if tried is not None:
        with outcome:
            _try(*tried, guide, who, connection_id)


def _known(kind: Kind, connection_id: int | None) -> Known:
    with page.open_reader() as session:
        there = {one.id: one.name for one in tiles(session, now=clock.now())}
        if connection_id is not None:
            return Known(there.get(connection_id, ""), *known_fields(session, connection_id))
    name, number = GUIDES[kind].name, 2
    while name in there.values():
        name, number = f"{GUIDES[kind].name} {number}", number + 1
    return Known(name, {}, {})


def _form(
    kind: Kind, guide: Guide, known: Known, who: Identity, connection_id: int | None
) -> tuple[Typed, str] | None:
    """The fields. What was typed and the connection's name once the button is pressed."""
    mark = st.session_state.setdefault(FORM, uuid.uuid4().hex)
    named = {field.name for field in guide.fields}
    rest = [Field(name) for name in [*SETTINGS[kind], *SECRETS[kind]] if name not in named]
    rest = [field for field in guide.fields if field.more] + rest
    with st.form(f"{FORM} {kind}", border=False):
        name = known.name
        if connection_id is None:
            name = st.text_input(
                "Name of this connection", value=known.name, max_chars=60, key=f"{mark} name"
            )
        typed = {field.name: _field(kind, field, known, mark) for field in guide.fields if not field.more}
        if rest:
            with st.expander("More settings", icon=":material/tune:"):
                typed |= {field.name: _field(kind, field, known, mark) for field in rest}
        pressed = st.form_submit_button("Test and save", type="primary", icon=":material/network_check:")
    note("Keys are encrypted where they are kept, and never shown again but for their last four characters.")
    if not pressed:
        return None
    with page.open_reader() as session:
        return take(session, who, kind, typed, connection_id=connection_id), name


def _field(kind: Kind, field: Field, known: Known, mark: str) -> str:
    """One field. A secret is empty at first; left empty while changing, the one that is there stays."""
    secret = field.name in SECRETS[kind]
    default = SETTINGS[kind].get(field.name)
    optional = (kind, field.name) in OPTIONAL_SECRETS if secret else default is not None
    label = (
        f"{label_of(field.name, kind)}{' (optional)' if optional and not (default or field.needed) else ''}"
    )
    key = f"{mark} {field.name}"
    if choices := _logins() if field.name == "acts_as" else field.choices:
        options = list(choices)
        chosen = known.settings.get(field.name) or default or options[0]
        place = options.index(chosen) if chosen in options else 0
        return st.selectbox(
            label, options, index=place, format_func=choices.__getitem__, help=field.hint, key=key
        )
    masked = known.masked.get(field.name, "")
    return st.text_input(
        label,
        value="" if secret else known.settings.get(field.name, default or ""),
        type="password" if secret else "default",
        autocomplete="new-password" if secret else "off",
        placeholder=f"{masked} is kept when this stays empty" if masked else field.placeholder,
        help=field.hint or None,
        max_chars=500,
        key=key,
    )


def _logins() -> dict[str, str]:
    """Who Huddle can act as: user name → words."""
    with page.open_reader() as session:
        people = [one for one in staff_list(session) if one.enabled]
    return {"": "Nobody yet", **{one.username: plain(f"{one.display_name} ({one.role})") for one in people}}


def _try(typed: Typed, name: str, guide: Guide, who: Identity, connection_id: int | None) -> None:
    """The real call, and when it succeeds the save: one after the other, so that nothing wrong is ever kept."""
    freed = freed_words(typed.freed, typed.kind)
    try:
        with st.spinner(f"Asking {guide.name}…"):
            found = try_out(typed)
        with page.acting(who, proved=True) as (session, _):
            saved = keep(session, who, typed, name=name, connection_id=connection_id)
        said = [found, *([freed] if freed else []), *(one.sentence for one in typed.odd), guide.after_that]
        _begin(typed.kind, saved, said)
    except NotAccepted as error:
        _not_accepted(error, typed, freed)
    except HuddleError as error:
        press.say(error.sentence)


def _begin(kind: str, connection_id: int, said: list[str]) -> None:
    """Connected: the keys leave this screen, the first sync begins, and the connection is shown. Does not return."""
    if kind == Kind.FORTIS:
        said.append(have_it_report(page.engine(), connection_id))
    if kind not in SENDING_ONLY:
        sync_now(page.engine(), connection_id)
    mark = st.session_state.pop(FORM, "")
    for key in [key for key in st.session_state if mark and str(key).startswith(mark)]:
        del st.session_state[key]
    go(connection=connection_id)
    st.session_state[SAID] = said
    st.rerun()


def _not_accepted(error: NotAccepted, typed: Typed, freed: str) -> None:
    st.error(f"{plain(error.sentence, 600)} Nothing was saved.", icon=":material/key_off:")
    for one in typed.odd:
        if one.name not in error.fields:
            st.warning(plain(one.sentence, 300), icon=":material/help:")
    if freed:
        st.info(plain(freed, 300), icon=":material/cleaning_services:")


def said_before() -> None:
    """What was just done, until one goes elsewhere."""
    said = st.session_state.get(SAID, [])
    if said:
        st.success("\n\n".join(plain(words, 400) for words in said), icon=":material/task_alt:")
