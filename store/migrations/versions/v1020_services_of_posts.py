"""Adds the single services that a post is for."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Json

revision = "1020"
down_revision = "1019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Posts of before are for all services of their departments, as null says."""
    for table in ("postings", "vacancies"):
        op.add_column(table, sa.Column("services", Json))


def downgrade() -> None:
    """Drop them; such posts are then for all services of their departments."""
    for table in ("postings", "vacancies"):
        op.drop_column(table, "services")
