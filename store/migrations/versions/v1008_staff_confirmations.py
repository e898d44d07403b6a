"""Adds to transfers and leaves whether a second administrator has to confirm them, and who did."""

import sqlalchemy as sa
from alembic import op

revision = "1008"
down_revision = "1007"

TABLES = ("leaves", "transfers")


def upgrade() -> None:
    """Null for what needed nobody, as everything that an older release recorded."""
    for table in TABLES:
        op.add_column(table, sa.Column("confirmation", sa.Text))
        op.add_column(table, sa.Column("confirmed_by", sa.Text))


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_column(table, "confirmed_by")
        op.drop_column(table, "confirmation")
