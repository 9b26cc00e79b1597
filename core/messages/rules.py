"""Who may be written to and when (DOMAIN §12). Pure: facts in, a reason out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from core import clock
from core.messages.models import Channel, Purpose

COUNT_ABOVE = 50  # a blast to more people needs its number typed
UNDO = timedelta(seconds=30)
CAP_WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of one person on one channel. address: usable, or None with why_not.

    consent: None = never asked. stopped: the phone or mailbox itself asked for nothing more.
    recent: messages to this address in the last week.
    """

    patient_id: int
    address: str | None
    why_not: str
    consent: bool | None
    stopped: bool
    recent: int


def why_left_out(
    reach: Reach, channel: str, purpose: str, *, taken: Collection[str] = (), cap: int | None = None
) -> str:
    """Why a person is not written to, in a sentence; "" when they are.

    taken: addresses that others of the same blast already get. cap: most messages a week (None: not counted).
    """
    if reach.address is None:
        return reach.why_not
    by = "texts" if channel == Channel.TEXT else "e-mails"
    if reach.stopped:
        return f"Opted out of {by}."
    if reach.consent is False:
        return f"Said no to {by} about {purpose}." if purpose != Purpose.CARE else f"Said no to {by}."
    if reach.consent is None:
        return f"Has not agreed to {by} about {purpose}."
    if reach.address in taken:
        what = "phone" if channel == Channel.TEXT else "mailbox"
        return f"Someone else with the same {what} already gets this."
    if cap is not None and reach.recent >= cap:
        return f"Already got {reach.recent} messages in the last 7 days."
    return ""


def next_allowed(now: datetime, time_zone: str, *, quiet_from: int, quiet_until: int) -> datetime:
    """`now`, or the end of the quiet hours it falls into on the patient's wall. UTC in and out.

    quiet_from, quiet_until: hours 0–24, such as 21 and 8; equal hours mean none.
    """
    if quiet_from == quiet_until:
        return now
    local = now.astimezone(clock.zone(time_zone))
    hour = local.hour
    overnight = quiet_from > quiet_until
    quiet = hour >= quiet_from or hour < quiet_until if overnight else quiet_from <= hour < quiet_until
    if not quiet:
        return now
    day = local.date() + timedelta(days=1 if overnight and hour >= quiet_from else 0)
    if quiet_until == 24:
        day, quiet_until = day + timedelta(days=1), 0
    # the wall is read again in UTC, so that a night with a changed clock still ends at eight
    return clock.local_instant(datetime.combine(day, time(quiet_until)), time_zone)
