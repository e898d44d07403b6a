"""Runtime switches, alarms, and what processes tell of themselves."""

import sqlalchemy as sa
from alembic import op

from store.migrations.first.types import Instant, Key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of this revision."""
    op.create_table(
        "switches",
        sa.Column("kind", Key, nullable=False),
        sa.Column("name", Key, nullable=False),
        sa.Column("state", Key, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", Key, nullable=False),
        sa.Column("set_at", Instant, nullable=False),
        sa.Column("until", Instant),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_switches"),
    )
    op.create_table(
        "switch_version",
        sa.Column("board", Key, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("board", name="pk_switch_version"),
    )
    op.create_table(
        "alarms",
        sa.Column("code", Key, nullable=False),
        sa.Column("about", Key, nullable=False),
        sa.Column("state", Key, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("raised_at", Instant, nullable=False),
        sa.Column("cleared_at", Instant),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", "about", name="pk_alarms"),
    )
    op.create_index("ix_alarms_state", "alarms", ["state"])
    op.create_table(
        "health_facts",
        sa.Column("process_id", Key, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("process_id", name="pk_health_facts"),
    )


def downgrade() -> None:
    """Drop the tables of this revision."""
    for table in ("health_facts", "alarms", "switch_version", "switches"):
        op.drop_table(table)
