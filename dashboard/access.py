"""Which pages there are, and what one must be allowed to see them. A page without a row here fails the build."""

from pathlib import Path
from typing import NamedTuple

from core.permissions import Permission

FOLDER = Path(__file__).resolve().parent.parent / "pages"


class Page(NamedTuple):
    """One row: the file in pages/, its address, its name and Material icon, the permission, its menu.

    section: the word of the menu it stands behind; "" = it stands by itself.
    hidden: reached by its address only, not from the menu. The first row is the default page, at "/".
    """

    file: str
    url_path: str
    title: str
    icon: str
    permission: Permission
    section: str = ""
    hidden: bool = False


PAGES = (
    Page("morning.py", "morning", "Morning", ":material/wb_twilight:", Permission.SEE_DAY),
    Page("tasks.py", "tasks", "Tasks", ":material/checklist:", Permission.WORK_TASKS),
    Page("patients.py", "patients", "Patients", ":material/groups:", Permission.SEE_PATIENTS),
    Page("patient.py", "patient", "Patient", ":material/person:", Permission.SEE_PATIENTS, hidden=True),
    Page("plans.py", "plans", "Plans", ":material/event_note:", Permission.SEE_MONEY),
    Page(
        "memberships.py",
        "memberships",
        "Memberships",
        ":material/card_membership:",
        Permission.SEE_PATIENTS,
    ),
    Page(
        "card_updates.py",
        "card_updates",
        "Card updates",
        ":material/credit_card_clock:",
        Permission.ASK_FOR_CARDS,
    ),
    Page(
        "payment_links.py",
        "payment_links",
        "Payment links",
        ":material/campaign:",
        Permission.SEND_BLASTS,
        hidden=True,  # reached from the plans whose people are asked
    ),
    Page("invoices.py", "invoices", "Invoices", ":material/receipt_long:", Permission.COLLECT),
    Page(
        "templates.py",
        "templates",
        "Texts and e-mails",
        ":material/edit_note:",
        Permission.MANAGE_TEMPLATES,
        hidden=True,  # reached from where texts are used: the menu is full at 1366 pixels
    ),
    Page(
        "booking.py", "booking", "Online booking", ":material/event_available:", Permission.COLLECT, "Office"
    ),
    Page("overview.py", "overview", "Overview", ":material/monitoring:", Permission.SEE_OVERVIEW, "Office"),
    Page(
        "integrations.py",
        "integrations",
        "Integrations",
        ":material/hub:",
        Permission.SEE_CONNECTIONS,
        section="Office",
    ),
    Page("activity.py", "activity", "Activity", ":material/receipt:", Permission.SEE_ACTIVITY, "Office"),
    Page("linking.py", "linking", "Linking", ":material/join_inner:", Permission.LINK_RECORDS, "Office"),
    Page("team.py", "team", "Team", ":material/badge:", Permission.MANAGE_TEAM, "Office"),
    Page(
        "account.py",
        "account",
        "My account",
        ":material/account_circle:",
        Permission.OWN_ACCOUNT,
        section="Office",
    ),
)
