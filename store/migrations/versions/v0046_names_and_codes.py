"""Files for PFMS by name alone, and a small index of the beneficiaries whom PFMS or the bank declined.

A list of those who were declined with some code would else go through everybody who stands there.
"""

from alembic import op
from sqlalchemy import text

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_DECLINED = text("codes IS NOT NULL")


def upgrade() -> None:
    """Add both indexes."""
    op.create_index("ix_payment_files_name", "payment_files", ["name"])
    op.create_index(
        "ix_payment_beneficiaries_declined",
        "payment_beneficiaries",
        ["state", "state_at", "id"],
        sqlite_where=_DECLINED,
        postgresql_where=_DECLINED,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_payment_beneficiaries_declined", table_name="payment_beneficiaries")
    op.drop_index("ix_payment_files_name", table_name="payment_files")
