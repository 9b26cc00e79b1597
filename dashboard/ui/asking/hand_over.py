"""A link that was made, on its way to the patient: is it ready, what the message says, whom it reaches, what stops it."""

import streamlit as st

from core import clock
from core.links.channels import LastMessage, Way, ways_of
from core.links.commands import copy_link
from core.links.rules import LinkState
from core.links.sending import send_link
from core.messages.models import Channel, MessageState
from core.money import dollars, short_dollars
from core.permissions import Identity
from core.reports.links import LinkLine, link_story
from dashboard.ui import in_doubt, page, press
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking import link_life
from dashboard.ui.asking.actions import Asking
from dashboard.ui.note import note
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import clock_time, count, day_month, plain

NAMES = {Channel.TEXT: "Text", Channel.EMAIL: "E-mail"}
_ICONS = {Channel.TEXT: "sms", Channel.EMAIL: "mail"}
_JOINER = "\u2060"  # keeps markdown from making a mail link of an address
_WATCH_SECONDS, _LATER_SECONDS = 1, 5
_ADDRESSES = "copied addresses"  # session state: {link: address}, shown to be copied by hand


def hand_over(ask: Asking, link_id: int, who: Identity, may_see: MaySee, time_zone: str) -> None:
    """Everything about giving a link to the patient. time_zone: of the location, for the times shown."""
    with page.open_reader() as session:
        story = link_story(session, who, link_id, as_of=clock.now())
    if story is None:
        st.info("This link is not in the store any more.")
        return
    _watch(link_id, story.line, time_zone)
    if story.line.open:
        _ways(link_id, who, may_see, time_zone, waiting=story.line.waiting)
    link_life.buttons(story.line, ask.key("link"))
    link_life.story_view(story, who, time_zone, place=ask.key("story"))
    st.button("Done", key=ask.key("done"), on_click=asking.leave)


def _watch(link_id: int, line: LinkLine, time_zone: str) -> None:
    """The state, looked at every second until the processor has answered; then the whole is drawn again."""
    every = _WATCH_SECONDS if line.waiting or line.state == LinkState.UNKNOWN else _LATER_SECONDS
    before = (line.state, line.waiting, line.sent_at, line.opened_at, line.paid_cents, line.seen_at)

    @st.fragment(run_every=every, key=f"watch {link_id} {every}")
    def look() -> None:
        with page.open_reader() as session:
            story = link_story(session, page.identity(), link_id, as_of=clock.now())
        if story is None:
            return
        now = story.line
        _state(now, time_zone)
        link_life.steps_row(now, time_zone)
        if before != (now.state, now.waiting, now.sent_at, now.opened_at, now.paid_cents, now.seen_at):
            page.draw_again()

    look()


def name_of(line: LinkLine) -> str:
    """`Invoice H-000012 for $120`."""
    money = f"for {short_dollars(line.amount_cents)}" if line.amount_cents else ""
    return " ".join(word for word in (line.kind_words, line.number, money) if word)


def _state(line: LinkLine, time_zone: str) -> None:
    name = f"**{plain(name_of(line), 100)}**"
    if line.state == LinkState.REFUSED:
        st.error(f"{name}  \n{plain(line.reason or 'The processor did not make it.', 300)}", icon=":material/error:")  # fmt: skip
    elif line.state == LinkState.UNKNOWN:
        st.warning(f"{name}  \nWhether the processor made it is not known yet. Huddle looks it up by itself; nothing is made twice.", icon=":material/help:")  # fmt: skip
    elif line.waiting:
        st.info(f"{name}  \nBeing made at the processor…", icon=":material/hourglass_top:")
    elif line.state in (LinkState.PAID, LinkState.UPDATED):
        words = "Paid in full" if line.state == LinkState.PAID else "The card is updated"
        at = f", {link_life.when(line.ended_at, time_zone)}" if line.ended_at else ""
        st.success(f"{name}  \n{plain(f'{words}{at}.', 60)}", icon=":material/task_alt:")
    elif not line.open:
        st.info(f"{name}  \n{plain(line.state.capitalize(), 40)}. {plain(line.reason, 200)}", icon=":material/link_off:")  # fmt: skip
    else:
        st.success(f"{name}  \n{_ready(line, time_zone)}", icon=":material/link:")


