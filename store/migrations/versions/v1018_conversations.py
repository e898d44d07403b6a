"""Adds the conversations with citizens on channels, and their lines."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1018"
down_revision = "1017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "conversations",
        sa.Column("id", Key, primary_key=True),
        sa.Column("channel", Key, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id")),
        sa.Column("state", Key, nullable=False),
        sa.Column("engine", sa.LargeBinary, nullable=False),
        *(sa.Column(name, Instant, nullable=False) for name in ("heard_at", "created_at")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("handed_over_at", Instant),
        sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id")),
        sa.Column("closed_at", Instant),
        sa.Column("address_index", Key, nullable=False),
    )
    not_closed = sa.text("state <> 'CLOSED'")
    op.create_index(
        "uq_conversations_channel_address_index",
        "conversations",
        ["channel", "address_index"],
        unique=True,
        sqlite_where=not_closed,
        postgresql_where=not_closed,
    )
    for columns in (["citizen_id"], ["state", "handed_over_at", "id"], ["heard_at"]):
        op.create_index(f"ix_conversations_{'_'.join(columns)}", "conversations", columns)
    op.create_table(
        "conversation_lines",
        sa.Column("id", Key, primary_key=True),
        sa.Column("conversation_id", Key, sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
        sa.Column("author", Key, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("provider_id", Key),
        sa.Column("extras", sa.LargeBinary),
        sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id")),
        *(sa.Column(name, Key) for name in ("state", "reason")),
        sa.Column("send_at", Instant),
        sa.UniqueConstraint("provider_id", name="uq_conversation_lines_provider_id"),
    )
    op.create_index(
        "ix_conversation_lines_conversation_id_at_id", "conversation_lines", ["conversation_id", "at", "id"]
    )
    to_send = sa.text("send_at IS NOT NULL")
    op.create_index(
        "ix_conversation_lines_send_at",
        "conversation_lines",
        ["send_at"],
        sqlite_where=to_send,
        postgresql_where=to_send,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("conversation_lines")
    op.drop_table("conversations")
