"""Adds the one-time links by which officers' accounts are tied to the register."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1010"
down_revision = "1009"


def upgrade() -> None:
    """Nobody waits for a link: who was entered before is tied at the next sign-in with the address of the register."""
    op.create_table(
        "invitations",
        sa.Column("id", Key, primary_key=True),
        sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("made_by", Key),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant),
    )
    op.create_index("ix_invitations_officer_id", "invitations", ["officer_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("invitations")
