"""Adds the devices that take push messages, and whether these show what they are about."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1030"
down_revision = "1029"


def upgrade() -> None:
    """Create them; until somebody chooses otherwise nothing is shown."""
    op.create_table(
        "push_devices",
        sa.Column("id", Key, primary_key=True),
        sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
        sa.Column("session_id", Key, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
        *(sa.Column(name, Key, nullable=False) for name in ("platform", "app", "language")),
        sa.Column("token", sa.LargeBinary, nullable=False),
        *(sa.Column(name, Instant, nullable=False) for name in ("registered_at", "last_seen_at")),
        sa.Column("token_index", Key, nullable=False),
        *(sa.UniqueConstraint(name, name=f"uq_push_devices_{name}") for name in ("session_id", "token_index")),
    )
    op.create_index("ix_push_devices_citizen_id", "push_devices", ["citizen_id"])
    shown = sa.Column("shows_content", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("message_settings", shown)


def downgrade() -> None:
    """Drop them."""
    op.drop_column("message_settings", "shows_content")
    op.drop_table("push_devices")
