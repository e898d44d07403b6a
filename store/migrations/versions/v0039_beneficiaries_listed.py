"""An index of beneficiaries by where they stand and since when, for the lists of finance officers."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index them."""
    op.create_index("ix_payment_beneficiaries_state_state_at", "payment_beneficiaries", ["state", "state_at", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_payment_beneficiaries_state_state_at", table_name="payment_beneficiaries")
