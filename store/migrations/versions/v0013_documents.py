"""What is to be done in a citizen's locker on her word."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, LargeBinary, PrimaryKeyConstraint

from store.migrations.first.types import Instant, Key

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of this revision."""
    op.create_table(
        "locker_orders",
        Column("id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("kind", Key, nullable=False),
        Column("state", Key, nullable=False),
        Column("asked", LargeBinary(), nullable=False),
        Column("uri", LargeBinary(), nullable=True),
        Column("code", Key, nullable=True),
        Column("created_at", Instant, nullable=False),
        Column("sent_at", Instant, nullable=True),
        Column("settled_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_locker_orders"),
        ForeignKeyConstraint(["citizen_id"], ["citizens.citizen_id"], name="fk_locker_orders_citizen_id_citizens"),
    )
    op.create_index("ix_locker_orders_citizen_id_created_at", "locker_orders", ["citizen_id", "created_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("locker_orders")
