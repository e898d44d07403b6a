"""Tells settings that a citizen chose from those of who has only stopped SMS or mails."""

import sqlalchemy as sa
from alembic import op

revision = "1026"
down_revision = "1025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All that are there count as chosen."""
    op.add_column("message_settings", sa.Column("is_chosen", sa.Boolean, nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("message_settings", "is_chosen")
