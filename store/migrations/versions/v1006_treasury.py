"""Adds which account an order to the treasury was sent with, and what the treasury has said of it so far."""

import sqlalchemy as sa
from alembic import op

revision = "1006"
down_revision = "1005"


def upgrade() -> None:
    """Null for what an older release sent and heard."""
    op.add_column("instalments", sa.Column("account_sent", sa.Integer))
    op.add_column("payment_enquiries", sa.Column("reached", sa.Text))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("payment_enquiries", "reached")
    op.drop_column("instalments", "account_sent")
