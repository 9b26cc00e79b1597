"""Staff accounts, their sessions, sign-in attempts and what they like to see."""

from datetime import datetime, time
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.store.base import Row
from core.store.types import UtcInstant


class Staff(Row, table=True):
    """role is a word of core.permissions.Role. location_id None = every location of the practice."""

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    username: str = Field(unique=True)
    display_name: str = ""
    email: str | None = None
    role: str
    password_hash: str
    created_at: datetime = Field(sa_type=UtcInstant)
    password_changed_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    must_change_password: bool = False  # somebody else chose it: asked for at the next sign-in
    disabled_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class StaffSession(Row, table=True):
    """token_hash: SHA-256 of the random 256-bit id in the cookie; the id itself is nowhere in the store."""

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    created_at: datetime = Field(sa_type=UtcInstant)
    last_seen_at: datetime = Field(sa_type=UtcInstant)
    expires_at: datetime = Field(sa_type=UtcInstant)
    proved_at: datetime | None = Field(default=None, sa_type=UtcInstant)  # when they last said who they are
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_why: str = ""


class SignInAttempt(Row, table=True):
    __table_args__ = (
        Index(None, "username", "at"),
        Index(None, "address", "at"),
        Index(None, "device", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcInstant)
    username: str
    address: str = ""
    device: str = ""  # SHA-256 of the browser's mark: one that has signed in before is counted by itself
    succeeded: bool = False


class Preference(Row, table=True):
    """What one person chose on one screen (columns, order, privacy), as JSON."""

    __table_args__ = (UniqueConstraint("staff_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id")
    name: str
    value: str = "null"


class StaffClerkKey(Row, table=True):
    """The key that stamps one person's actions in another system, sealed. One a login and connection."""

    __table_args__ = (UniqueConstraint("staff_id", "connection_id"),)

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id")
    connection_id: int = Field(foreign_key="connection.id", index=True)
    sealed_key: str
    changed_at: datetime = Field(sa_type=UtcInstant)


class Access(StrEnum):
    """What one weekday allows a person."""

    HOURS = "hours"
    NONE = "none"
    ALWAYS = "always"


class StaffLoginTime(Row, table=True):
    """One weekday of one person, 0 = Monday. The times are wall-clock times of the person's location.

    until 00:00 = the midnight that ends the day. A weekday without a row is open all day.
    """

    __table_args__ = (UniqueConstraint("staff_id", "weekday"),)

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id")
    weekday: int
    kind: str = Access.ALWAYS
    from_time: time | None = None
    until_time: time | None = None


class SecondStep(Row, table=True):
    """A person's authenticator app. last_step: the time step of the last code that was taken; no code works twice."""

    staff_id: int = Field(primary_key=True, foreign_key="staff.id")
    sealed_secret: str
    since: datetime = Field(sa_type=UtcInstant)
    last_step: int = 0


class RecoveryCode(Row, table=True):
    """One of the codes for who has lost their phone. digest: SHA-256; the code itself is nowhere."""

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    digest: str
    used_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class Passkey(Row, table=True):
    """A device or key of a person that signs for them (WebAuthn). Only what verifies is kept: nothing here opens anything."""

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    credential_id: str = Field(unique=True)  # base64url
    public_key: str  # base64url
    sign_count: int = 0
    name: str = ""
    created_at: datetime = Field(sa_type=UtcInstant)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class Invitation(Row, table=True):
    """A link by which a person chooses their first password. digest: SHA-256; the link itself is nowhere."""

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    digest: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcInstant)
    expires_at: datetime = Field(sa_type=UtcInstant)
    used_at: datetime | None = Field(default=None, sa_type=UtcInstant)
