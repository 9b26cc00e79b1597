"""One text of the practice: its words with the preview beside them, its versions, and a test to oneself."""

import streamlit as st
from sqlmodel import Session

from core import clock
from core.messages.commands import edited
from core.messages.default_templates import Use
from core.messages.models import Channel, Purpose, TemplateVersion
from core.messages.render import LONGEST_EMAIL, LONGEST_SUBJECT, LONGEST_TEXT
from core.messages.templates import (
    Words,
    archive_template,
    letterhead,
    save_template,
    versions,
)
from core.permissions import Identity
from core.practice.reports import places
from core.staff.reports import staff_list
from dashboard.ui import page, press
from dashboard.ui.note import note
from dashboard.ui.templates.preview import example_of, fields_list, message_preview, test_to_myself
from dashboard.wording.text import clock_time, day_month, plain

PLACE = "save text"
# session state: the chosen text's id; how often it was filled anew
TEXT, DRAWN = (
    "templates text",
    "templates drawn",
)
NEW = 0
PURPOSES = {Purpose.BILLING: "Billing", Purpose.CARE: "Care", Purpose.MARKETING: "Marketing"}
USES = {
    Use.CARD_LINK: "New card",
    Use.PAY_LINK: "Payment link",
    Use.INVOICE: "Invoice",
    Use.REMINDER: "Reminder",
    Use.RECEIPT: "Receipt of a charge",
    Use.AUTHORIZATION: "What was allowed",
    Use.OTHER: "Other",
}


def new_text(channel: Channel) -> Words:
    """An empty one, not kept yet."""
    return Words(NEW, 0, 0, "", Use.OTHER, channel, Purpose.BILLING, "", "")


def key(kept: Words, name: str) -> str:
    """The key of a widget of this text and version."""
    return f"text {kept.template_id} {kept.version_id} {kept.channel} {st.session_state.get(DRAWN, 0)} {name}"


def template_form(kept: Words, who: Identity) -> None:
    """Words left, what the patient sees right; versions below."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        now = _fields(kept)
        fields_list()
        with st.container(horizontal=True, vertical_alignment="center"):
            label = "Keep this text" if kept.template_id == NEW else "Save as a new version"
            st.button(label, key=PLACE, icon=":material/save:", on_click=_save_form, args=(kept,))
            if kept.template_id != NEW:
                st.button(
                    "Archive",
                    key=f"archive text {kept.template_id}",
                    icon=":material/archive:",
                    on_click=_archive,
                    args=(kept.template_id,),
                    help="Nobody can choose it any more; its versions stay.",
                )
    text, wrong = example_of(now, who) if now.body.strip() else (None, "")
    with left:
        if wrong:
            st.error(plain(wrong, 400), icon=":material/error:")
        else:
            press.say_error(PLACE)
    with right:
        if text is not None:
            with page.open_reader() as session:
                practice = letterhead(session, who.location_id)["practice"]
            message_preview(text, channel=now.channel, practice=practice)
            test_to_myself(now, key=f"text {kept.template_id} {kept.channel}")
        elif not wrong:
            note("Write the message; how the patient sees it appears here.")
    if kept.template_id != NEW:
        _versions(kept, who)


def _fields(kept: Words) -> Words:
    is_new, is_text = kept.template_id == NEW, kept.channel == Channel.TEXT
    name, use, purpose = kept.name, kept.use, kept.purpose
    with st.container(horizontal=True):
        if is_new:
            name = st.text_input("Name", key=key(kept, "name"), max_chars=60)
        use = st.selectbox(
            "For",
            list(USES),
            index=list(USES).index(Use(kept.use)),
            key=key(kept, "use"),
            format_func=lambda one: USES[one],
        )
        purpose = st.selectbox(
            "Consent needed for",
            list(PURPOSES),
            index=list(PURPOSES).index(Purpose(kept.purpose)),
            key=key(kept, "purpose"),
            format_func=lambda one: PURPOSES[one],
        )
    subject = ""
    if not is_text:
        subject = st.text_input(
            "Subject", value=kept.subject, key=key(kept, "subject"), max_chars=LONGEST_SUBJECT
        )
    body = st.text_area(
        "Message",
        value=kept.body,
        key=key(kept, "body"),
        max_chars=LONGEST_TEXT if is_text else LONGEST_EMAIL,
        height=140 if is_text else 260,
    )
    words = Words(
        kept.template_id,
        kept.version_id,
        kept.number,
        name,
        use,
        kept.channel,
        purpose,
        kept.subject,
        kept.body,
    )
    return edited(words, subject=subject, body=body)


def _save_form(kept: Words) -> None:
    """What stands in the form at the press, also when it was typed just before."""

    def typed(name: str, default: str) -> str:
        return str(st.session_state.get(key(kept, name), default))

    words = Words(
        kept.template_id, kept.version_id, kept.number, typed("name", kept.name), typed("use", kept.use),
        kept.channel, typed("purpose", kept.purpose), kept.subject, kept.body,
    )  # fmt: skip
    _save(edited(words, subject=typed("subject", kept.subject), body=typed("body", kept.body)))


def _save(now: Words) -> None:
    def act(session: Session, who: Identity) -> int:
        saved = save_template(
            session,
            who,
            name=now.name,
            use=now.use,
            channel=now.channel,
            purpose=now.purpose,
            subject=now.subject,
            body=now.body,
        )
        return saved.template_id

    saved = press.run(PLACE, act, "Saved.")
    if saved is not None:
        st.session_state[TEXT] = saved


def _archive(template_id: int) -> None:
    def act(session: Session, who: Identity) -> bool:
        archive_template(session, who, template_id=template_id)
        return True

    if press.run(PLACE, act, "Archived. Its versions stay."):
        st.session_state.pop(TEXT, None)


def _versions(kept: Words, who: Identity) -> None:
    """Every version with who and when; an old one can be read and taken up again."""
    with page.open_reader() as session:
        found = versions(session, kept.template_id)
        names = {one.staff_id: one.display_name or one.username for one in staff_list(session)}
        zone = next((one.time_zone for one in places(session, who.location_id)), "UTC")
        session.expunge_all()  # they are read after the session has ended
    with st.expander(f"Versions ({len(found)})", icon=":material/history:"):
        for one in found:
            _version(kept, one, names.get(one.created_by or 0, "Huddle"), zone)


def _version(kept: Words, one: TemplateVersion, by: str, zone: str) -> None:
    in_use = one.number == kept.number
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            day = day_month(clock.local_date(one.created_at, zone))
            now = ", in use" if in_use else ""
            st.markdown(
                f"**Version {one.number}**{now} · {plain(by, 40)} · {day} {clock_time(one.created_at, zone)}",
                width="stretch",
            )
            if not in_use:
                old = edited(kept, subject=one.subject, body=one.body)
                st.button("Restore", key=f"restore {one.id}", on_click=_save, args=(old,))
        st.text(f"{one.subject}\n\n{one.body}" if one.subject else one.body)
