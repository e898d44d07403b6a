"""Adds the texts of messages that administrators propose, confirm and publish."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1022"
down_revision = "1021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was proposed before: the texts of the state's package are in force."""
    op.create_table(
        "text_proposals",
        sa.Column("id", Key, primary_key=True),
        sa.Column("event", Key, nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("state", Key, nullable=False),
        sa.Column("publish_on", sa.Date, nullable=False),
        sa.Column("proposed_by", Key, nullable=False),
        sa.Column("proposed_at", Instant, nullable=False),
        sa.Column("confirmed_by", Key),
        sa.Column("confirmed_at", Instant),
    )
    op.create_index("ix_text_proposals_state_publish_on", "text_proposals", ["state", "publish_on"])
    op.create_index("ix_text_proposals_proposed_at", "text_proposals", ["proposed_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("text_proposals")
