"""what the search from every page looks up"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_patient_search_name", "patient", ["search_name"])
    op.create_index("ix_patient_birth_date", "patient", ["birth_date"])
    op.create_index("ix_patient_email", "patient", ["email"])
    op.create_index("ix_card_last_four", "card", ["last_four"])
