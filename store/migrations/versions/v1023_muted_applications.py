"""Adds the applications of which no SMS tells."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1023"
down_revision = "1022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None is muted."""
    op.create_table(
        "muted_applications",
        sa.Column("application_id", Key, sa.ForeignKey("applications.id"), primary_key=True),
        sa.Column("muted_at", Instant, nullable=False),
    )


def downgrade() -> None:
    """Have SMS tell of every application."""
    op.drop_table("muted_applications")
