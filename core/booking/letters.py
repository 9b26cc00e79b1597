"""What a person who books is written: by e-mail always, by text when they ticked it. First name, practice, time, amount
and their own link; never what the visit is for (DOMAIN §12)."""

from datetime import datetime, timedelta

from icalendar import Calendar, Event
from sqlmodel import Session

from core import clock
from core.booking.addresses import visit_url
from core.booking.holding import note
from core.booking.models import Booking
from core.errors import BadInput
from core.messages.commands import Letter, Text, queue, sending_connection
from core.messages.default_templates import Use
from core.messages.models import Channel, Purpose
from core.messages.sms_segments import measure
from core.messages.templates import Words, letterhead
from core.practice.models import Location

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def when(at: datetime, zone: str) -> str:
    """Thu, Dec 3, 10:00 AM, on the practice's wall."""
    local = at.astimezone(clock.zone(zone))
    return f"{_DAYS[local.weekday()]}, {_MONTHS[local.month - 1]} {local.day}, {hour(at, zone)}"


def hour(at: datetime, zone: str) -> str:
    """10:00 AM, on the practice's wall."""
    local = at.astimezone(clock.zone(zone))
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'AM' if local.hour < 12 else 'PM'}"


def write(session: Session, booking: Booking, subject: str, sentence: str, *, link: bool = True) -> None:
    """Send one sentence to the person of a booking. Where no way out is connected, the desk is told so."""
    head = letterhead(session, booking.location_id)
    url = visit_url(booking) if link else ""
    ways = [(Channel.EMAIL, booking.email)]
    if booking.text_consent:
        ways.append((Channel.TEXT, booking.mobile_phone))
    for channel, to in ways:
        if not to:
            continue
        text = _text(channel, booking.first_name, sentence, subject, url, head["practice"], head["phone"])
        words = Words(0, 0, 0, "Online booking", Use.OTHER, channel, Purpose.CARE, text.subject, text.body)
        try:
            connection = sending_connection(session, channel)
        except BadInput as error:
            note(session, booking, f"Not told by {channel}: {error.sentence}")
            continue
        queue(session, None, Letter(words, text, to, connection))


def _text(
    channel: str, first_name: str, sentence: str, subject: str, url: str, practice: str, phone: str
) -> Text:
    if channel == Channel.TEXT:
        body = f"Hi {first_name}, {sentence}{f' {url}' if url else ''} Reply STOP to opt out."
        return Text("", body, measure(body).segments)
    see = f"\n\nSee it, change it or cancel it here:\n{url}" if url else ""
    by = f"{practice}{f' · {phone}' if phone else ''}"
    return Text(
        f"{subject} – {practice}"[:150],
        f"Hello {first_name},\n\n{sentence[0].upper()}{sentence[1:]}{see}\n\n{by}",
    )


def calendar_file(session: Session, booking: Booking) -> bytes:
    """The visit as an iCalendar file. It names the practice and the place, and nothing of what the visit is for."""
    head = letterhead(session, booking.location_id)
    place = session.get_one(Location, booking.location_id)
    event = Event()
    event.add("uid", f"{booking.key}@huddle")
    event.add("summary", f"Appointment at {head['practice']}")
    event.add("dtstamp", booking.booked_at or booking.created_at)
    event.add("dtstart", booking.starts_at)
    event.add("duration", timedelta(minutes=booking.minutes))
    event.add("sequence", booking.ehr_version)
    if place.address:
        event.add("location", " ".join(place.address.split()))
    found = Calendar()
    found.add("prodid", "-//Huddle//Online booking//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add_component(event)
    return found.to_ical()
