"""Adds what a later release needs while this one goes on: a table that is filled, a column and an index."""

import sqlalchemy as sa
from alembic import op

from store.database.revisions import HEAD

revision = "expanded"
down_revision = HEAD


def upgrade() -> None:
    """Keep the channel of each application in a table of its own, and make room in the timeline."""
    op.create_table(
        "case_channels",
        sa.Column("application_id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO case_channels (application_id, channel) SELECT id, channel FROM applications")
    op.add_column("timeline_entries", sa.Column("printed", sa.Boolean))
    op.create_index("ix_timeline_entries_move_at", "timeline_entries", ["move", "at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_timeline_entries_move_at", "timeline_entries")
    op.drop_column("timeline_entries", "printed")
    op.drop_table("case_channels")
