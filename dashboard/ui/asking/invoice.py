"""The quick invoice: what is open to tick, amounts, due day and note, the real PDF, one button that makes it."""

from datetime import timedelta

import streamlit as st

from core import clock
from core.errors import BadInput
from core.invoices.commands import create_invoice
from core.invoices.paper import preview_paper
from core.invoices.reports import Proposal, propose_lines
from core.invoices.rules import (
    DUE_DAYS,
    Charge,
    Choice,
    DraftLine,
    ServiceChoice,
    left_after,
    lines_of,
    total_cents,
)
from core.money import dollars, parse_dollars, short_dollars
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.asking import actions as asking
from dashboard.ui.asking.actions import Asking
from dashboard.ui.asking.paper import paper_view
from dashboard.ui.note import note
from dashboard.wording.text import day_month, plain

PLACE = "make invoice"
_SHOWN = 8  # open charges at once; older practices have patients with dozens
_GRID = (6, 2.2, 2.6)


def compose(ask: Asking, who: Identity, *, beside: bool = False) -> None:
    """The form. beside: the PDF stands to its right all the time, on the page of invoices."""
    with page.open_reader() as session:
        proposal = propose_lines(session, who, ask.patient, clock.now())
    if not beside:
        _form(ask, proposal)
        if ask.preview:
            _paper(ask, who, proposal)
        return
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _form(ask, proposal, previewed=True)
    with right:
        _paper(ask, who, proposal)


def _form(ask: Asking, proposal: Proposal, *, previewed: bool = False) -> None:
    _already_open(ask, proposal)
    _charges(ask, proposal)
    _visit(ask, proposal)
    _by_link(ask, proposal)
    _services(ask, proposal)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input(
            "Due",
            value=proposal.today + timedelta(days=DUE_DAYS),
            min_value=proposal.today,
            key=ask.key("due"),
            format="MM/DD/YYYY",
            width=150,
        )
        st.text_input("Note to the patient", key=ask.key("note"), max_chars=220, placeholder="Optional", width="stretch")  # fmt: skip
    st.toggle(
        "Advance: ask for more than is open",
        key=ask.key("advance"),
        help="Without it an amount above what is open is refused.",
    )
    wrong = _sum(ask, proposal)
    with st.container(horizontal=True):
        if not previewed:
            st.button(
                "Hide preview" if ask.preview else "Preview",
                key=ask.key("preview"),
                icon=":material/visibility:",
                on_click=_preview,
                args=(ask, not ask.preview),
            )
        st.button(
            "Generate invoice",
            key=ask.key("make"),
            type="primary",
            icon=":material/receipt_long:",
            on_click=_make,
            args=(ask, proposal),
        )
        st.button("Cancel", key=ask.key("cancel"), type="tertiary", on_click=asking.leave)
    if ask.refused_as_it_stands and not wrong:
        press.say_error(PLACE)


def _already_open(ask: Asking, proposal: Proposal) -> None:
    """Who has an open link is told before a second one is made."""
    if not proposal.open_links:
        return
    said = "  \n".join(plain(one.sentence, 200) for one in proposal.open_links)
    st.warning(said, icon=":material/link:")
    st.checkbox("Make a second one on purpose", key=ask.key("second"))


def _charges(ask: Asking, proposal: Proposal) -> None:
    if proposal.said:
        st.info(plain(proposal.said, 300), icon=":material/info:")
    shown, more = proposal.charges[:_SHOWN], proposal.charges[_SHOWN:]
    for charge in shown:
        _charge(ask, charge, proposal)
    if more:
        with st.expander(f"{len(more)} more open charges"):
            for charge in more:
                _charge(ask, charge, proposal)


def _charge(ask: Asking, charge: Charge, proposal: Proposal) -> None:
    tick, amount, left = st.columns(_GRID, vertical_alignment="center")
    name = f"{plain(charge.name, 60)}, {day_month(charge.posted_on, proposal.today)}"
    tick.checkbox(name, value=True, key=ask.key(f"tick {charge.entry_id}"))
    amount.text_input(
        f"Amount of {charge.name}, {day_month(charge.posted_on)}",
        key=ask.key(f"amount {charge.entry_id}"),
        placeholder=dollars(charge.open_cents),
        label_visibility="collapsed",
        live="300ms",
        max_chars=14,
    )
    with left:
        note(_left(ask, charge))


def _visit(ask: Asking, proposal: Proposal) -> None:
    """What today's visit adds, ticked like everything that is to be collected now."""
    visit = proposal.visit
    if visit is None:
        return
    tick, amount, left = st.columns(_GRID, vertical_alignment="center")
    beyond = f" ({visit.beyond})" if visit.beyond else ""
    tick.checkbox(plain(f"Today's visit: {visit.name}{beyond}", 80), value=True, key=ask.key("tick visit"))
    amount.text_input(
        "Amount of today's visit",
        key=ask.key("amount visit"),
        placeholder=dollars(visit.cents),
        label_visibility="collapsed",
        live="300ms",
        max_chars=14,
    )
    with left:
        note(f"{short_dollars(visit.cents)} for today".replace("$", "\\$"))


def _by_link(ask: Asking, proposal: Proposal) -> None:
    """The parts of what is to be collected that an invoice does not ask for, each with the link that does, and why."""
    if not proposal.by_link:
        return
    note("Money of a plan or membership goes by a payment link, so that it pays just that:")
    for one in proposal.by_link:
        st.button(
            plain(f"{one.words}: payment link for {short_dollars(one.cents)}", 100),
            key=ask.key(f"link {one.due}"),
            type="tertiary",
            icon=":material/link:",
            on_click=asking.ask,
            args=(ask.patient, "pay"),
            kwargs={"due": one.due},
        )


