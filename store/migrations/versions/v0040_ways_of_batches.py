"""By which way the file of a batch went to PFMS, so that it is asked for by no other.

An older release neither writes nor reads it: what it tried has nothing there, and goes by the way of the settings.
"""

from alembic import op
from sqlalchemy import Column

from store.migrations.first.types import Key

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("payment_batches", Column("way", Key, nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("payment_batches", "way")
