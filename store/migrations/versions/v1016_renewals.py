"""Adds to an application the certificate that it renews."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Key

revision = "1016"
down_revision = "1015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No application of before renews one."""
    op.add_column("applications", sa.Column("renews", Key))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("applications", "renews")
