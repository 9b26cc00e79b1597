"""The words of the guided set-up: what each system brings, what to do there, and what to paste here.

The names in double brackets are those of the other system's menus and fields (field notes §1.3, §2.4); they can be
copied. Fields that are not named here are still asked for, under “More settings”.
"""

from typing import NamedTuple

from core.connections.models import Kind


class Field(NamedTuple):
    """One field of a form. hint: where it is found. choices: value → words, for one of a few. needed: a connection of
    this kind mostly has it, though the system may do without. more: asked for under “More settings”."""

    name: str
    hint: str = ""
    placeholder: str = ""
    choices: dict[str, str] | None = None
    needed: bool = False
    more: bool = False


class Guide(NamedTuple):
    """How to connect one kind of system. does: what it brings. after_that: what comes once it is connected."""

    name: str
    icon: str
    does: str
    heading: str  # of the steps
    steps: tuple[str, ...]
    fields: tuple[Field, ...]
    after_that: str


GUIDES: dict[Kind, Guide] = {
    Kind.PRACTICE_FILES: Guide(
        "Practice files",
        "folder_open",
        "Patients, visits, services, ledger and insurance, as CSV files your EHR exports.",
        "A folder with your EHR's exports",
        (
            "Have the EHR (or the person who runs it) export its lists as CSV files, named after what they hold: "
            "[[patients.csv]], [[appointments.csv]], [[ledger.csv]] and so on. The README lists every file with its columns.",
            "Put them into one folder on the computer Huddle runs on. New versions simply replace the old ones.",
            "Give the folder here. Huddle looks at it every few minutes; unchanged files cost nothing.",
            "No folder? Connect none, and drop the files on the page of the practice files whenever you have new ones.",
        ),
        (
            Field("folder", "The whole path, on the computer that runs Huddle.", "/srv/exports"),
            Field(
                "whole",
                "yes: every export holds all there is, so what a file no longer holds is gone. More than a fifth at once "
                "is asked about first. no: files may hold a part.",
                "no",
            ),
        ),
        "Patients and visits appear on the morning page as soon as the first files are read.",
    ),
    Kind.FORTIS: Guide(
        "Fortis",
        "credit_card",
        "Cards on file, plans, charges and declines; invoices and links to pay.",
        "In Fortis, create a user for Huddle",
        (
            "Sign in to Fortis as an administrator and add a user named [[TrackStat]].",
            "Make it a [[Location Admin]] of your location and give it all privileges. Nobody signs in with it: it only "
            "holds the keys.",
            "Open that user and copy its [[User ID]].",
            "Create a [[User API key]] for it and copy that too.",
            "Open the location and copy its [[Location ID]].",
            "Fortis gives your practice a [[Developer ID]]; ask their support if you have none.",
        ),
        (
            Field("user_id", "Of the user TrackStat, not of yourself."),
            Field("user_api_key", "Of the same user."),
            Field("developer_id", "From Fortis support."),
            Field("location_id", "Of the location whose cards and payments Huddle shows."),
        ),
        "The first sync reads everything and takes a few minutes; after that only what changed.",
    ),
    Kind.CASH_PRACTICE: Guide(
        "Cash Practice",
        "account_balance",
        "Auto-debits, posted payments, declines and expired cards.",
        "In Cash Practice, copy the TrackStat API key",
        (
            "Sign in to Cash Practice as an administrator.",
            "Older menu: open [[My Account]], then [[System Settings]], then [[Integrated TPS Keys]].",
            "Newer menu: open [[ADS Settings]], [[Step 6 Software]], then [[View TPS Keys]].",
            "Copy the [[TrackStat API Key]] whole and paste it here. An extra space does no harm: Huddle takes it out.",
        ),
        (
            Field("api_key", "44 letters and digits that end in “=”."),
            Field("acts_as", "Whose clerk key stamps what Huddle does by itself.", more=True),
        ),
        "Then give each person's clerk key, so that what they do carries their name there.",
    ),
    Kind.GENESIS: Guide(
        "Cash Practice with Genesis",
        "sync_alt",
        "Posts accepted payments to the ledger and alerts to Workbench and Quick Stop.",
        "Merchant configuration",
        (
            "In Cash Practice, open [[View TPS Keys]] ([[ADS Settings]] > [[Step 6 Software]], or [[My Account]] > "
            "[[System Settings]] > [[Integrated TPS Keys]]) with the software set to [[Genesis]].",
            "In Genesis, open [[Configuration]], [[3rd Party Services]], [[Merchant Configuration]].",
            "[[Provider Identifier]] is the CP_ID: a small whole number.",
            "[[Provider Key]] is the CP_MKey: 44 characters. Make sure no extra space was added; Huddle takes it out and "
            "says so.",
            "[[Date Start]] only when payments of earlier days are to be posted too. Empty means: from today on, which "
            "is safe. A day in the past can post twice what somebody typed in by hand.",
            "The EHR account ID is optional. After saving, give one [[Clerk Key]] for each login: the list shows who has none.",
        ),
        (
            Field("cp_id", "CP_ID, a small whole number.", "123", needed=True),
            Field("cp_mkey", "CP_MKey, 44 letters and digits that end in “=”.", needed=True),
            Field("date_start", "Payments from this day on are posted; empty: from today on.", "YYYY-MM-DD"),
            Field("account_id", "Optional."),
            Field("base_url", "Genesis gives it to your practice.", "https://", needed=True),
            Field("acts_as", "Whose clerk key stamps what Huddle posts by itself.", more=True),
            Field(
                "drop_folder",
                "Instead of an address: files are laid here for the import in Genesis.",
                more=True,
            ),
        ),
        "Posts payments and tasks by itself once each login has its clerk key.",
    ),
    Kind.FHIR: Guide(
        "FHIR server",
        "local_hospital",
        "Patients, visits, providers and coverage from an EHR that speaks FHIR R4.",
        "Ask the EHR for its FHIR R4 address",
        (
            "Ask the EHR's support for the base address of its FHIR R4 server; it often ends in [[/fhir]] or [[/r4]].",
            "Ask for an access token that may read [[Patient]], [[Appointment]], [[Practitioner]], [[Location]] and "
            "[[Coverage]].",
            "No server? Export bundles or NDJSON into a folder and give that folder instead.",
            "An address outside this machine must be among HUDDLE_OUTBOUND_HOSTS.",
        ),
        (
            Field(
                "base_url", "The base address, without a resource behind it.", "https://ehr.example.com/fhir"
            ),
            Field("folder", "Instead of an address: a folder with bundles or NDJSON files."),
            Field("token", "Only when the server asks for one."),
            Field("time_zone", "Of places that name none, such as America/Denver.", more=True),
        ),
        "Rows that cannot be used are kept with their reason and never stop the others.",
    ),
    Kind.CLINIKO: Guide(
        "Cliniko",
        "spa",
        "Patients, visits, classes, practitioners, prices and invoices. Cliniko tells neither payments nor memberships: "
        "a balance is at most what is shown.",
        "In Cliniko, make an API key",
        (
            "Sign in to Cliniko as somebody who may see every patient and every invoice.",
            "In your own settings there, open [[Manage API keys]] and add a key named [[Huddle]].",
            "Copy the whole key. Its end (such as [[-us1]]) says where your account lives; nothing else does.",
            "Give the address of a person at your practice: Cliniko asks every program for somebody to write to.",
        ),
        (
            Field("api_key", "One long piece that ends in a shard such as -us1 or -au2."),
            Field("contact_email", "Whom Cliniko may write to about these calls.", "desk@yourpractice.com"),
            Field(
                "closed_invoices",
                "What the status Closed means at your practice for what was open on an invoice.",
                choices={
                    "owed": "Still owed",
                    "written_off": "Written off",
                    "paid": "Paid",
                },
            ),
            Field("base_url", "Only for a stand-in on this machine.", more=True),
        ),
        "The first sync reads everything, 300 rows a second at most; after that only what changed.",
    ),
    Kind.SMS: Guide(
        "Text gateway",
        "sms",
        "Texts with links to pay and to update a card; replies and STOP come back.",
        "At the text gateway (Twilio or one that speaks like it)",
        (
            "Sign in to the gateway's console and copy the [[Account SID]] and the [[Auth token]].",
            "Buy or choose the number your patients know; it needs to be registered for business texts (10DLC).",
            "Have replies sent to [[/webhooks/sms]] under your public address, so that STOP is heard.",
        ),
        (
            Field("account_sid", "Begins with AC."),
            Field("auth_token", "Beside the Account SID."),
            Field(
                "from_number",
                "The sending number, or a messaging service that begins with MG.",
                "+16145550100",
            ),
        ),
        "Nothing is sent until somebody presses send.",
    ),
    Kind.EMAIL: Guide(
        "E-mail",
        "mail",
        "Invoices, links and blasts by e-mail, from your practice's own mailbox.",
        "At your mail provider",
        (
            "Create a mailbox for the practice, or use the one patients know.",
            "Make an [[app password]] for Huddle where the provider has such (Google, Microsoft): your own password is "
            "for people.",
            "Mail servers mostly listen on port [[587]] with STARTTLS, or [[465]] with TLS.",
        ),
        (
            Field("host", "The provider's server for sending.", "smtp.gmail.com"),
            Field("port", "587 or 465."),
            Field(
                "security",
                "How the connection is encrypted.",
                choices={
                    "starttls": "STARTTLS (587)",
                    "tls": "TLS from the start (465)",
                    "none": "None, on this machine only",
                },
            ),
            Field("username", "Mostly the mail address itself."),
            Field("password", "The app password."),
            Field("sender", "What patients see as sender.", "desk@yourpractice.com"),
            Field("sender_name", "", "Maple Street Chiropractic"),
        ),
        "Nothing is sent until somebody presses send.",
    ),
}

GROUPS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("What your EHR knows", (Kind.PRACTICE_FILES, Kind.CLINIKO, Kind.FHIR)),
    ("Who takes the cards", (Kind.FORTIS, Kind.CASH_PRACTICE)),
    ("Where payments are posted", (Kind.GENESIS,)),
    ("How patients are reached", (Kind.SMS, Kind.EMAIL)),
)

# the lists of other systems in the practice's words; the others are called what they are called there
_LISTS = {
    "alerts": "Alerts",
    "attendees": "Visits to classes",
    "auto-debits": "Auto-debits",
    "billable_items": "Prices",
    "billing": "Cards and bank accounts",
    "businesses": "Locations",
    "contacts": "Patients",
    "customers": "Patients",
    "declined-recurring-transactions": "Declined drafts",
    "individual_appointments": "Visits",
    "practitioners": "Providers",
    "product-transactions": "Merchant accounts",
    "recurrings": "Recurring payments",
    "tokens": "Cards and bank accounts",
    "transactions": "Payments",
}


def list_words(resource: str) -> str:
    """What a list that is synced holds: `Payments` for Fortis's transactions."""
    return _LISTS.get(resource, resource.replace("_", " ").replace("-", " ").capitalize())
