"""Adds the batches by which officers are entered, moved and retired, and their rows."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Json, Key

revision = "1012"
down_revision = "1011"


def upgrade() -> None:
    """Nothing was entered by a batch before."""
    op.create_table(
        "staff_batches",
        sa.Column("id", Key, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_at", Instant),
    )
    op.create_index("ix_staff_batches_digest", "staff_batches", ["digest"])
    op.create_table(
        "staff_rows",
        sa.Column("batch_id", Key, sa.ForeignKey("staff_batches.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("email", Key, nullable=False),
        sa.Column("cells", Json, nullable=False),
        sa.Column("state", Key, nullable=False),
        sa.Column("officer_id", Key),
        sa.Column("reason", Key),
    )
    op.create_index("ix_staff_rows_batch_id_state_line", "staff_rows", ["batch_id", "state", "line"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("staff_rows")
    op.drop_table("staff_batches")
