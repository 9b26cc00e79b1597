"""What each kind of connection needs to know before it can be tried out."""

from core.connections.models import Kind
from core.integrations import sms
from core.integrations.cash_practice import client as cash_practice

FORTIS_PRODUCTION = "https://api.fortis.tech"

# what each kind needs to know: setting → its default (None = must be given), and the names of its secrets
SETTINGS: dict[Kind, dict[str, str | None]] = {
    Kind.FORTIS: {"base_url": FORTIS_PRODUCTION, "user_id": None, "location_id": None},
    Kind.CASH_PRACTICE: {"base_url": cash_practice.PRODUCTION, "acts_as": ""},
    Kind.PRACTICE_FILES: {"folder": None, "whole": "no"},  # whole: each file holds everything of its kind
    Kind.EMAIL: {
        "host": None,
        "port": "587",
        "security": "starttls",
        "username": "",
        "sender": None,
        "sender_name": "",
        "honours_message_id": "no",
        "per_second": "0",
    },
    Kind.SMS: {
        "base_url": sms.PRODUCTION,
        "account_sid": None,
        "from_number": None,
        "key_header": "",
        "per_second": "10",
    },
    Kind.GENESIS: {
        "base_url": "",  # none is public: the practice asks Genesis for it, or names a drop_folder instead
        "cp_id": "",
        "date_start": "",
        "account_id": "",
        "acts_as": "",  # the login whose clerk key stamps what Huddle posts by itself
        "drop_folder": "",
    },
    Kind.FHIR: {"base_url": "", "folder": "", "time_zone": ""},  # a server or a folder, one of the two
    Kind.CLINIKO: {
        "contact_email": None,  # Cliniko wants to know whom to write to
        "closed_invoices": "owed",  # what an invoice with the status Closed means: owed, written_off or paid
        "base_url": "",  # the key says where; only for a stand-in on this machine
    },
}
SECRETS: dict[Kind, tuple[str, ...]] = {
    Kind.FORTIS: ("user_api_key", "developer_id"),
    Kind.CASH_PRACTICE: ("api_key",),
    Kind.PRACTICE_FILES: (),
    Kind.EMAIL: ("password",),
    Kind.SMS: ("auth_token",),
    Kind.GENESIS: ("cp_mkey",),
    Kind.FHIR: ("token",),
    Kind.CLINIKO: ("api_key",),
}
OPTIONAL_SECRETS = frozenset(  # a mail server on this machine asks for none, a drop folder neither
    {(Kind.EMAIL, "password"), (Kind.GENESIS, "cp_mkey"), (Kind.FHIR, "token")}
)
