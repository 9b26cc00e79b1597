"""GET /book and GET/POST /book/{appointment type}: what can be booked, with whom, and when. A press holds the time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import clock
from core.booking.addresses import token_of
from core.booking.costs import Charge, cost, terms
from core.booking.holding import TimeTaken, TooManyHolds, take_time
from core.booking.letters import hour
from core.booking.offers import (
    Bookable,
    NotOffered,
    OfferedType,
    Time,
    free,
    offered_type,
    offered_types,
    types_as_set_up,
)
from core.links.patient_page import Sender, sender_of
from core.money import short_dollars
from core.store.engine import reader, transaction
from dashboard.web import sessions
from dashboard.web.booking.parts import (
    CHANGES,
    HOLDS,
    LOOKS,
    Spoilt,
    asked_from,
    booking_page,
    form_of,
    is_stamped,
    key_of,
    previews,
    sender_at,
    slowed,
    spoilt_page,
    stamp,
)
from dashboard.web.visitors import HEADERS

DAYS_AT_ONCE, LOOK_AHEAD = 5, 14
CLOSED = "This appointment cannot be booked online at the moment. Please call us."
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Book(HTTPEndpoint):
    """Everything that can be booked."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(_types, request)


class BookType(HTTPEndpoint):
    """The free times of one type; a press on one holds it for ten minutes."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(times_page, request)

    async def post(self, request: Request) -> Response:
        if (too_often := await slowed(request, "changes", CHANGES)) is not None:
            return too_often
        try:
            form = await form_of(request)
        except Spoilt:
            return await spoilt_page()
        slug = request.path_params["slug"]
        if form.get("website") or not is_stamped(f"times {slug}", form.get("stamp", "")):
            return await run_in_threadpool(
                times_page, request, said="Please choose the time once more.", status=400
            )
        if (too_often := await slowed(request, "holds", HOLDS)) is not None:
            return too_often
        at = form.get("at", "")
        return await run_in_threadpool(_take, request, slug, at, key_of(form["stamp"], at))


def _types(request: Request) -> Response:
    preview = previews(request)
    with reader(sessions.engine()) as session:
        sender = sender_of(session)
        found = types_as_set_up(session) if preview else offered_types(session)
    rows = [
        {"slug": each.slug, "name": each.name, "text": each.text, "who": each.who, "price": price_words(each)}
        for each in found
    ]
    return booking_page("types.html", sender, types=rows, preview=preview)


def price_words(kind: OfferedType) -> str:
    """What it costs, on the list of types."""
    asked = cost(Charge(kind.charge), kind.price_cents, kind.deposit_cents)
    match asked.charge:
        case Charge.FULL:
            return f"{short_dollars(asked.cents)}, paid when you book"
        case Charge.DEPOSIT:
            return f"{short_dollars(asked.cents)} deposit"
        case Charge.HOLD:
            return f"{short_dollars(asked.cents)}, held on your card until you arrive"
        case Charge.CARD:
            return "We keep your card on file; nothing is paid now"
    return "Nothing is paid now"


@dataclass(frozen=True, slots=True)
class Choice:
    """With whom: a provider, or anybody of a location. key: as the address carries it."""

    key: str
    label: str
    by: tuple[Bookable, ...]


def choices(kind: OfferedType) -> list[Choice]:
    """Anybody first, of each location with several providers; then each provider."""
    places = sorted({(each.location, each.location_id) for each in kind.providers})
    several = len(places) > 1
    found = []
    for name, location_id in places:
        here = tuple(each for each in kind.providers if each.location_id == location_id)
        where = f" · {name}" if several else ""
        if len(here) > 1:
            found.append(Choice(f"l{location_id}", f"Any provider{where}", here))
        found += [
            Choice(f"p{one.provider_id}-{location_id}", f"{one.provider}{where}", (one,)) for one in here
        ]
    return found


@dataclass(frozen=True, slots=True)
class Day:
    """One local day with times. times: the button's value and what it says."""

    title: str
    times: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Times:
    """What the page of times shows. earlier, later: where the arrows lead, "" = nowhere."""

    chosen: Choice
    days: tuple[Day, ...]
    earlier: str
    later: str
    zone: str
    zone_words: str


