"""The feed of changes that subscriptions and synchronising phones read."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint

from store.migrations.first.types import Instant, Key, Serial

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of this revision."""
    op.create_table(
        "changes",
        Column("id", Serial, autoincrement=True, nullable=False),
        Column("tx_number", BigInteger(), nullable=False),
        Column("kind", Key, nullable=False),
        Column("object_id", Key, nullable=False),
        Column("citizen_id", Key, nullable=False),
        Column("application_id", Key, nullable=True),
        Column("department", Key, nullable=True),
        Column("district", Key, nullable=False),
        Column("tehsil", Key, nullable=True),
        Column("at", Instant, nullable=False),
        PrimaryKeyConstraint("id", name="pk_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_tx_number_id", "changes", ["tx_number", "id"])
    op.create_index("ix_changes_citizen_id_tx_number_id", "changes", ["citizen_id", "tx_number", "id"])
    op.create_index("ix_changes_application_id_tx_number_id", "changes", ["application_id", "tx_number", "id"])
    op.create_index("ix_changes_district_tx_number_id", "changes", ["district", "tx_number", "id"])
    op.create_index("ix_changes_at", "changes", ["at"])
    op.create_table(
        "change_feeds",
        Column("feed", Key, nullable=False),
        Column("name", Key, nullable=False),
        Column("swept_transaction", BigInteger(), nullable=False),
        Column("swept_row", BigInteger(), nullable=False),
        PrimaryKeyConstraint("feed", name="pk_change_feeds"),
    )


def downgrade() -> None:
    """Drop the tables of this revision."""
    op.drop_table("change_feeds")
    op.drop_table("changes")
