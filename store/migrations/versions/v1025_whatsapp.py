"""Adds what WhatsApp told us, and who agreed to messages there."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1025"
down_revision = "1024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "whatsapp_notices",
        sa.Column("key_hash", Key, primary_key=True),
        sa.Column("sender_index", Key),
        sa.Column("content", sa.LargeBinary),
        sa.Column("tries", sa.Integer, nullable=False),
        *(sa.Column(name, Instant, nullable=False) for name in ("at", "received_at")),
        sa.Column("due_at", Instant),
    )
    due = sa.text("due_at IS NOT NULL")
    for columns in (["due_at"], ["sender_index", "at"]):
        op.create_index(
            f"ix_whatsapp_notices_{columns[0]}", "whatsapp_notices", columns, sqlite_where=due, postgresql_where=due
        )
    op.create_index("ix_whatsapp_notices_received_at", "whatsapp_notices", ["received_at"])
    op.create_table(
        "whatsapp_consents",
        sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), primary_key=True),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("at", Instant, nullable=False),
        *(sa.Column(name, Key, nullable=False) for name in ("words", "source")),
        sa.Column("assurance", Key),
        sa.Column("not_there_until", Instant),
        sa.Column("mobile_index", Key, nullable=False),
    )
    op.create_index("ix_whatsapp_consents_mobile_index", "whatsapp_consents", ["mobile_index"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("whatsapp_consents")
    op.drop_table("whatsapp_notices")