def times_of(
    session: Session, kind: OfferedType, chosen: Choice, wanted: str, *, without: int | None = None
) -> Times:
    """Up to five days that have free times, from a local day on."""
    zone, now = chosen.by[0].time_zone, clock.now()
    today = clock.today(zone, now)
    last = today + timedelta(days=kind.offer.days_ahead)
    first = min(max(_day_in(wanted) or today, today), last)
    found: list[tuple[date, list[Time]]] = []
    day = first
    while day <= last and len(found) < DAYS_AT_ONCE:
        days = min(LOOK_AHEAD, (last - day).days + 1)
        times = free(session, kind, day, days, by=chosen.by, now=now, without=without)
        by_day = groupby(times, key=lambda one: clock.local_date(one.starts_at, zone))
        found += [(local, list(these)) for local, these in by_day]
        day += timedelta(days=days)
    found = found[:DAYS_AT_ONCE]
    later = (found[-1][0] + timedelta(days=1)) if len(found) == DAYS_AT_ONCE else None
    return Times(
        chosen=chosen,
        days=tuple(Day(_title(local, today), _buttons(chosen, these, zone)) for local, these in found),
        earlier=max(first - timedelta(days=7), today).isoformat() if first > today else "",
        later=later.isoformat() if later and later <= last else "",
        zone=zone,
        zone_words=zone.rsplit("/", 1)[-1].replace("_", " "),
    )


def _buttons(chosen: Choice, times: list[Time], zone: str) -> tuple[tuple[str, str], ...]:
    """Each wall time once; on the day the clocks go back the same words may stand twice, an hour apart."""
    starts = sorted({one.starts_at for one in times})
    return tuple((f"{at.isoformat()} {chosen.key}", hour(at, zone)) for at in starts)


def _title(day: date, today: date) -> str:
    words = f"{_DAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"
    if day == today:
        return f"Today, {words}"
    return f"Tomorrow, {words}" if day == today + timedelta(days=1) else words


def _day_in(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def times_page(request: Request, *, said: str = "", status: int = 200) -> Response:
    """The times, with a sentence above them where something went wrong."""
    slug, preview = request.path_params["slug"], previews(request)
    with reader(sessions.engine()) as session:
        sender = sender_of(session)
        try:
            kind = _as_set_up(session, slug) if preview else offered_type(session, slug)
        except NotOffered:
            return closed_page(sender)
        every = choices(kind)
        if not every:
            return closed_page(sender)
        by = request.query_params.get("by", "")
        chosen = next((each for each in every if each.key == by), every[0])
        found = times_of(session, kind, chosen, request.query_params.get("from", ""))
    return booking_page(
        "times.html",
        sender,
        status=status,
        kind=kind,
        terms=terms_for(kind),
        choices=every,
        found=found,
        said=said,
        action=f"/book/{slug}",
        here=f"/book/{slug}",
        stamp=stamp(f"times {slug}"),
        moving="",
        preview=preview,
    )


def _as_set_up(session: Session, slug: str) -> OfferedType:
    found = next((each for each in types_as_set_up(session) if each.slug == slug), None)
    if found is None:
        raise NotOffered(CLOSED)
    return found


def terms_for(kind: OfferedType) -> str:
    """What booking this costs anybody, before it is known who books."""
    asked = cost(Charge(kind.charge), kind.price_cents, kind.deposit_cents)
    return terms(
        asked.charge,
        asked.cents,
        cutoff_hours=kind.cutoff_hours,
        percent=kind.refund_percent,
        percent_late=kind.refund_percent_late,
    )


def closed_page(sender: Sender, sentence: str = CLOSED) -> Response:
    """404 and the phone: nothing is on offer here."""
    return booking_page("closed.html", sender, status=404, sentence=sentence)


def chosen_time(value: str) -> tuple[datetime, int | None, int | None] | None:
    """When, with whom and where, out of a pressed button; None for what is none of ours."""
    at, _, key = value.partition(" ")
    try:
        starts_at = datetime.fromisoformat(at)
        if key.startswith("l"):
            return (starts_at, None, int(key[1:9])) if starts_at.tzinfo else None
        provider, _, location = key.removeprefix("p").partition("-")
        return (starts_at, int(provider[:9]), int(location[:9])) if starts_at.tzinfo else None
    except ValueError:
        return None


def _take(request: Request, slug: str, value: str, key: str) -> Response:
    wanted = chosen_time(value)
    if wanted is None:
        return times_page(request, said="Please choose a time.", status=422)
    starts_at, provider_id, location_id = wanted
    try:
        with transaction(sessions.engine()) as session:
            booking = take_time(
                session,
                slug=slug,
                starts_at=starts_at.astimezone(clock.EPOCH.tzinfo),
                provider_id=provider_id,
                location_id=location_id,
                asked_from=asked_from(request),
                key=key,
            )
            token = token_of(booking)
    except NotOffered:
        return closed_page(sender_at())
    except (TimeTaken, TooManyHolds) as error:
        return times_page(request, said=error.sentence, status=409)
    return RedirectResponse(f"/book/visit/{token}", status_code=303, headers=HEADERS)
