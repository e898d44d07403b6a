"""Has the messages of urgent notices made first."""

import sqlalchemy as sa
from alembic import op

revision = "1024"
down_revision = "1023"
branch_labels = None
depends_on = None

WAITING = sa.text("to_send IS NOT NULL")
INDEX, TABLE = "ix_notices_to_send", "notices"


def upgrade() -> None:
    """Notices that wait count as not urgent."""
    _make_index("to_send", "created_at", "id")


def downgrade() -> None:
    """Have all in one order."""
    _make_index("created_at", "id")


def _make_index(*columns: str) -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, columns, sqlite_where=WAITING, postgresql_where=WAITING)
