"""Settings, read once from the environment (prefix HUDDLE_) and, where present, a .env file.

Every setting has a default that works on a laptop; README §Settings lists them (checked by a test).
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import BadInput

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"


class Settings(BaseSettings):
    """HUDDLE_STORE, HUDDLE_KEY_FILE … Durations are in the unit the name says."""

    model_config = SettingsConfigDict(env_prefix="HUDDLE_", env_file=".env", extra="ignore")

    store: str = f"sqlite:///{DATA / 'huddle.db'}"
    key_file: Path = DATA / "key.txt"  # Fernet keys, newest first; made on first use, mode 600
    outbound_hosts: str = (  # loopback is always allowed
        "api.fortis.tech,api.sandbox.fortis.tech,api.cashpractice.com,api.twilio.com,"
        "smtp.gmail.com,smtp.office365.com"
    )
    sync_every_minutes: int = 5
    stale_after_minutes: int = 60
    settle_seconds: int = 600  # how long a doubtful message or invoice is left alone before it is looked up
    public_url: str = (
        ""  # where patients reach this Huddle, e.g. https://huddle.example; links in messages begin with it
    )
    quiet_from: int = Field(default=21, ge=0, le=24)  # hour on the patient's wall from which nothing is sent
    quiet_until: int = Field(default=8, ge=0, le=24)  # … and until which; equal hours: no quiet hours
    messages_per_week: int = 3  # to one phone or mailbox by blasts and reminders
    second_step: Literal["managers", "everyone", "nobody"] = (
        "managers"  # who does not get in without one: owners and office managers, everybody, nobody (a demo)
    )
    idle_minutes: int = 15
    session_hours: int = 12
    card_policy: Literal["members", "everyone"] = "members"  # who needs a card on file (DOMAIN §2)
    state: str = Field(default="", pattern="^([A-Z]{2})?$")  # where the practice is, such as MN: prepaid care
    credit_years: int = Field(default=3, ge=1, le=10)  # after which an unclaimed credit falls to the state
    week_starts: Literal["sunday", "monday", "saturday"] = (
        "sunday"  # from which day a limit per week counts (DOMAIN §5)
    )
    backup_folder: str = (
        ""  # where the worker puts backups by itself, e.g. /mnt/safe/huddle; "" = not by itself
    )
    backup_every_minutes: int = Field(default=60, ge=1)
    backup_keep: int = Field(default=72, ge=1)  # how many files stay in the folder
    # an older last good backup is wrong, says `huddle doctor`
    backup_max_age_hours: int = Field(default=26, ge=1)
    backup_key_file: Path = DATA / "backup-key.txt"  # of backups alone, never the store's; made on first use
    worker: bool = True  # run the embedded worker inside `huddle serve`
    trusted_proxies: str = ""  # addresses whose X-Forwarded-For and -Proto are believed, e.g. 127.0.0.1
    metrics_token: str = ""
    log_level: str = "INFO"

    @property
    def first_weekday(self) -> int:
        """The day a week starts with, as date.weekday() counts: 0 Monday … 6 Sunday."""
        return {"monday": 0, "saturday": 5, "sunday": 6}[self.week_starts]


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Tests clear the cache: `settings.cache_clear()`.

    Raises BadInput that names the variable which cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"HUDDLE_{'_'.join(str(part) for part in first['loc']).upper()}"
        raise BadInput(f"The setting {name} cannot be used: {first['msg'].lower()}.") from error
