"""A small index of the sanctions that have a last day, by which beneficiaries who are to leave PFMS are found."""

from alembic import op
from sqlalchemy import text

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_ENDED = text("ended_on IS NOT NULL")


def upgrade() -> None:
    """Index them by it."""
    op.create_index(
        "ix_sanctions_ended_on", "sanctions", ["ended_on", "id"], sqlite_where=_ENDED, postgresql_where=_ENDED
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_sanctions_ended_on", table_name="sanctions")
