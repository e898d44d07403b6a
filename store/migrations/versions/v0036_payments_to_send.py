"""A small index of the payments that PFMS was not told of, by which a run passes by all others unread."""

from alembic import op
from sqlalchemy import text

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_TO_SEND = text(
    "rail = 'PFMS' AND hold IS NULL AND status IN ('SANCTIONED', 'BENEFICIARY_PENDING', 'BENEFICIARY_REJECTED')"
)


def upgrade() -> None:
    """Index them by their sanction."""
    op.create_index(
        "ix_instalments_to_send",
        "instalments",
        ["sanction_id", "sequence"],
        sqlite_where=_TO_SEND,
        postgresql_where=_TO_SEND,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_instalments_to_send", table_name="instalments")
