"""Adds to a proposed decision which members of a committee agreed with it, and which did not."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Json

revision = "1012"
down_revision = "1011"
branch_labels = None
depends_on = None

COLUMNS = ("agreed_by", "against")


def upgrade() -> None:
    """Null for every proposal of before, which one other officer answers."""
    for column in COLUMNS:
        op.add_column("second_opinions", sa.Column(column, Json))


def downgrade() -> None:
    """Drop them."""
    for column in COLUMNS:
        op.drop_column("second_opinions", column)
