"""The kind and the source of a holiday; what an earlier release wrote has neither, and is read by its district."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Key

revision = "1005"
down_revision = "1004"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("holidays", sa.Column("kind", Key))
    op.add_column("holidays", sa.Column("source", sa.Text))


def downgrade() -> None:
    """Drop the columns; a holiday of six-day offices is one of all offices then."""
    op.drop_column("holidays", "source")
    op.drop_column("holidays", "kind")
