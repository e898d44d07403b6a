"""Marks times of payment that are those of hearing, and has wallet orders that ended unpaid asked about once more."""

import sqlalchemy as sa
from alembic import op

revision = "1002"
down_revision = "1001"


def upgrade() -> None:
    """Add the mark; null means a time that the source told.

    Until now nobody asked about a wallet order after it had ended unpaid, so that each of them is asked about now.
    """
    op.add_column("fee_orders", sa.Column("paid_at_heard", sa.Boolean))
    op.execute(
        "UPDATE fee_orders SET due_at = settled_at"
        " WHERE route = 'CSC_WALLET' AND state IN ('EXPIRED', 'FAILED') AND due_at IS NULL"
    )


def downgrade() -> None:
    """Drop the mark; what is asked about stays so."""
    op.drop_column("fee_orders", "paid_at_heard")
