"""What the treasury holds for an order that was paid with another amount, and a small index of what no scroll told of.

An older release neither writes nor reads the amount; it may read an order that is to go back for it only until its
gateways are updated, since it does not know that cause.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, text

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_UNSCROLLED = text("scrolled_on IS NULL AND paid_at IS NOT NULL")


def upgrade() -> None:
    """Add the column and the index."""
    op.add_column("fee_orders", Column("taken_paise", BigInteger, nullable=True))
    op.create_index(
        "ix_fee_orders_unscrolled",
        "fee_orders",
        ["route", "paid_at", "id"],
        sqlite_where=_UNSCROLLED,
        postgresql_where=_UNSCROLLED,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_fee_orders_unscrolled", table_name="fee_orders")
    op.drop_column("fee_orders", "taken_paise")
