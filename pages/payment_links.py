"""Payment links to many: checked person by person before anything goes out, and what became of each."""

from core.links.rules import LinkKind
from dashboard.ui.card_updates.blast_tab import blast_tab

blast_tab(LinkKind.PAY)
