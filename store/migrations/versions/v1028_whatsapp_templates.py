"""Adds what WhatsApp said last of each registered text."""

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1028"
down_revision = "1027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was said."""
    op.create_table(
        "whatsapp_templates",
        *(sa.Column(name, Key, primary_key=True) for name in ("name", "language")),
        sa.Column("at", Instant, nullable=False),
        *(sa.Column(name, Key) for name in ("status", "quality")),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("whatsapp_templates")
