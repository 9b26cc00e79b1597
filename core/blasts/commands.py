"""A blast that asks many people for a new card, or for what is open: who can be asked, and a link for each of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from core import clock
from core.blasts.audience import Audience, Blast, LeftOut, Wanted, check
from core.blasts.batches import make_batch, require_theirs, undo_batch
from core.blasts.conditions import Candidate
from core.errors import BadInput, HuddleError
from core.links.commands import void
from core.links.models import Link
from core.links.new_link import address, open_links, say_open_link
from core.links.pay_links import Missing, create_pay_link, missing_of
from core.links.payer import MAYBE_KNOWN, maybe_known
from core.links.rules import LIVE, LinkKind
from core.links.sending import card_link_for, require_link
from core.links.tokens import new_token
from core.messages.commands import Carried, Text, example_link, written
from core.messages.default_templates import Use
from core.messages.models import Batch, Message, MessageState
from core.messages.recipients import patients_by_id
from core.messages.templates import Words, letterhead
from core.money import dollars
from core.patients.models import Patient
from core.permissions import Identity, Permission, require
from core.settings import settings

UNTICKED = "Left out by hand."
USES = {LinkKind.CARD: Use.CARD_LINK, LinkKind.PAY: Use.PAY_LINK}


@dataclass(frozen=True, slots=True)
class Askable:
    """Who can be given a link, and what it is for. unable: patient id → why not. due: what a payment link asks for."""

    wanted: tuple[Wanted, ...]
    unable: Mapping[int, str]
    due: Mapping[int, Missing]


def askable(
    session: Session, who: Identity, candidates: Sequence[Candidate], *, kind: LinkKind, as_of: datetime
) -> Askable:
    """Who of these can be given a new-card link (CARD) or a payment link for what is open (PAY). Reads only.

    Raises BadInput when no processor is connected or patients cannot reach this Huddle.
    """
    _require_reachable()
    people = patients_by_id(session, (each.patient_id for each in candidates))
    unsure = maybe_known(session, list(people.values()))
    wanted: list[Wanted] = []
    unable: dict[int, str] = {}
    due: dict[int, Missing] = {}
    for each in candidates:
        if each.patient_id not in people or each.patient_id in unable:
            continue
        if kind == LinkKind.CARD:
            if each.patient_id in unsure:
                unable[each.patient_id] = MAYBE_KNOWN
            else:
                wanted.append(each.wanted)
            continue
        one, why_not = _due(session, who, each.patient_id, as_of)
        if one is None:
            unable[each.patient_id] = why_not
        else:
            due[each.patient_id] = one
            wanted.append(Wanted(each.patient_id, {**each.fields, "amount": dollars(one.cents)}))
    return Askable(tuple(wanted), unable, due)


def check_blast(
    session: Session,
    found: Askable,
    *,
    words: Words,
    otherwise: Words | None = None,
    now: datetime | None = None,
) -> Audience:
    """Who gets it and who not, each with the reason: no link possible, a field without a value, then the rules of
    messages. otherwise: the words of the other way, for whom the first does not reach. Reads only."""
    fit, unable = _fit(session, found, words, otherwise)
    audience = check(
        session,
        fit,
        channel=words.channel,
        purpose=words.purpose,
        otherwise=otherwise.channel if otherwise else "",
        now=now,
    )
    return Audience(audience.goes, (*unable, *audience.left_out))


def _fit(
    session: Session, found: Askable, words: Words, otherwise: Words | None
) -> tuple[tuple[Wanted, ...], tuple[LeftOut, ...]]:
    """Who can be written to with these words, whichever way it goes, and all who cannot be asked."""
    for each in (words, otherwise):
        if each is not None:
            require_link(each)
    fit, unable = _with_all_fields(session, found, words)
    if otherwise is None:
        return fit, unable
    fit, more = _with_all_fields(session, Askable(fit, {}, found.due), otherwise)
    return fit, (*unable, *more)


def text_for(session: Session, patient_id: int, fields: Mapping[str, str], words: Words) -> Text:
    """What one person of a blast will read, with an example address. Raises BadInput."""
    patient = session.get_one(Patient, patient_id)
    return written(patient, words, fields, _example(words), letterhead(session, patient.location_id))


def make_blast(
    session: Session,
    who: Identity,
    candidates: Sequence[Candidate],
    *,
    form: str,
    name: str,
    words: Words,
    kind: LinkKind,
    condition: str,
    chosen: Mapping[str, object] | None = None,
    at: datetime | None = None,
    typed_count: int | None = None,
    otherwise: Words | None = None,
    own: Mapping[int, Words] | None = None,
    without: Collection[int] = (),
) -> Batch:
    """Send it, each with a link of their own; the same form again finds the first blast. otherwise, own: as in Blast.
    without: patients whose tick was taken away; they are kept with the others left out. Raises as `make_batch`."""
    require(who.role, Permission.SEND_BLASTS)
    already = session.exec(select(Batch).where(Batch.practice_id == who.practice_id, Batch.token == form))
    if form and (batch := already.first()) is not None:
        return batch
    for each in (own or {}).values():
        require_link(each)
    found = askable(session, who, candidates, kind=kind, as_of=clock.now())
    found = Askable(
        tuple(each for each in found.wanted if each.patient_id not in without),
        {
            **found.unable,
            **{each.patient_id: UNTICKED for each in found.wanted if each.patient_id in without},
        },
        found.due,
    )
    fit, unable = _fit(session, found, words, otherwise)

    def make_link(session: Session, patient: Patient, channel: str) -> Carried:
        mark = f"{form} {patient.id}"
        if kind == LinkKind.CARD:
            return card_link_for(session, who, patient, form=mark, channel=channel)  # type: ignore[arg-type]  # kept as text
        one = found.due[patient.id or 0]
        link = create_pay_link(
            session, who, patient_id=patient.id or 0, due=(one.kind, one.ref), form=mark, second=True
        )
        # the processor makes it while the time to undo runs; until then its page says so
        return Carried(link.kind, link.id, address(new_token(session, link, channel=channel), link.kind))

    blast = Blast(
        name, words, fit, condition, chosen or {}, make_link, unable, otherwise=otherwise, own=own or {}
    )
    return make_batch(session, who, blast, form=form, at=at, typed_count=typed_count)


def undo_blast(session: Session, who: Identity, *, batch_id: int) -> int:
    """Take a blast back before anything went out, and its links with it: how many. Raises as `undo_batch`."""
    undo_batch(session, who, batch_id=batch_id)
    return void_unsent(session, who, batch_id=batch_id)


def void_unsent(session: Session, who: Identity, *, batch_id: int) -> int:
    """Links of a stopped blast whose message never went out: nobody has their address, so they are void."""
    if (batch := session.get(Batch, batch_id)) is not None:
        require_theirs(who, batch)
    session.flush()
    ids = session.exec(
        select(Message.link_id)
        .join(Link, col(Link.id) == Message.link_id)
        .where(
            Message.batch_id == batch_id,
            Message.state == MessageState.SKIPPED,
            col(Link.state).in_(list(LIVE)),
        )
    ).all()
    for link_id in ids:
        void(session, who, link_id=link_id or 0)
    return len(ids)


def _require_reachable() -> None:
    if not settings().public_url:
        raise BadInput("Patients cannot reach this Huddle yet. Set HUDDLE_PUBLIC_URL to its address.")


def _due(session: Session, who: Identity, patient_id: int, as_of: datetime) -> tuple[Missing | None, str]:
    """What this person is asked for, the largest plan that is behind first; else why they are not asked."""
    try:
        rows = missing_of(session, who, patient_id, as_of)
    except HuddleError as error:
        return None, error.sentence
    for link in open_links(session, patient_id, LinkKind.INVOICE, LinkKind.PAY, as_of=as_of)[:1]:
        return None, say_open_link(link, as_of)
    free = [row for row in rows if not row.hold and row.cents > 0]
    if free:
        return max(free, key=lambda row: (row.kind == "plan", row.cents)), ""
    held = next((row.hold for row in rows if row.hold), "")
    return None, held or "Nothing is open that could be asked for."


def _with_all_fields(
    session: Session, found: Askable, words: Words
) -> tuple[tuple[Wanted, ...], tuple[LeftOut, ...]]:
    """Who can be written to with these words, and all who cannot be asked with the reason."""
    people = patients_by_id(session, [*(each.patient_id for each in found.wanted), *found.unable])
    heads = _heads(session, people.values())
    example = _example(words)
    fit: list[Wanted] = []
    unable = dict(found.unable)
    for each in found.wanted:
        patient = people.get(each.patient_id)
        if patient is None:
            continue
        try:
            written(patient, words, each.fields, example, heads(patient))
        except BadInput as error:
            unable[each.patient_id] = error.sentence
        else:
            fit.append(each)
    left = (
        LeftOut(key, people[key].first_name, people[key].last_name, reason)
        for key, reason in unable.items()
        if key in people
    )
    return tuple(fit), tuple(left)


def _example(words: Words) -> Carried:
    return Carried("", None, example_link(words.use))


def _heads(session: Session, people: Iterable[Patient]) -> Callable[[Patient], Mapping[str, str]]:
    found = {place: letterhead(session, place) for place in {one.location_id for one in people}}
    return lambda patient: found[patient.location_id]
