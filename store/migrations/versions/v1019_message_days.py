"""Adds what messages cost on each day, and finds a message by its provider's name for it."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Key

revision = "1019"
down_revision = "1018"
branch_labels = None
depends_on = None

NAMED = sa.text("provider_id IS NOT NULL")


def upgrade() -> None:
    """Messages of before cost nothing in it: they were not counted by day."""
    op.create_table(
        "message_days",
        sa.Column("on_day", sa.Date, primary_key=True),
        sa.Column("channel", Key, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("messages", "cost")),
    )
    op.create_index(
        "ix_messages_provider_id",
        "messages",
        ["channel", "provider_id"],
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_messages_provider_id", "messages")
    op.drop_table("message_days")
