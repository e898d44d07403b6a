"""What the treasury said of a sanction's budget and when, and an index of the sanctions that something holds back.

Both columns are empty for sanctions of an older release, and an older release leaves them so.
"""

import sqlalchemy as sa
from alembic import op

from store.types import Instant, Key

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

INDEX = "ix_sanctions_held_back"
_HELD_BACK = sa.text("state NOT IN ('ACTIVE', 'ENDED')")


def upgrade() -> None:
    """Add the word and its time, and index the few that are held back."""
    op.add_column("sanctions", sa.Column("budget", Key))
    op.add_column("sanctions", sa.Column("budget_at", Instant))
    columns = ["state", "sanctioned_at", "id"]
    op.create_index(INDEX, "sanctions", columns, sqlite_where=_HELD_BACK, postgresql_where=_HELD_BACK)


def downgrade() -> None:
    """Drop all three."""
    op.drop_index(INDEX, table_name="sanctions")
    op.drop_column("sanctions", "budget_at")
    op.drop_column("sanctions", "budget")