def _left(ask: Asking, charge: Charge) -> str:
    whole = f"{short_dollars(charge.open_cents)} open".replace("$", "\\$")
    if not ask.typed(f"tick {charge.entry_id}", True):
        return f"{whole}, not now"
    try:
        cents = _cents(ask.typed(f"amount {charge.entry_id}", ""))
    except BadInput:
        return whole
    if cents is None or cents == charge.open_cents:
        return f"{whole}, all of it"
    over = cents - charge.open_cents
    words = f"{short_dollars(over)} in advance" if over > 0 else f"{short_dollars(-over)} stays open"
    return words.replace("$", "\\$")


def _services(ask: Asking, proposal: Proposal) -> None:
    by_id = {service.service_id: service for service in proposal.services}
    for place, service_id in enumerate(ask.services):
        if service_id in by_id:
            _service(ask, place, by_id[service_id])
    if proposal.services:
        st.selectbox(
            "Add from the service list",
            [service.service_id for service in proposal.services if service.service_id not in ask.services],
            index=None,
            key=ask.key(f"add {len(ask.services)}"),
            format_func=lambda key: _service_words(by_id[key]),
            placeholder="Pick a service",
            on_change=_add,
            args=(ask,),
        )


def _service_words(service: ServiceChoice) -> str:
    price = "no price" if service.price_cents is None else short_dollars(service.price_cents)
    return " · ".join(word for word in (service.name, service.code, price) if word)


def _service(ask: Asking, place: int, service: ServiceChoice) -> None:
    name, amount, drop = st.columns(_GRID, vertical_alignment="center")
    name.markdown(plain(service.name, 60))
    amount.text_input(
        f"Amount of {service.name}",
        key=ask.key(f"service {service.service_id}"),
        placeholder="Amount" if service.price_cents is None else dollars(service.price_cents),
        label_visibility="collapsed",
        live="300ms",
        max_chars=14,
    )
    drop.button(
        "Take off",
        key=ask.key(f"drop {place} {service.service_id}"),
        type="tertiary",
        icon=":material/close:",
        on_click=_take_off,
        args=(ask, service.service_id),
    )


def _add(ask: Asking) -> None:
    picked = ask.typed(f"add {len(ask.services)}")
    if picked is not None and picked not in ask.services:
        ask.services.append(picked)


def _take_off(ask: Asking, service_id: int) -> None:
    if service_id in ask.services:
        ask.services.remove(service_id)


def _cents(text: str) -> int | None:
    return parse_dollars(text) if text and text.strip() else None


def _choices(ask: Asking, proposal: Proposal) -> list[Choice]:
    """What is ticked and picked, with its amounts. Raises BadInput for an amount that is none."""
    advance = bool(ask.typed("advance", False))
    ticked = [
        Choice(entry_id=one.entry_id, cents=_cents(ask.typed(f"amount {one.entry_id}", "")), advance=advance)
        for one in proposal.charges
        if ask.typed(f"tick {one.entry_id}", True)
    ]
    if proposal.visit is not None and ask.typed("tick visit", True):
        cents = _cents(ask.typed("amount visit", ""))
        ticked.append(Choice(visit_id=proposal.visit.appointment_id, cents=cents, advance=advance))
    return ticked + [
        Choice(service_id=key, cents=_cents(ask.typed(f"service {key}", "")), advance=advance)
        for key in ask.services
    ]


def _lines(ask: Asking, proposal: Proposal) -> list[DraftLine]:
    return lines_of(
        _choices(ask, proposal),
        proposal.charges,
        proposal.services,
        insurer_entries=proposal.insurer_entries,
        visit=proposal.visit,
        today=proposal.today,
    )


def _sum(ask: Asking, proposal: Proposal) -> bool:
    """What it comes to; True where the lines cannot be invoiced, and why is said instead."""
    try:
        lines = _lines(ask, proposal)
    except BadInput as error:
        say = st.error if ask.refused_as_it_stands else st.warning
        say(plain(error.sentence, 300), icon=":material/edit:")
        return True
    left = left_after(proposal.charges, lines)
    if proposal.visit is not None:
        asked = sum(line.cents for line in lines if line.entry_id is None and line.service_id is None)
        left += max(0, proposal.visit.cents - asked)
    after = f"{dollars(left)} stays open after it" if left else "nothing stays open after it"
    st.markdown(f"**To pay {dollars(total_cents(lines))}**, {after}.".replace("$", "\\$"))
    return False


def _paper(ask: Asking, who: Identity, proposal: Proposal) -> None:
    try:
        _lines(ask, proposal)
    except BadInput:
        note("The invoice is drawn here as soon as the lines on the left are right.")
        return
    try:
        with page.open_reader() as session:
            paper = preview_paper(
                session,
                who,
                patient_id=ask.patient,
                choices=_choices(ask, proposal),
                due_on=ask.typed("due"),
                note=ask.typed("note", "") or "",
            )
    except BadInput as error:
        st.info(plain(error.sentence, 300), icon=":material/visibility_off:")
        return
    paper_view(paper, key=ask.key("download"))


def _preview(ask: Asking, shown: bool) -> None:
    ask.preview = shown


def _make(ask: Asking, proposal: Proposal) -> None:
    made = press.run(
        PLACE,
        lambda session, who: (
            create_invoice(
                session,
                who,
                patient_id=ask.patient,
                choices=_choices(ask, proposal),
                form=ask.form,
                due_on=ask.typed("due"),
                note=ask.typed("note", "") or "",
                second=bool(ask.typed("second", False)),
            ).id
        ),
    )
    ask.took(made)
