"""Keeping a profile for a source, and what people answered about it. The caller's transaction decides."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.integrations.ehr_exports.profile import Profile, built_in, read_profile, written_profile
from core.own_exports.models import SourceProfile
from core.permissions import Identity, Permission, require
from core.practice.models import Practice
from core.store.base import table_of

Shape = dict[str, list[str]]


class Kept(NamedTuple):
    """A profile with what was answered about it. shape: the column names its files had, by table; {} before a load."""

    name: str
    profile: Profile
    answers: dict[str, Any]
    shape: Shape
    connection_id: int | None


def save_profile(
    session: Session,
    actor: Identity | None,
    profile: Profile,
    *,
    answers: Mapping[str, Any],
    shape: Shape | None = None,
    connection_id: int | None = None,
) -> None:
    """Keep a profile under its name, with its answers; the one that is there is replaced, its other answers stay.

    actor None: the command line. Raises NotAllowed.
    """
    if actor is not None:
        require(actor.role, Permission.MANAGE_CONNECTIONS)
    if session.get(Practice, 1) is None:
        session.add(Practice(id=1))
        session.flush()
    before = kept_profile(session, profile.profile)
    values = {
        "practice_id": 1,
        "connection_id": connection_id or (before.connection_id if before else None),
        "name": profile.profile,
        "profile": "" if built_in().get(profile.profile) == profile else written_profile(profile),
        "answers": json.dumps({**(before.answers if before else {}), **answers}, sort_keys=True),
        "shape": json.dumps(shape if shape is not None else (before.shape if before else {}), sort_keys=True),
        "saved_at": clock.now(),
        "saved_by": actor.username if actor else "",
    }
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table_of(SourceProfile)).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "name"}
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))
    record(session, who=actor, action="export profile saved", detail={"profile": profile.profile[:40]})


def kept_profile(session: Session, name: str) -> Kept | None:
    """The profile kept under a name; None when there is none."""
    found = session.exec(
        select(SourceProfile).where(SourceProfile.name == name).execution_options(populate_existing=True)
    ).first()
    return _kept(found) if found else None


def kept_profiles(session: Session) -> list[Kept]:
    """Every profile kept here, by name."""
    return [_kept(one) for one in session.exec(select(SourceProfile).order_by(col(SourceProfile.name)))]


def _kept(found: SourceProfile) -> Kept:
    profile = read_profile(found.profile) if found.profile else built_in()[found.name]
    return Kept(found.name, profile, json.loads(found.answers), json.loads(found.shape), found.connection_id)


def profile_named(session: Session, name: str) -> Profile:
    """A kept profile, else a built-in one. Raises NotFound with the names there are."""
    if found := kept_profile(session, name.strip()):
        return found.profile
    if found := built_in().get(name.strip().casefold()):
        return found
    names = [*built_in(), *(kept.name for kept in kept_profiles(session) if kept.name not in built_in())]
    raise NotFound(f"There is no profile “{name}”. There are: {', '.join(names)}.")


def forget_profile(session: Session, actor: Identity, name: str) -> None:
    """Drop a kept profile and its answers; a built-in one is as it came. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    if kept_profile(session, name) is None:
        raise NotFound(f"No profile is kept under the name “{name}”.")
    session.exec(delete(SourceProfile).where(col(SourceProfile.name) == name))
    record(session, who=actor, action="export profile forgotten", detail={"profile": name[:40]})


def profile_as_file(kept: Kept) -> str:
    """A kept profile with its answers as JSON, to take along."""
    return json.dumps(
        {
            "huddle_profile": json.loads(written_profile(kept.profile)),
            "answers": kept.answers,
            "shape": kept.shape,
        },
        indent=1,
        ensure_ascii=False,
    )


def profile_from_file(session: Session, actor: Identity, text: str) -> Kept:
    """Keep a profile that was taken along. Raises BadInput for a file that is none, NotAllowed."""
    try:
        given = json.loads(text)
        document, answers, shape = given["huddle_profile"], given.get("answers", {}), given.get("shape", {})
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput("This file is no profile that Huddle has written.") from error
    profile = read_profile(json.dumps(document))
    if not isinstance(answers, dict) or not isinstance(shape, dict):
        raise BadInput("This file is no profile that Huddle has written.")
    save_profile(session, actor, profile, answers=answers, shape=shape)
    return Kept(profile.profile, profile, answers, shape, None)
