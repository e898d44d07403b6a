"""Adds the kind of a service, where another body's is applied for, how long a document is valid, and facts' sources."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Json, Key

revision = "1011"
down_revision = "1010"

COLUMNS = ("kind", "hand_over", "validity_months", "fact_sources")


def upgrade() -> None:
    """What they are is not known until the catalogue is imported again."""
    op.add_column("services", sa.Column("kind", Key))
    op.add_column("services", sa.Column("hand_over", Json))
    op.add_column("services", sa.Column("validity_months", sa.Integer))
    op.add_column("services", sa.Column("fact_sources", Json))


def downgrade() -> None:
    """Drop them."""
    for name in COLUMNS:
        op.drop_column("services", name)
