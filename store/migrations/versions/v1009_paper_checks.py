"""Adds the papers drawn for districts to look at, when an order was confirmed, and further accounts that wait."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1009"
down_revision = "1008"

ORDERS = ("leaves", "transfers")


def upgrade() -> None:
    """When an order of before was confirmed is not known; no paper was drawn, and no account waits."""
    op.create_table(
        "paper_checks",
        sa.Column("id", Key, sa.ForeignKey("assistances.id"), primary_key=True),
        sa.Column("drawn_at", Instant, nullable=False),
        sa.Column("officer_id", Key),
        sa.Column("seen_at", Instant),
        sa.Column("finding", Key),
        sa.Column("answered_at", Instant),
    )
    for table in ORDERS:
        op.add_column(table, sa.Column("confirmed_at", Instant))


def downgrade() -> None:
    """Drop them."""
    for table in ORDERS:
        op.drop_column(table, "confirmed_at")
    op.drop_table("paper_checks")
