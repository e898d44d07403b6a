"""The device that takes a pack, how far its signed decisions have come in, and when a decision was signed."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1004"
down_revision = "1003"

_COLUMNS = (
    ("queue_packs", "device_key", sa.Text),
    ("queue_packs", "device_ahead_ms", sa.Integer),
    ("queue_packs", "chain", Key),
    ("queue_packs", "chained_at", Instant),
    ("applications", "signed_at", Instant),
)


def upgrade() -> None:
    """Add the columns; a pack of before has no device, and what was decided before no signature."""
    for table, name, kind in _COLUMNS:
        op.add_column(table, sa.Column(name, kind))


def downgrade() -> None:
    """Drop the columns."""
    for table, name, _ in reversed(_COLUMNS):
        op.drop_column(table, name)