def _ready(line: LinkLine, time_zone: str) -> str:
    words = ["Link ready."]
    if line.paid_cents:
        words = [
            f"{dollars(line.paid_cents)} is paid, {dollars(line.remaining_cents)} is still open.".replace(
                "$", "\\$"
            )
        ]
    if line.seen_at:
        words.append(f"Seen by Fortis at {clock_time(line.seen_at, time_zone)}.")
    if line.expires_at:
        words.append(f"It works until {day_month(clock.local_date(line.expires_at, time_zone))}.")
    return " ".join(words)


def _ways(link_id: int, who: Identity, may_see: MaySee, time_zone: str, *, waiting: bool) -> None:
    with page.acting(who) as (session, _):
        text, email = ways_of(session, who, link_id, as_of=clock.now())
    for place, way in zip(st.columns(2), (text, email), strict=True):
        with place.container(border=True):
            _way(link_id, way, may_see, time_zone, waiting=waiting)
    place = f"copy {link_id}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Copy link",
            key=place,
            icon=":material/content_copy:",
            disabled=waiting,
            on_click=_copy,
            args=(place, link_id),
        )
        if address := st.session_state.get(_ADDRESSES, {}).get(link_id):
            st.code(address, language=None, wrap_lines=True)
    press.say_error(place)


def _way(link_id: int, way: Way, may_see: MaySee, time_zone: str, *, waiting: bool) -> None:
    name = NAMES[way.channel]
    body = way.body.replace(way.person, way.person[:1] + ".") if may_see.initials and way.person else way.body
    st.markdown(f"**{name}** to {_to(way, may_see)}")
    if body:
        with st.container(height="content" if way.channel == Channel.TEXT else 240, border=False):
            st.text(f"{way.subject}\n\n{body}" if way.subject else body)
    words = [count(way.segments, "text segment")] if way.segments > 1 else []
    if way.goes_at and not way.stopped:
        words.append(f"Quiet hours: it goes out at {clock_time(way.goes_at, time_zone)}.")
    if words:
        note(plain(" · ".join(words), 200))
    place = f"send {way.channel} {link_id}"
    if way.last:
        note(plain(_became(way.last, way.channel, time_zone), 300))
        if way.last.state == MessageState.UNKNOWN:
            in_doubt.settle_buttons(way.last.message_id, place)
    if way.stopped:
        st.markdown(f":orange[{plain(way.stopped, 300)}]")
    again = way.last is not None and way.last.state != MessageState.FAILED
    queued = way.last is not None and way.last.state == MessageState.QUEUED
    st.button(
        f"{name} again" if again else f"Send {'text' if way.channel == Channel.TEXT else 'e-mail'}",
        key=place,
        type="secondary" if again else "primary",
        icon=f":material/{_ICONS[way.channel]}:",
        disabled=bool(way.stopped) or waiting or queued,
        on_click=_send,
        args=(place, link_id, way.channel),
    )
    press.say_error(place)


def _to(way: Way, may_see: MaySee) -> str:
    agreed = {True: "agreed", False: "said no", None: "never asked"}[way.agreed]
    if not way.to:
        return "nobody"  # why not stands below
    to = plain(f"…{way.to[-4:]}" if may_see.initials else way.to, 80)
    person = plain(f"{way.person[:1]}." if may_see.initials else way.person, 40)
    return f"{person}, {to} ({agreed})".replace("@", "@" + _JOINER)


def _became(last: LastMessage, channel: Channel, time_zone: str) -> str:
    name = NAMES[channel]
    at = clock_time(last.at, time_zone)
    if last.goes_at:
        return f"{name} waits for the end of the quiet hours: {clock_time(last.goes_at, time_zone)}."
    words = {
        MessageState.QUEUED: f"{name} is going out.",
        MessageState.SENT: f"{name} sent at {at}.",
        MessageState.DELIVERED: f"{name} delivered at {at}.",
        MessageState.OPENED: f"{name} opened; sent at {at}.",
        MessageState.FAILED: f"{name} did not arrive: {last.reason}",
        MessageState.SKIPPED: f"{name} was not sent: {last.reason}",
        MessageState.UNKNOWN: f"{name}: nobody knows whether it went out. {in_doubt.WHAT_NOW[channel]}",
    }
    return words[MessageState(last.state)]


def _send(place: str, link_id: int, channel: Channel) -> None:
    press.run(place, lambda session, who: send_link(session, who, link_id=link_id, channel=channel).id)


def _copy(place: str, link_id: int) -> None:
    if link_id in st.session_state.get(_ADDRESSES, {}):  # it stands beside the button already
        return
    address = press.run(place, lambda session, who: copy_link(session, who, link_id=link_id))
    if address:
        st.session_state[_ADDRESSES] = {link_id: address}
