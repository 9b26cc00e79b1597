"""Which pages there are, and what one must be allowed to see them. A page without a row here fails the build."""

from pathlib import Path
from typing import NamedTuple

from core.permissions import Permission

FOLDER = Path(__file__).resolve().parent.parent / "pages"


class Page(NamedTuple):
    """One row: the file in pages/, its address, its name and Material icon, the permission, its menu.

    section: the word of the menu it stands behind; "" = it stands by itself.
    help: the heading in docs/using.md that its `?` opens. titled: its name stands above
    it (the morning says its day instead, a card its patient). hidden: reached by its address only, not from the menu. The first row is the default page, at "/".
    """

    file: str
    url_path: str
    title: str
    icon: str
    permission: Permission
    help: str
    section: str = ""
    hidden: bool = False
    titled: bool = True


PAGES = (
    Page(
        "morning.py",
        "morning",
        "Morning",
        ":material/wb_twilight:",
        Permission.SEE_DAY,
        "A morning",
        titled=False,
    ),
    Page("tasks.py", "tasks", "Tasks", ":material/checklist:", Permission.WORK_TASKS, "Tasks"),
    Page(
        "patients.py",
        "patients",
        "Patients",
        ":material/groups:",
        Permission.SEE_PATIENTS,
        "Finding a patient",
    ),
    Page(
        "patient.py",
        "patient",
        "Patient",
        ":material/person:",
        Permission.SEE_PATIENTS,
        "A patient's card",
        hidden=True,
        titled=False,
    ),
    Page("plans.py", "plans", "Plans", ":material/event_note:", Permission.SEE_MONEY, "Plans"),
    Page(
        "memberships.py",
        "memberships",
        "Memberships",
        ":material/card_membership:",
        Permission.SEE_PATIENTS,
        "A membership that is over",
    ),
    Page(
        "card_updates.py",
        "card_updates",
        "Card updates",
        ":material/credit_card_clock:",
        Permission.ASK_FOR_CARDS,
        "A blast",
    ),
    Page(
        "payment_links.py",
        "payment_links",
        "Payment links",
        ":material/campaign:",
        Permission.SEND_BLASTS,
        "A blast",
        hidden=True,  # reached from the plans whose people are asked
    ),
    Page("invoices.py", "invoices", "Invoices", ":material/receipt_long:", Permission.COLLECT, "An invoice"),
    Page(
        "inbox.py",
        "inbox",
        "Inbox",
        ":material/inbox:",
        Permission.ASK_FOR_CARDS,
        "Inbox",
        hidden=True,  # its sign with the number of unread texts stands at the top of every page
    ),
    Page(
        "templates.py",
        "templates",
        "Texts and e-mails",
        ":material/edit_note:",
        Permission.MANAGE_TEMPLATES,
        "Texts and e-mails",
        section="Office",
    ),
    Page(
        "booking.py",
        "booking",
        "Online booking",
        ":material/event_available:",
        Permission.COLLECT,
        "Online booking",
        "Office",
    ),
    Page(
        "overview.py",
        "overview",
        "Overview",
        ":material/monitoring:",
        Permission.SEE_OVERVIEW,
        "Overview",
        "Office",
    ),
    Page(
        "integrations.py",
        "integrations",
        "Integrations",
        ":material/hub:",
        Permission.SEE_CONNECTIONS,
        "Integrations",
        section="Office",
    ),
    Page(
        "activity.py",
        "activity",
        "Activity",
        ":material/receipt:",
        Permission.SEE_ACTIVITY,
        "Activity and Linking",
        "Office",
    ),
    Page(
        "linking.py",
        "linking",
        "Linking",
        ":material/join_inner:",
        Permission.LINK_RECORDS,
        "Activity and Linking",
        "Office",
    ),
    Page("team.py", "team", "Team", ":material/badge:", Permission.MANAGE_TEAM, "Team", "Office"),
    Page(
        "account.py",
        "account",
        "My account",
        ":material/account_circle:",
        Permission.OWN_ACCOUNT,
        "Signing in",
        section="Office",
    ),
)
