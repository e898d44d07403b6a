"""Has urgent messages go first."""

import sqlalchemy as sa
from alembic import op

revision = "1021"
down_revision = "1020"
branch_labels = None
depends_on = None

DUE = sa.text("send_at IS NOT NULL")
INDEX, TABLE = "ix_messages_send_at", "messages"


def upgrade() -> None:
    """Messages that wait count as not urgent; they go out in their order."""
    op.add_column(TABLE, sa.Column("is_urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    _make_index("channel", "is_urgent", "send_at")


def downgrade() -> None:
    """Have all go in one order."""
    _make_index("channel", "send_at")
    op.drop_column(TABLE, "is_urgent")


def _make_index(*columns: str) -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, columns, sqlite_where=DUE, postgresql_where=DUE)
