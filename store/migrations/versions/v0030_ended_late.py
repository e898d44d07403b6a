"""A small index of the applications that were disposed of after their due instant."""

from alembic import op
from sqlalchemy import text

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_LATE = text(
    "status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE') AND coalesce(delivered_at, decided_at) > due_at"
)


def upgrade() -> None:
    """Index them by the last change."""
    op.create_index(
        "ix_applications_ended_late", "applications", ["updated_at", "id"], sqlite_where=_LATE, postgresql_where=_LATE
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_applications_ended_late", table_name="applications")
